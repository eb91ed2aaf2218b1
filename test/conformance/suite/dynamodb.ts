/** What is asked of any DynamoDB: one table's data plane, its index, transactions and time to live. Streams are not asked. */
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  TransactionCanceledException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

export function describeDynamoDb(target: () => Target): void {
  describe('DynamoDB', () => {
    let client: DynamoDBClient;
    let documents: DynamoDBDocumentClient;
    let TableName: string;
    const put = (pk: string, rest: object = {}) => documents.send(new PutCommand({ TableName, Item: { pk, sk: '1', ...rest } }));
    const get = async (pk: string) =>
      (await documents.send(new GetCommand({ TableName, Key: { pk, sk: '1' }, ConsistentRead: true }))).Item;

    beforeAll(async () => {
      client = new DynamoDBClient(target().client);
      documents = DynamoDBDocumentClient.from(client);
      TableName = target().name('table');
      const keys = (hash: string, range: string) => [
        { AttributeName: hash, KeyType: 'HASH' as const },
        { AttributeName: range, KeyType: 'RANGE' as const },
      ];
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: keys('pk', 'sk'),
          GlobalSecondaryIndexes: [{ IndexName: 'gsi1', KeySchema: keys('gsi1pk', 'gsi1sk'), Projection: { ProjectionType: 'ALL' } }],
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 120 }, { TableName });
    }, 180_000);
    afterAll(() => client.send(new DeleteTableCommand({ TableName })));

    it('describes the table as it was made', async () => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      expect(Table).toMatchObject({ TableName, TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } });
      expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['gsi1']);
    });

    it('puts, gets, updates and deletes an item', async () => {
      await put('one', { n: 1, list: ['a'], map: { deep: null } });
      expect(await get('one')).toEqual({ pk: 'one', sk: '1', n: 1, list: ['a'], map: { deep: null } });
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName,
          Key: { pk: 'one', sk: '1' },
          UpdateExpression: 'ADD n :two SET #list = list_append(#list, :more) REMOVE #map.deep',
          ExpressionAttributeNames: { '#list': 'list', '#map': 'map' },
          ExpressionAttributeValues: { ':two': 2, ':more': ['b'] },
          ReturnValues: 'ALL_NEW',
        }),
      );
      expect(Attributes).toEqual({ pk: 'one', sk: '1', n: 3, list: ['a', 'b'], map: {} });
      const gone = await documents.send(new DeleteCommand({ TableName, Key: { pk: 'one', sk: '1' }, ReturnValues: 'ALL_OLD' }));
      expect([gone.Attributes?.n, await get('one')]).toEqual([3, undefined]);
    });

    it('refuses a write whose condition fails, and shows the item when asked', async () => {
      await put('held', { n: 5 });
      const refused = documents.send(
        new PutCommand({
          TableName,
          Item: { pk: 'held', sk: '1' },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      await expect(refused).rejects.toBeInstanceOf(ConditionalCheckFailedException);
      await expect(refused).rejects.toMatchObject({ Item: { n: { N: '5' } } });
    });

    it('queries a partition in order, page by page, and an index', async () => {
      const items = ['1', '2', '3', '4'].map((sk) => ({ pk: 'many', sk, gsi1pk: 'group', gsi1sk: String(9 - Number(sk)) }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) } }));
      const query = {
        TableName,
        KeyConditionExpression: 'pk = :pk AND sk > :sk',
        ExpressionAttributeValues: { ':pk': 'many', ':sk': '1' },
      };
      const first = await documents.send(new QueryCommand({ ...query, Limit: 2, ConsistentRead: true }));
      const second = await documents.send(new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey, ConsistentRead: true }));
      expect([first.Items?.map(({ sk }) => sk), second.Items?.map(({ sk }) => sk)]).toEqual([['2', '3'], ['4']]);
      const indexed = await target().until(async () => {
        const { Items = [] } = await documents.send(
          new QueryCommand({
            TableName,
            IndexName: 'gsi1',
            KeyConditionExpression: 'gsi1pk = :g',
            ExpressionAttributeValues: { ':g': 'group' },
          }),
        );
        return Items.length === 4 ? Items : undefined;
      }, 'the index');
      expect(indexed.map(({ sk }) => sk)).toEqual(['4', '3', '2', '1']);
    });

    it('reads many keys at once and scans with a filter', async () => {
      await put('batch-a');
      await put('batch-b');
      const Keys = ['batch-a', 'batch-b', 'batch-none'].map((pk) => ({ pk, sk: '1' }));
      const { Responses } = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
      expect(Responses?.[TableName]?.map(({ pk }) => pk).sort()).toEqual(['batch-a', 'batch-b']);
      const scanned = await documents.send(
        new ScanCommand({
          TableName,
          FilterExpression: 'begins_with(pk, :b)',
          ExpressionAttributeValues: { ':b': 'batch-' },
          ConsistentRead: true,
        }),
      );
      expect(scanned.Count).toBe(2);
    });

    it('writes a transaction whole or not at all, and says why not', async () => {
      const item = (pk: string, ConditionExpression?: string) => ({
        Put: { TableName, Item: { pk, sk: '1' }, ...(ConditionExpression && { ConditionExpression }) },
      });
      await documents.send(new TransactWriteCommand({ TransactItems: [item('t-a'), item('t-b')] }));
      const refused = documents.send(new TransactWriteCommand({ TransactItems: [item('t-c'), item('t-a', 'attribute_not_exists(pk)')] }));
      await expect(refused).rejects.toBeInstanceOf(TransactionCanceledException);
      await expect(refused).rejects.toMatchObject({ CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }] });
      const read = await documents.send(
        new TransactGetCommand({ TransactItems: ['t-a', 't-b', 't-c'].map((pk) => ({ Get: { TableName, Key: { pk, sk: '1' } } })) }),
      );
      expect(read.Responses?.map(({ Item }) => Item?.pk)).toEqual(['t-a', 't-b', undefined]);
    });

    it('does a transaction with one token once, and refuses the token for another', async () => {
      const add = (by: number) => ({
        ClientRequestToken: target().name('token').slice(-36),
        TransactItems: [
          {
            Update: {
              TableName,
              Key: { pk: 'counter', sk: '1' },
              UpdateExpression: 'ADD n :by',
              ExpressionAttributeValues: { ':by': by },
            },
          },
        ],
      });
      await documents.send(new TransactWriteCommand(add(1)));
      await documents.send(new TransactWriteCommand(add(1)));
      expect(await get('counter')).toMatchObject({ n: 1 });
      await expect(documents.send(new TransactWriteCommand(add(2)))).rejects.toMatchObject({
        name: 'IdempotentParameterMismatchException',
      });
    });

    it('names what is wrong with a request', async () => {
      const bad = documents.send(new UpdateCommand({ TableName, Key: { pk: 'x', sk: '1' }, UpdateExpression: 'SET name = :v' }));
      await expect(bad).rejects.toMatchObject({ name: 'ValidationException' });
      await expect(documents.send(new GetCommand({ TableName: `${TableName}-none`, Key: { pk: 'x', sk: '1' } }))).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
      });
    });

    it('switches time to live on and describes it', async () => {
      const TimeToLiveSpecification = { AttributeName: 'expires_at', Enabled: true };
      await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
      expect(TimeToLiveDescription?.AttributeName).toBe('expires_at');
      expect(['ENABLING', 'ENABLED']).toContain(TimeToLiveDescription?.TimeToLiveStatus);
    });
  });
}
