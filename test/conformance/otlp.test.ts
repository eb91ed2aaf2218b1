import { gzipSync } from 'node:zlib';
import { spendPk } from '@gatehouse/ledger/rows';
import { query } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SignedIn, startCompany } from '../../packages/policy/signed-in.fixture.ts';
import { call, type Entry, logsBody, metricsBody, requestRecord, tokenPoint } from '../../packages/usage/exporter.fixture.ts';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let table: string;
let handler: Entry;
let somebody: SignedIn;
let signIn: () => Promise<SignedIn>;
let people = 0;
const lines: string[] = [];

beforeAll(async () => {
  aws = await startAws();
  const company = await startCompany(aws);
  table = await aws.table('usage');
  Object.assign(process.env, { TABLE_USAGE: table, CONFIG: '{}' });
  ({ handler } = await import('../../packages/usage/ingest.lambda.ts'));
  signIn = () => company.signIn(`person-${people++}`, ['engineering']);
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
beforeEach(async () => {
  lines.length = 0;
  somebody = await signIn();
});
afterAll(() => aws.close());

const json = { 'Content-Type': 'application/json' };
const at = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;

async function spent(person = somebody.id) {
  const rows = await query(table, spendPk(person));
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);
  return {
    micros: sum('amount_micros'),
    input: sum('input'),
    output: sum('output'),
    write5m: sum('cache_write_5m'),
    write1h: sum('cache_write_1h'),
  };
}

const send = (path: `/v1/${string}`, body: unknown, headers: Record<string, string> = json, token = somebody.token) =>
  call(handler, `POST ${path}`, { token, headers, body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) });

describe('POST /v1/metrics in JSON', () => {
  it('bills the tokens of a delta counter to the person of the token', async () => {
    const body = metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 }), tokenPoint({ at, type: 'output', tokens: 100 })]);
    const told = await send('/v1/metrics', body);
    expect(told).toMatchObject({ status: 200, text: '{}', headers: { 'content-type': 'application/json' } });
    expect(await spent()).toMatchObject({ micros: 1000 * 5 + 100 * 25, input: 1000, output: 100 });
  });
  it('changes nothing when the same body comes again, or in another order', async () => {
    const points = [tokenPoint({ at, type: 'input', tokens: 1000 }), tokenPoint({ at, type: 'output', tokens: 100 })];
    for (const some of [points, points, [...points].reverse(), points.slice(1)]) await send('/v1/metrics', metricsBody(some));
    expect(await spent()).toMatchObject({ micros: 7500 });
  });
  it('says on stdout what was spent, with few dimensions', async () => {
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 })]));
    const rows = lines.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line));
    expect(rows.find((row) => 'SpendMicros' in row)).toMatchObject({
      SpendMicros: 5000,
      model: 'claude-opus-4-8',
      route: 'anthropic',
      person: somebody.id,
    });
    expect(rows.find((row) => 'IngestRequests' in row)).toMatchObject({ IngestRequests: 1, DuplicateBatches: 0 });
  });
  it('counts only the growth of a cumulative counter, in any order', async () => {
    const start = { raw: { startTimeUnixNano: `${at - 180_000}000000` } };
    const points = [300, 100, 200].map((tokens, index) =>
      tokenPoint({ at: at - [0, 120_000, 60_000][index]!, type: 'input', tokens, ...start }),
    );
    for (const point of [points[1], points[0], points[2], points[0]])
      expect((await send('/v1/metrics', metricsBody([point!], 2))).status).toBe(200);
    expect(await spent()).toMatchObject({ input: 300 });
  });
});

describe('POST /v1/logs in JSON', () => {
  it('bills a request event with both lifetimes of cache writes', async () => {
    const tokens = { input: 10, output: 20, cacheCreation: 300, cache5m: 100, cache1h: 200 };
    expect((await send('/v1/logs', logsBody([requestRecord({ at, sequence: 1, tokens })]))).status).toBe(200);
    expect(await spent()).toEqual({ micros: 10 * 5 + 20 * 25 + 100 * 6.25 + 200 * 10, input: 10, output: 20, write5m: 100, write1h: 200 });
  });
  it('bills the event and not the metric that speaks of it too', async () => {
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 })]));
    await send('/v1/logs', logsBody([requestRecord({ at: at - 30_000, sequence: 1, tokens: { input: 1000 } })]));
    expect(await spent()).toMatchObject({ micros: 5000, input: 1000 });
  });
});

describe('the envelope', () => {
  const body = () => metricsBody([tokenPoint({ at, type: 'input', tokens: 7 })]);
  it('is taken with gzip, whether a header says so or not', async () => {
    expect((await send('/v1/metrics', gzipSync(JSON.stringify(body())), { ...json, 'Content-Encoding': 'gzip' })).status).toBe(200);
    expect((await send('/v1/metrics', gzipSync(JSON.stringify(body())))).status).toBe(200);
    expect(await spent()).toMatchObject({ input: 7 });
  });
  it('is refused without a token, in the sender’s encoding', async () => {
    const told = await call(handler, 'POST /v1/metrics', { headers: json, body: '{}' });
    expect(told).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(JSON.parse(told.text)).toMatchObject({ code: 16 });
  });
});
