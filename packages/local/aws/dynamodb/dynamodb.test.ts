import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTableCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDynalite } from './dynalite.ts';
import { createTables, startDatabase, type TestDatabase, table } from './test-table.ts';

let database: TestDatabase;
const send: TestDatabase['documents']['send'] = (...args: unknown[]) =>
  // The client's send is overloaded; the arguments are passed on as they come.
  (database.documents.send as (...all: unknown[]) => never)(...args);

beforeAll(async () => {
  database = await startDatabase();
  await createTables(database, 'rows');
});
afterAll(() => database.close());

describe('tables', () => {
  it('are ready when CreateTable returns, and described with stack time and their stream', async () => {
    database.clock.advance(86_400);
    const created = await database.client.send(new CreateTableCommand(table('made')));
    expect(created.TableDescription?.TableStatus).toBe('CREATING');
    const { Table } = await database.client.send(new DescribeTableCommand({ TableName: 'made' }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/made',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      LatestStreamArn: expect.stringMatching(/^arn:aws:dynamodb:us-east-1:000000000000:table\/made\/stream\/20\d\d-.*T[\d:.]+$/),
    });
    expect(Math.abs((Table?.CreationDateTime?.getTime() ?? 0) - database.clock.now())).toBeLessThan(5000);
    await expect(database.client.send(new CreateTableCommand(table('made')))).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await database.client.send(new DeleteTableCommand({ TableName: 'made' }));
    expect((await database.client.send(new ListTablesCommand({}))).TableNames).toEqual(['rows']);
    await expect(send(new GetCommand({ TableName: 'made', Key: { pk: 'a', sk: 'b' } }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('carry tags', async () => {
    const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/rows';
    await database.client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'stage', Value: 'test' }] }));
    expect((await database.client.send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags).toEqual([{ Key: 'stage', Value: 'test' }]);
  });

  it('answer an operation that is not there by name', async () => {
    await expect(database.client.send(new DescribeKinesisStreamingDestinationCommand({ TableName: 'rows' }))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    });
    await expect(database.db.call('ExecuteStatement', {})).rejects.toMatchObject({
      type: 'UnknownOperationException',
      message: 'DynamoDB ExecuteStatement is not in the embedded stack',
    });
  });
});

