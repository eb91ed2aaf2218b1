/**
 * P2: a sweep of 100,000 people against the directory API and the table of the embedded stack: wall time, calls of the directory and the heap of the
 * sweeping function. Nobody has changed but a hundred leavers and a hundred joiners, whom each sweep is to find. Okta's own limit adds its time to this.
 */
import { Worker } from 'node:worker_threads';
import { identity } from '@gatehouse/contracts/records/identity';
import { peopleIndex, person } from '@gatehouse/contracts/records/person';
import { createSecretsManager } from '../../packages/local/aws/secrets-manager.ts';
import { createIdp, type Idp } from '../../packages/local/idp/create-idp.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { atMost, type Measure } from './figure.ts';
import type { SweepResult, SweepTask } from './sweep-worker.ts';

const people = 100_000;
const changed = 100;
const rounds = 3;
const token = 'directory-reader-token';
/** What Lambda gives the function in all is 1,024 MB. */
const heapLimitMb = 512;
/** The schedule's interval, less what the function leaves for its end. */
const limitSeconds = 810;

export const measure: Measure = async (say) => {
  const aws = await startAws((clock) => [createSecretsManager({ clock })]);
  const idp = await createIdp({
    port: 0,
    clock: aws.clock,
    emit: () => {},
    directoryToken: token,
    redirectUris: [],
    rateMultiplier: 1_000,
  });
  let asked = 0;
  idp.server.on('request', () => asked++);
  try {
    const table = await aws.table('people');
    const tokenArn = await secret(aws);
    for (const one of [...idp.directory.people()]) idp.directory.remove(one);
    const everybody = Array.from(
      { length: people },
      (_, at) => idp.directory.create({ email: `p${at}@example.com`, name: `P ${at}`, active: true, groups: [] }).person,
    );
    await record(aws, idp, table, everybody);
    say(`${people} people in the directory and on record`);
    const seconds: number[] = [];
    const heap: number[] = [];
    const calls: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const one of everybody.splice(0, changed)) idp.directory.update(one, { active: false });
      for (let at = 0; at < changed; at++)
        idp.directory.create({ email: `new${round}-${at}@example.com`, name: 'New', active: true, groups: [] });
      asked = 0;
      const result = await sweepOnce({ table, issuer: idp.issuer, tokenArn, env: awsEnv() });
      const { swept } = result;
      if (swept.changed !== changed || swept.joined !== changed || swept.refused !== undefined || swept.waiting !== 0)
        throw new Error(`The sweep found something else: ${JSON.stringify(swept)}`);
      seconds.push(result.seconds);
      heap.push(result.heapMb);
      calls.push(asked);
      say(
        `${swept.listed} listed, ${swept.known} known, ${asked} calls of the directory, ${result.heapMb.toFixed(0)} MB of heap, ${result.seconds.toFixed(1)} s`,
      );
    }
    return {
      P2a: atMost(limitSeconds, 's a sweep of 100,000 people', seconds),
      P2b: atMost(heapLimitMb, 'MB of heap at most', heap),
      P2c: atMost(people / 200 + 2 * 2 * changed + 10, 'calls of the directory', calls),
    };
  } finally {
    await idp.close();
    await aws.close();
  }
};

function sweepOnce(task: SweepTask): Promise<SweepResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('sweep-worker.ts', import.meta.url), {
      workerData: task,
      env: { ...process.env, ...task.env },
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
    });
    worker.once('message', (result: SweepResult) => {
      void worker.terminate();
      resolve(result);
    });
    worker.once('error', reject);
  });
}

function awsEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[0].startsWith('AWS_') && entry[1] !== undefined),
  );
}

async function secret({ url }: TestAws): Promise<string> {
  const made = await fetch(url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name: 'directory-token', SecretString: token }),
  });
  return ((await made.json()) as { ARN: string }).ARN;
}

/** As if each had been settled a moment ago. */
async function record(
  { dynamodb }: TestAws,
  { issuer }: Idp,
  table: string,
  everybody: readonly { id: string; email: string; name: string }[],
): Promise<void> {
  const { marshall } = await import('@aws-sdk/util-dynamodb');
  const readAt = new Date(Date.now() - 60_000).toISOString();
  const rows = everybody.flatMap(({ id: subject, email, name }, at) => {
    const id = `per_${String(at).padStart(25, '0')}${'0123456789abcdefghjkmnpqrstvwxyz'[at % 32]}`;
    const row = {
      id,
      status: 'active',
      email,
      name,
      groups: [],
      generation: 1,
      hold: false,
      subjects: [{ issuer, subject }],
      read_at: readAt,
      version: 1,
    };
    return [
      { ...person.key(id), ...peopleIndex(id), ...row },
      { ...identity.key(issuer, subject), person: id, issuer, subject },
    ];
  });
  for (let from = 0; from < rows.length; from += 25)
    await dynamodb.call('BatchWriteItem', {
      RequestItems: { [table]: rows.slice(from, from + 25).map((row) => ({ PutRequest: { Item: marshall(row) } })) },
    });
}
