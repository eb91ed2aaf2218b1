import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DeleteCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, startDatabase, type TestDatabase, table } from './test-table.ts';

let database: TestDatabase;
const faults: unknown[] = [];
const key = (pk: string) => ({ pk, sk: '1' });
const put = (TableName: string, pk: string, rest: object = {}, on = database) =>
  on.documents.send(new PutCommand({ TableName, Item: { ...key(pk), ...rest } }));
const names = (records: readonly DynamoDBRecord[]) => records.map((record) => record.dynamodb?.Keys?.pk?.S);

beforeAll(async () => {
  database = await startDatabase({ onFault: (error) => faults.push(error) });
});
afterAll(() => database.close());

describe('a table’s change feed', () => {
  it('tells inserts, changes and deletes as Lambda gets them', async () => {
    await createTables(database, 'shapes');
    const records: DynamoDBRecord[] = [];
    database.db.onRecords('shapes', (batch) => void records.push(...batch));
    await put('shapes', 'a', { n: 1 });
    await put('shapes', 'a', { n: 2 });
    await put('shapes', 'a', { n: 2 });
    await database.documents.send(new DeleteCommand({ TableName: 'shapes', Key: key('a') }));
    await database.documents.send(new DeleteCommand({ TableName: 'shapes', Key: key('a') }));
    await database.db.settled();
    const [Keys, one, two] = [{ pk: { S: 'a' }, sk: { S: '1' } }, { n: { N: '1' } }, { n: { N: '2' } }];
    const common = {
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    };
    const body = {
      Keys,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      SequenceNumber: expect.stringMatching(/^\d{21}$/),
      SizeBytes: expect.any(Number),
    };
    expect(records).toMatchObject([
      { ...common, eventName: 'INSERT', dynamodb: { ...body, NewImage: { ...Keys, ...one } } },
      { ...common, eventName: 'MODIFY', dynamodb: { ...body, OldImage: { ...Keys, ...one }, NewImage: { ...Keys, ...two } } },
      { ...common, eventName: 'REMOVE', dynamodb: { ...body, OldImage: { ...Keys, ...two } } },
    ]);
    expect(records.map((record) => [Boolean(record.dynamodb?.NewImage), Boolean(record.dynamodb?.OldImage)])).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
    const [first] = records;
    expect(first?.eventSourceARN).toMatch(/^arn:aws:dynamodb:us-east-1:000000000000:table\/shapes\/stream\/\d{4}-/);
    expect(Math.abs((first?.dynamodb?.ApproximateCreationDateTime ?? 0) - database.clock.now() / 1000)).toBeLessThan(5);
  });

  it('keeps the order of commits over plain writes, batches and transactions', async () => {
    await createTables(database, 'ordered');
    const records: DynamoDBRecord[] = [];
    database.db.onRecords('ordered', (batch) => void records.push(...batch), { batchSize: 7 });
    const add = (pk: string) => ({
      TableName: 'ordered',
      Key: key(pk),
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': 1 },
    });
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => [
        database.documents.send(new UpdateCommand(add('counter'))),
        database.documents.send(new TransactWriteCommand({ TransactItems: [{ Update: add('counter') }, { Update: add(`own${n}`) }] })),
        database.documents.send(new BatchWriteCommand({ RequestItems: { ordered: [{ PutRequest: { Item: key(`batch${n}`) } }] } })),
      ]).flat(),
    );
    await database.db.settled();
    expect(records).toHaveLength(160);
    const sequence = records.map((record) => record.dynamodb?.SequenceNumber ?? '');
    expect(sequence).toEqual(sequence.toSorted());
    const counted = records
      .filter((record) => record.dynamodb?.Keys?.pk?.S === 'counter')
      .map((record) => Number(record.dynamodb?.NewImage?.n?.N));
    expect(counted).toEqual(Array.from({ length: 80 }, (_, n) => n + 1));
  });

  it('says nothing of a transaction that was cancelled', async () => {
    await createTables(database, 'cancelled');
    const records: DynamoDBRecord[] = [];
    database.db.onRecords('cancelled', (batch) => void records.push(...batch));
    const items = [
      { Put: { TableName: 'cancelled', Item: key('a') } },
      { ConditionCheck: { TableName: 'cancelled', Key: key('b'), ConditionExpression: 'attribute_exists(pk)' } },
    ];
    await expect(database.documents.send(new TransactWriteCommand({ TransactItems: items }))).rejects.toThrow();
    await put('cancelled', 'c');
    await database.db.settled();
    expect(names(records)).toEqual(['c']);
  });

  it('tells only what the stream’s view type has, and nothing without a stream', async () => {
    const records: DynamoDBRecord[] = [];
    for (const StreamViewType of ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE'] as const) {
      await database.client.send(
        new CreateTableCommand(table(StreamViewType, { StreamSpecification: { StreamEnabled: true, StreamViewType } })),
      );
    }
    await database.client.send(new CreateTableCommand(table('silent', { StreamSpecification: { StreamEnabled: false } })));
    for (const name of ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'silent']) {
      database.db.onRecords(name, (batch) => void records.push(...batch));
      await put(name, 'a', { n: 1 });
      await put(name, 'a', { n: 2 });
    }
    await database.db.settled();
    const shown = records.map(({ dynamodb }) => [dynamodb?.StreamViewType, dynamodb?.OldImage?.n?.N, dynamodb?.NewImage?.n?.N]);
    expect(shown.sort()).toEqual(
      [
        ['KEYS_ONLY', undefined, undefined],
        ['KEYS_ONLY', undefined, undefined],
        ['NEW_IMAGE', undefined, '1'],
        ['NEW_IMAGE', undefined, '2'],
        ['OLD_IMAGE', undefined, undefined],
        ['OLD_IMAGE', '1', undefined],
      ].sort(),
    );
  });

  it('brings the same records again until the listener takes them', async () => {
    await createTables(database, 'refused');
    const batches: unknown[][] = [];
    const refusal = new Error('not now');
    database.db.onRecords('refused', (batch) => {
      batches.push(names(batch));
      if (batches.length < 3) throw refusal;
    });
    await put('refused', 'a');
    const settled = database.db.settled();
    const isWaiting = (tries: number) => batches.length === tries && faults.filter((fault) => fault === refusal).length === tries;
    for (const tries of [1, 2]) {
      while (!isWaiting(tries)) await new Promise((resolve) => setImmediate(resolve));
      database.clock.advance(10);
    }
    await settled;
    expect(batches).toEqual([['a'], ['a'], ['a']]);
  });

  it('keeps a place for each consumer', async () => {
    await createTables(database, 'shared');
    const seen: Record<string, unknown[]> = { outbox: [], audit: [] };
    const listen = (consumer: string) =>
      database.db.onRecords('shared', (batch) => void seen[consumer]?.push(...names(batch)), { consumer });
    listen('outbox');
    const stop = listen('audit');
    expect(() => listen('audit')).toThrow('audit already reads the stream of shared');
    await put('shared', 'a');
    await database.db.settled();
    stop();
    await put('shared', 'b');
    await database.db.settled();
    expect(seen).toEqual({ outbox: ['a', 'b'], audit: ['a'] });
    listen('audit');
    await database.db.settled();
    expect(seen).toEqual({ outbox: ['a', 'b'], audit: ['a', 'b'] });
  });

  it('keeps a day of records for a consumer that is not there', async () => {
    await createTables(database, 'trimmed');
    await put('trimmed', 'old');
    database.clock.advance(23 * 3600);
    await put('trimmed', 'young');
    database.clock.advance(2 * 3600);
    await database.db.settled();
    const seen: unknown[] = [];
    database.db.onRecords('trimmed', (batch) => void seen.push(...names(batch)));
    await database.db.settled();
    expect(seen).toEqual(['young']);
  });

  it('starts anew with a table made again under the same name', async () => {
    await createTables(database, 'again');
    const stop = database.db.onRecords('again', () => {});
    await put('again', 'first life');
    stop();
    await database.client.send(new DeleteTableCommand({ TableName: 'again' }));
    await createTables(database, 'again');
    await put('again', 'second life');
    const seen: unknown[] = [];
    database.db.onRecords('again', (batch) => void seen.push(...names(batch)));
    await database.db.settled();
    expect(seen).toEqual(['second life']);
  });

  it('brings what was not taken before a restart, and not what was', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-feed-')), 'dynamodb');
    const before = await startDatabase({ path });
    await createTables(before, 'kept');
    await put('kept', 'taken', {}, before);
    const stop = before.db.onRecords('kept', () => {});
    await before.db.settled();
    stop();
    await put('kept', 'b', {}, before);
    await put('kept', 'c', {}, before);
    await before.close();
    const again = await startDatabase({ path });
    const seen: DynamoDBRecord[] = [];
    again.db.onRecords('kept', (batch) => void seen.push(...batch));
    await put('kept', 'd', {}, again);
    await again.db.settled();
    await again.close();
    expect(names(seen)).toEqual(['b', 'c', 'd']);
    expect(new Set(seen.map((record) => record.dynamodb?.SequenceNumber)).size).toBe(3);
  });
});