describe('items', () => {
  it('are put, read, changed and deleted', async () => {
    const Key = { pk: 'person#1', sk: 'gate' };
    const Item = { ...Key, n: 1, list: [1, 'two', { three: null }], set: new Set(['a', 'b']), bytes: Uint8Array.of(1, 2) };
    await send(new PutCommand({ TableName: 'rows', Item }));
    expect((await send(new GetCommand({ TableName: 'rows', Key, ConsistentRead: true }))).Item).toEqual(Item);
    const updated = await send(
      new UpdateCommand({
        TableName: 'rows',
        Key,
        UpdateExpression: 'SET #n = #n + :two REMOVE #l',
        ExpressionAttributeNames: { '#n': 'n', '#l': 'list' },
        ExpressionAttributeValues: { ':two': 2 },
        ReturnValues: 'ALL_NEW',
      }),
    );
    expect(updated.Attributes).toMatchObject({ n: 3 });
    const deleted = await send(new DeleteCommand({ TableName: 'rows', Key, ReturnValues: 'ALL_OLD' }));
    expect(deleted.Attributes).toMatchObject({ n: 3 });
    expect((await send(new GetCommand({ TableName: 'rows', Key }))).Item).toBeUndefined();
  });

  it('that fail a condition come with the error when they were asked for', async () => {
    const Key = { pk: 'conditions', sk: '1' };
    await send(new PutCommand({ TableName: 'rows', Item: { ...Key, state: 'shut' } }));
    const refused = { name: 'ConditionalCheckFailedException' };
    const asked = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD', ConditionExpression: 'attribute_not_exists(pk)' } as const;
    const withItem = { ...refused, Item: { pk: { S: 'conditions' }, sk: { S: '1' }, state: { S: 'shut' } } };
    await expect(send(new PutCommand({ TableName: 'rows', Item: Key, ...asked }))).rejects.toMatchObject(withItem);
    await expect(send(new DeleteCommand({ TableName: 'rows', Key, ...asked }))).rejects.toMatchObject(withItem);
    const update = { TableName: 'rows', Key, UpdateExpression: 'SET x = :x', ExpressionAttributeValues: { ':x': 1 } };
    await expect(send(new UpdateCommand({ ...update, ...asked }))).rejects.toMatchObject(withItem);
    const error = await send(new UpdateCommand({ ...update, ConditionExpression: 'attribute_not_exists(pk)' })).catch((each) => each);
    expect(error).toMatchObject(refused);
    expect(error.Item).toBeUndefined();
    const missing = { TableName: 'rows', Key: { pk: 'none', sk: '1' }, ConditionExpression: 'attribute_exists(pk)' };
    const nothing = await send(new DeleteCommand({ ...missing, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).catch((each) => each);
    expect([nothing.name, nothing.Item]).toEqual(['ConditionalCheckFailedException', undefined]);
  });

  it('are written and read in batches', async () => {
    const items = Array.from({ length: 25 }, (_, n) => ({ pk: 'batch', sk: `${n}`, gsi1pk: 'batch', gsi1sk: `${n}` }));
    await send(new BatchWriteCommand({ RequestItems: { rows: items.map((Item) => ({ PutRequest: { Item } })) } }));
    const Keys = items.slice(0, 10).map(({ pk, sk }) => ({ pk, sk }));
    const found = await send(new BatchGetCommand({ RequestItems: { rows: { Keys, ConsistentRead: true } } }));
    expect(found.Responses?.rows).toHaveLength(10);
    await send(new BatchWriteCommand({ RequestItems: { rows: Keys.map((Key) => ({ DeleteRequest: { Key } })) } }));
    const query = {
      TableName: 'rows',
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :p',
      ExpressionAttributeValues: { ':p': 'batch' },
    };
    expect((await send(new QueryCommand(query))).Count).toBe(15);
  });

  it('follow their index keys, and leave the index without them', async () => {
    const Key = { pk: 'indexed', sk: '1' };
    const listed = async (gsi1pk: string) => {
      const query = {
        KeyConditionExpression: 'gsi1pk = :p AND begins_with(gsi1sk, :s)',
        ExpressionAttributeValues: { ':p': gsi1pk, ':s': '2' },
      };
      return (await send(new QueryCommand({ TableName: 'rows', IndexName: 'gsi1', ...query }))).Items;
    };
    await send(new PutCommand({ TableName: 'rows', Item: { ...Key, gsi1pk: 'open', gsi1sk: '2026' } }));
    expect(await listed('open')).toHaveLength(1);
    const move = { TableName: 'rows', Key, UpdateExpression: 'SET gsi1pk = :p', ExpressionAttributeValues: { ':p': 'done' } };
    await send(new UpdateCommand(move));
    expect([await listed('open'), await listed('done')]).toMatchObject([[], [{ gsi1pk: 'done' }]]);
    await send(new UpdateCommand({ TableName: 'rows', Key, UpdateExpression: 'REMOVE gsi1pk' }));
    expect(await listed('done')).toEqual([]);
  });

  it('of one index key never overwrite each other, though dynalite’s short hash of their keys is the same', async () => {
    const { db } = loadDynalite();
    const seen = new Map<string, string>();
    let pair: [string, string] | undefined;
    for (let n = 0; !pair; n += 1) {
      const hash = db.hashPrefix(`same#${n}`, 'S', '1', 'S');
      const other = seen.get(hash);
      if (other) pair = [other, `same#${n}`];
      seen.set(hash, `same#${n}`);
    }
    for (const pk of [...pair, 'same#third'])
      await send(new PutCommand({ TableName: 'rows', Item: { pk, sk: '1', gsi1pk: 'same', gsi1sk: 'same' } }));
    const query = {
      TableName: 'rows',
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :p',
      ExpressionAttributeValues: { ':p': 'same' },
    };
    for (const ScanIndexForward of [true, false]) {
      const found: unknown[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await send(new QueryCommand({ ...query, ScanIndexForward, Limit: 1, ExclusiveStartKey }));
        found.push(...(page.Items ?? []).map((item) => item.pk));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      expect(found.sort()).toEqual([...pair, 'same#third'].sort());
    }
  });

  it('are scanned in segments without loss, in the table and in the index', async () => {
    await createTables(database, 'scanned');
    const items = Array.from({ length: 40 }, (_, n) => ({ pk: `${n}`, sk: '1', gsi1pk: `${n % 7}`, gsi1sk: '1' }));
    for (const Item of items) await send(new PutCommand({ TableName: 'scanned', Item }));
    for (const IndexName of [undefined, 'gsi1']) {
      const found = new Set<unknown>();
      for (const Segment of [0, 1, 2]) {
        let ExclusiveStartKey: Record<string, unknown> | undefined;
        do {
          const page = await send(
            new ScanCommand({ TableName: 'scanned', IndexName, Segment, TotalSegments: 3, Limit: 7, ExclusiveStartKey }),
          );
          for (const item of page.Items ?? []) found.add(item.pk);
          ExclusiveStartKey = page.LastEvaluatedKey;
        } while (ExclusiveStartKey);
      }
      expect(found.size).toBe(40);
    }
  });

  it('count exactly when many writers add at once', async () => {
    const Key = { pk: 'counter', sk: '1' };
    const add = { TableName: 'rows', Key, UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': 1 } };
    await Promise.all(Array.from({ length: 100 }, () => send(new UpdateCommand(add))));
    expect((await send(new GetCommand({ TableName: 'rows', Key }))).Item?.n).toBe(100);
  });

  it('are refused with the cloud’s words', async () => {
    await expect(send(new GetCommand({ TableName: 'rows', Key: { pk: 'a' } }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'The provided key element does not match the schema',
    });
    await expect(send(new PutCommand({ TableName: 'rows', Item: { pk: 'a', sk: 'x'.repeat(410_000) } }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Item size has exceeded the maximum allowed size',
    });
  });
});
