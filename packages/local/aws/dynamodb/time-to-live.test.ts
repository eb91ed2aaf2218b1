import { DescribeTimeToLiveCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, startDatabase, type TestDatabase } from './test-table.ts';

let database: TestDatabase;
const records: DynamoDBRecord[] = [];
const inSeconds = (seconds: number) => Math.floor(database.clock.now() / 1000) + seconds;
const put = (pk: string, rest: object) =>
  database.documents.send(new PutCommand({ TableName: 'sessions', Item: { pk, sk: '1', ...rest } }));
const isThere = async (pk: string) =>
  Boolean((await database.documents.send(new GetCommand({ TableName: 'sessions', Key: { pk, sk: '1' } }))).Item);
const switchTtl = (Enabled: boolean, AttributeName = 'expires_at') =>
  database.client.send(new UpdateTimeToLiveCommand({ TableName: 'sessions', TimeToLiveSpecification: { AttributeName, Enabled } }));

beforeAll(async () => {
  database = await startDatabase();
  await createTables(database, 'sessions');
  database.db.onRecords('sessions', (batch) => void records.push(...batch));
  await put('from before', { expires_at: inSeconds(50) });
  await switchTtl(true);
});
afterAll(() => database.close());

describe('time to live', () => {
  it('is described as it was switched', async () => {
    expect((await database.client.send(new DescribeTimeToLiveCommand({ TableName: 'sessions' }))).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expires_at',
    });
    await expect(switchTtl(true)).rejects.toMatchObject({ name: 'ValidationException', message: 'TimeToLive is already enabled' });
    await expect(switchTtl(false, 'other')).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('deletes what stack time has passed, when the clock is moved and nothing else is done', async () => {
    await put('short', { expires_at: inSeconds(100), gsi1pk: 'sessions', gsi1sk: '1' });
    await put('long', { expires_at: inSeconds(10_000) });
    await put('for ever', {});
    await put('not a time', { expires_at: 'soon' });
    await put('ancient', { expires_at: inSeconds(-6 * 365 * 86_400) });
    database.clock.advance(200);
    await database.db.settled();
    const names = ['from before', 'short', 'long', 'for ever', 'not a time', 'ancient'];
    expect(await Promise.all(names.map(isThere))).toEqual([false, false, true, true, true, true]);
    const query = { KeyConditionExpression: 'gsi1pk = :p', ExpressionAttributeValues: { ':p': 'sessions' } };
    expect((await database.documents.send(new QueryCommand({ TableName: 'sessions', IndexName: 'gsi1', ...query }))).Count).toBe(0);
  });

  it('marks its deletes as the service’s on the stream, and a person’s delete not', async () => {
    await put('mine', {});
    await database.documents.send(new DeleteCommand({ TableName: 'sessions', Key: { pk: 'mine', sk: '1' } }));
    await database.db.settled();
    const removed = (pk: string) => records.find((record) => record.eventName === 'REMOVE' && record.dynamodb?.Keys?.pk?.S === pk);
    expect(removed('short')).toMatchObject({
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: { OldImage: { pk: { S: 'short' } } },
    });
    expect(removed('mine')?.userIdentity).toBeUndefined();
  });

  it('spares an item that was given more time', async () => {
    await put('extended', { expires_at: inSeconds(30) });
    await database.documents.send(
      new UpdateCommand({
        TableName: 'sessions',
        Key: { pk: 'extended', sk: '1' },
        UpdateExpression: 'SET expires_at = :later',
        ExpressionAttributeValues: { ':later': inSeconds(5000) },
      }),
    );
    database.clock.advance(100);
    expect(await database.db.sweepExpired()).toBe(0);
    expect(await isThere('extended')).toBe(true);
    database.clock.advance(5000);
    await database.db.settled();
    expect(await isThere('extended')).toBe(false);
  });

  it('deletes nothing once it is switched off', async () => {
    await put('kept', { expires_at: inSeconds(10) });
    await switchTtl(false);
    database.clock.advance(100);
    expect(await database.db.sweepExpired()).toBe(0);
    expect(await isThere('kept')).toBe(true);
    await expect(switchTtl(false)).rejects.toMatchObject({ message: 'TimeToLive is already disabled' });
  });
});
