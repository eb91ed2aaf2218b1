/** Proves point-in-time recovery on the stack clock, also over a restart and against a plain history of the table. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeContinuousBackupsCommand,
  RestoreTableToPointInTimeCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, ScanCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, startDatabase, type TestDatabase } from './test-table.ts';

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recovery-'));
const path = join(folder, 'dynamodb');
const TableName = 'source';

beforeAll(async () => {
  database = await startDatabase({ path });
  await createTables(database, TableName);
  await put('before', 0);
  await enable(true);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

const put = (sk: string, n: number) => database.documents.send(new PutCommand({ TableName, Item: { pk: 'p', sk, n } }));
const enable = (PointInTimeRecoveryEnabled: boolean, more: object = {}) =>
  database.client.send(
    new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled, ...more } }),
  );
async function recovery() {
  const { ContinuousBackupsDescription } = await database.client.send(new DescribeContinuousBackupsCommand({ TableName }));
  return ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
}
async function contents(table: string): Promise<Record<string, number>> {
  const { Items = [] } = await database.documents.send(new ScanCommand({ TableName: table }));
  return Object.fromEntries(Items.map(({ sk, n }) => [sk, n]));
}
const restore = (TargetTableName: string, time?: number) =>
  database.client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: TableName,
      TargetTableName,
      ...(time === undefined ? { UseLatestRestorableTime: true } : { RestoreDateTime: new Date(time) }),
    }),
  );

describe('point-in-time recovery', () => {
  it('makes a new table as the old one was at every moment of its past', async () => {
    const past: { time: number; was: Record<string, number> }[] = [];
    const key = { pk: 'p', sk: 'a' };
    const steps = [
      () => put('a', 1),
      () =>
        database.documents.send(
          new UpdateCommand({ TableName, Key: key, UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': 1 } }),
        ),
      () =>
        database.documents.send(
          new TransactWriteCommand({
            TransactItems: [{ Delete: { TableName, Key: key } }, { Put: { TableName, Item: { pk: 'p', sk: 'b', n: 3 } } }],
          }),
        ),
      () => put('a', 4),
      () => database.documents.send(new DeleteCommand({ TableName, Key: { pk: 'p', sk: 'before' } })),
    ];
    for (const step of steps) {
      await step();
      // SDKs send whole seconds.
      database.clock.advance(2);
      past.push({ time: Math.floor(database.clock.now() / 1000) * 1000, was: await contents(TableName) });
      database.clock.advance(2);
    }
    database.clock.advance(300);
    for (const [index, { time, was }] of past.entries()) {
      const { TableDescription } = await restore(`past-${index}`, time);
      expect(TableDescription?.RestoreSummary?.RestoreDateTime).toEqual(new Date(time));
      expect(await contents(`past-${index}`)).toEqual(was);
    }
  });

  it('tells how far it reaches: not into the last five minutes, nor behind the day it was switched on', async () => {
    const { EarliestRestorableDateTime: earliest, LatestRestorableDateTime: latest } = (await recovery()) ?? {};
    expect(database.clock.now() - (latest?.getTime() ?? 0)).toBeGreaterThanOrEqual(300_000);
    const now = database.clock.now();
    await expect(restore('too-early', (earliest?.getTime() ?? 0) - 2000)).rejects.toMatchObject({ name: 'InvalidRestoreTimeException' });
    await expect(restore('too-late', now)).rejects.toMatchObject({ name: 'InvalidRestoreTimeException' });
    await put('late', 1);
    await restore('latest');
    expect(await contents('latest')).not.toHaveProperty('late');
  });

  it('goes on over a restart', async () => {
    const time = Math.floor(database.clock.now() / 1000) * 1000 + 1000;
    database.clock.advance(2);
    const was = await contents(TableName);
    const ahead = database.clock.offset() / 1000;
    await database.close();
    database = await startDatabase({ path });
    database.clock.advance(ahead + 1);
    await put('after restart', 1);
    database.clock.advance(301);
    await restore('over-a-restart', time);
    expect(await contents('over-a-restart')).toEqual(was);
  });

  it('forgets what lies before its period', async () => {
    await enable(true, { RecoveryPeriodInDays: 1 });
    database.clock.advance(2 * 86_400);
    await database.db.sweepExpired();
    const { EarliestRestorableDateTime: earliest } = (await recovery()) ?? {};
    expect(database.clock.now() - (earliest?.getTime() ?? 0)).toBeLessThan(86_402_000);
    await restore('a-day-ago', Math.ceil((earliest?.getTime() ?? 0) / 1000) * 1000);
    expect(await contents('a-day-ago')).toEqual(await contents(TableName));
  });

  it('is unavailable where it is off', async () => {
    await enable(false);
    expect((await recovery())?.PointInTimeRecoveryStatus).toBe('DISABLED');
    await expect(restore('never')).rejects.toMatchObject({ name: 'PointInTimeRecoveryUnavailableException' });
    await expect(enable(true, { RecoveryPeriodInDays: 36 })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
