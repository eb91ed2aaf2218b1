/** The drill of the runbook: a table's rows are lost, it is restored to the second before, and everything is as it was. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import {
  DeleteItemCommand,
  DynamoDBClient,
  paginateScan,
  RestoreTableToPointInTimeCommand,
  UpdateContinuousBackupsCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { logsBody, requestRecord } from '@gatehouse/usage/exporter.fixture';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';

const table = 'gatehouse-local-usage';
const restored = `${table}-restored`;
const main = path.join(import.meta.dirname, '../../stacks/restore.main.ts');

let stack: Stack;
let alice: Person;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  stack = await startStack();
  dynamodb = new DynamoDBClient({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } });
  alice = await stack.as('alice@example.com');
});
afterAll(() => stack.stop());

async function clock(): Promise<number> {
  const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
  return Date.parse(now);
}

async function used(sequence: number): Promise<void> {
  const body = logsBody([requestRecord({ at: await clock(), sequence, tokens: { input: 1000, output: 500 } })]);
  const sent = await alice.fetch('/v1/logs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(sent.status).toBe(200);
  await stack.settled();
}

async function spent(): Promise<number> {
  const { rows } = (await (await alice.fetch('/v1/usage')).json()) as { rows: { amount_micros: number }[] };
  return rows.reduce((sum, { amount_micros }) => sum + amount_micros, 0);
}

it('a table whose rows were lost is as it was at the second before', async () => {
  // Every deployed table has it (test/structure/data.test.ts); here it costs a start its time, and is asked for.
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification }));
  await used(1);
  const before = await spent();
  expect(before).toBeGreaterThan(0);
  await stack.advance(600);
  const at = new Date(Math.floor((await clock()) / 1000) * 1000);

  await stack.advance(60);
  for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName: table }))
    for (const { pk, sk } of Items) if (pk && sk) await dynamodb.send(new DeleteItemCommand({ TableName: table, Key: { pk, sk } }));
  expect(await spent()).toBe(0);
  await stack.advance(600);

  await dynamodb.send(new RestoreTableToPointInTimeCommand({ SourceTableName: table, TargetTableName: restored, RestoreDateTime: at }));
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName: restored });
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: stack.aws,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'me',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  const copy = spawn(process.execPath, [main, '--from', restored, '--to', table], { env, stdio: 'ignore' });
  expect(await once(copy, 'exit')).toEqual([0, null]);
  await stack.settled();
  expect(await spent()).toBe(before);

  await used(2);
  expect(await spent(), 'what came in since counts on').toBe(2 * before);
});
