/**
 * Sends seeded exports through the ingest function against a DynamoDB that is killed in the middle of commits, until all were taken, and says how far the
 * ledger is from what the senders reckon. A process of its own: arguments are the number of exports and a seed; progress and the tally leave by IPC.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { signingKey } from '@gatehouse/contracts/records/signing-key';
import { signingInput } from '@gatehouse/core/access-token';
import { spendPk, usedPk } from '@gatehouse/ledger/rows';
import { changedDays } from '@gatehouse/ledger/used';
import { freshId } from '@gatehouse/runtime/clock';
import { put, query } from '@gatehouse/runtime/table';
import { call, type Entry } from '@gatehouse/usage/exporter.fixture';
import { type Export, seeded, traffic } from './exports.ts';
import type { ExportTally } from './exports-tally.ts';

const atOnce = 12;
/** A life of the store has at most about this many transactions: more exports need more kills, not longer lives. */
const longestLife = 667;
const publicUrl = 'https://gatehouse.example.com';
const tables = { TABLE_ACCESS: 'bench-access', TABLE_PEOPLE: 'bench-people', TABLE_USAGE: 'bench-usage' };

const [count = 0, seed = 0] = process.argv.slice(2).map(Number);
const random = seeded(seed + 1);
const folder = await mkdtemp(join(tmpdir(), 'gatehouse-exports-'));
const tally: ExportTally = { sent: 0, kills: 0, killed: 0, comeBack: 0, errorMicros: 0, seconds: 0 };

let port = '0';
let store: ChildProcess;
let up: Promise<void>;

/** Serves the folder again and again: until one of a hundred exports was killed, each life ends at a seeded transaction. */
function serve(): void {
  const enough = tally.killed * 100 >= count;
  const dieAt = enough ? 0 : 40 + Math.floor(random() * Math.min(longestLife, Math.max(20, count / 15)));
  const script = fileURLToPath(new URL('./store-process.ts', import.meta.url));
  store = spawn(process.execPath, [script, join(folder, 'dynamodb'), port, String(dieAt)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  up = new Promise((resolve) => {
    createInterface({ input: store.stdout! }).on('line', (line) => {
      const [word, value = ''] = line.split(' ');
      if (word === 'killed') tally.killed += Number(value);
      if (word === 'up') {
        port = value;
        resolve();
      }
    });
    store.once('exit', (code) => {
      if (stopping) return;
      if (code !== null) throw new Error(`The store ended with ${code}: only a kill ends it here`);
      tally.kills++;
      serve();
    });
  });
}
let stopping = false;

function say(line: string): void {
  process.send?.({ line });
}

serve();
await up!;
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
Object.assign(process.env, {
  ...tables,
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  LOG_LEVEL: 'SILENT',
  PUBLIC_URL: publicUrl,
  CONFIG: '{}',
});
for (const table of Object.values(tables)) await createTable(table);
const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };
const key = { kid: 'bench', state: 'current', jwk, key_arn: 'arn:aws:kms:bench', created_at: '2026-11-22T09:00:00.000Z' };
await put(tables.TABLE_ACCESS, { ...signingKey.key('bench'), ...key });
const { handler }: { handler: Entry } = await import('@gatehouse/usage/ingest.lambda');

const { exports, people, truth } = traffic(count, seed, Date.now());
const ids = Array.from({ length: people }, () => freshId('per'));
const began = performance.now();
await sendAll(exports);
tally.seconds = (performance.now() - began) / 1000;
tally.errorMicros = await errorOf();
stopping = true;
store!.kill();
await rm(folder, { recursive: true, force: true });
process.send?.({ tally });
process.disconnect();
process.exit();

async function sendAll(all: readonly Export[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let one = all[next++]; one; one = all[next++]) {
      await send(one);
      if (++tally.sent % 1_000 === 0)
        say(
          `${tally.sent} of ${all.length} exports, ${tally.kills} kills, ${tally.killed} transactions killed, ${Math.round((performance.now() - began) / 1000)} s`,
        );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** As an exporter does, but for longer: a 503 is sent again, anything else but 200 is a failure of this bench. */
async function send({ person, path, type, body }: Export): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    await up;
    const { status, text } = await call(handler, `POST ${path}`, {
      token: tokenOf(ids[person] ?? ''),
      headers: { 'Content-Type': type },
      body,
    });
    if (status === 200 && (text === '' || text === '{}')) return;
    if (status !== 503) throw new Error(`${path} answered ${status}: ${text}`);
    tally.comeBack++;
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 200));
  }
  throw new Error(`${path} was not taken in 200 tries`);
}

function tokenOf(person: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: publicUrl, aud: publicUrl, sub: person, client_id: 'claude_code', iat, exp: iat + 3_600, jti: 'bench' };
  const input = signingInput('bench', { ...claims, sid: freshId('ses'), epoch: 1, auth_time: iat, scope: 'otlp' });
  return `${input}.${sign('sha256', Buffer.from(input), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** How far counters and budgets are from the senders' own sums, without signs. */
async function errorOf(): Promise<number> {
  let error = 0;
  for (const [person, id] of ids.entries()) {
    const spent = (await query(tables.TABLE_USAGE, spendPk(id))).reduce((sum, row) => sum + Number(row.amount_micros), 0);
    const months = await query(tables.TABLE_USAGE, usedPk(id));
    const used = months.flatMap((row) => changedDays(undefined, row)).reduce((sum, { micros }) => sum + micros, 0);
    const expected = Math.round(truth[person] ?? 0);
    error += Math.abs(spent - expected) + Math.abs(used - expected);
  }
  return error;
}

async function createTable(TableName: string): Promise<void> {
  const indexed = { IndexName: 'gsi1', Projection: { ProjectionType: 'ALL' } };
  const keySchema = (pk: string, sk: string) => [
    { AttributeName: pk, KeyType: 'HASH' },
    { AttributeName: sk, KeyType: 'RANGE' },
  ];
  const answer = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'x-amz-target': 'DynamoDB_20120810.CreateTable', 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keySchema('pk', 'sk'),
      GlobalSecondaryIndexes: [{ ...indexed, KeySchema: keySchema('gsi1pk', 'gsi1sk') }],
    }),
  });
  if (!answer.ok) throw new Error(`The table was not made: ${await answer.text()}`);
}
