/** Proves each fault through unmodified SDK clients, and that each one ends. */
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createDynamoDb, type DynamoDb } from './dynamodb/dynamodb.ts';
import { createEvents } from './events/events.ts';
import { type AwsFaults, createAwsFaults } from './faults.ts';
import { createKms } from './kms.ts';
import { listen, type TestEndpoint } from './test-endpoint.ts';

const clock = createClock();
const seen: string[] = [];
const events = createEvents({ clock, deliver: async ({ event }) => void seen.push(event.source), onDead: () => {} });
let dynamodb: DynamoDb;
let faults: AwsFaults;
let endpoint: TestEndpoint;
let client: DynamoDBClient;
const TableName = 'things';
const item = (pk: string, gsi1pk = 'all') => ({ pk: { S: pk }, sk: { S: 'x' }, gsi1pk: { S: gsi1pk }, gsi1sk: { S: pk } });
const put = (pk: string, more: object = {}) => client.send(new PutItemCommand({ TableName, Item: { ...item(pk), ...more } }));
const get = (pk: string) => client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: 'x' } } }));

beforeAll(async () => {
  dynamodb = await createDynamoDb({ clock });
  faults = createAwsFaults(clock, dynamodb.call);
  endpoint = await listen([dynamodb, events.service, createKms({ clock })], clock, { faults });
  client = new DynamoDBClient(endpoint.client);
  const key = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: range, KeyType: 'RANGE' },
  ];
  await dynamodb.call('CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: key('pk', 'sk'),
    GlobalSecondaryIndexes: [{ IndexName: 'gsi1', KeySchema: key('gsi1pk', 'gsi1sk'), Projection: { ProjectionType: 'ALL' } }],
  });
});
afterEach(() => faults.clear());
afterAll(async () => {
  await endpoint.close();
  await dynamodb.close();
  clock.close();
});

describe('a fault', () => {
  it('answers with the exception that it names, as often as it was told, and is counted', async () => {
    faults.add({ service: 'dynamodb', operation: 'PutItem', error: 'InternalServerError', times: 1 });
    await expect(put('a')).rejects.toMatchObject({ name: 'InternalServerError', $metadata: { httpStatusCode: 500 } });
    await put('a');
    expect(faults.list()).toEqual([]);
  });

  it('ends after its time on the stack clock', async () => {
    faults.add({ service: 'dynamodb', throttle: true, seconds: 60 });
    await expect(put('b')).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    clock.advance(61);
    await put('b');
  });

  it('strikes only its service, operation and caller', async () => {
    faults.add({ service: 'kms', error: 'KMSInternalException' });
    faults.add({ service: 'dynamodb', caller: 'somebody-else', error: 'InternalServerError' });
    faults.add({ operation: 'DeleteItem', error: 'InternalServerError' });
    await put('c');
    await expect(new KMSClient(endpoint.client).send(new DescribeKeyCommand({ KeyId: 'x' }))).rejects.toMatchObject({
      name: 'KMSInternalException',
    });
    expect(faults.list().map(({ struck }) => struck)).toEqual([1, 0, 0]);
  });

  it('holds a call for its delay in stack time', async () => {
    faults.add({ operation: 'GetItem', delay_ms: 3_600_000, times: 1 });
    const answer = get('a');
    while (faults.list().some(({ struck }) => struck === 0)) await new Promise(setImmediate);
    clock.advance(3600);
    await answer;
  });

  it('holds a call until it is taken away', async () => {
    const { id } = faults.add({ operation: 'GetItem', hang: true });
    const answer = get('a');
    while (faults.list().some(({ struck }) => struck === 0)) await new Promise(setImmediate);
    expect(faults.remove(id)).toBe(true);
    await answer;
    expect(faults.remove(id)).toBe(false);
  });

  it('loses the answer of a call that was done', async () => {
    faults.add({ operation: 'PutItem', lose_answer: true, times: 1 });
    await expect(put('lost')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await get('lost')).Item?.pk).toEqual({ S: 'lost' });
  });

  it('leaves entries of a batch of events undone and says which', async () => {
    const bridge = new EventBridgeClient(endpoint.client);
    await bridge.send(new PutRuleCommand({ Name: 'all', EventPattern: '{"source":["one","two"]}' }));
    await bridge.send(
      new PutTargetsCommand({ Rule: 'all', Targets: [{ Id: 'x', Arn: 'arn:aws:lambda:us-east-1:000000000000:function:x' }] }),
    );
    faults.add({ operation: 'PutEvents', partial: 1, times: 1 });
    const Entries = ['one', 'two'].map((Source) => ({ Source, DetailType: 'x', Detail: '{}' }));
    const answer = await bridge.send(new PutEventsCommand({ Entries }));
    expect([answer.FailedEntryCount, answer.Entries?.map(({ ErrorCode }) => ErrorCode)]).toEqual([1, [undefined, 'InternalFailure']]);
    expect(seen).toEqual(['one']);
  });

  it('leaves keys of a batch unread and hands them back', async () => {
    await put('d');
    faults.add({ operation: 'BatchGetItem', partial: 1, times: 1 });
    const Keys = ['a', 'd'].map((pk) => ({ pk: { S: pk }, sk: { S: 'x' } }));
    const answer = await client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    expect(answer.Responses?.[TableName]?.map(({ pk }) => pk)).toEqual([{ S: 'a' }]);
    expect(answer.UnprocessedKeys).toEqual({ [TableName]: { Keys: Keys.slice(1), ConsistentRead: true } });
  });

  it('cancels a transaction with a conflict, and refuses a plain write by the conflict of its own', async () => {
    faults.add({ service: 'dynamodb', error: 'TransactionConflict', times: 2 });
    const transaction = new TransactWriteItemsCommand({
      TransactItems: ['e', 'f'].map((pk) => ({ Put: { TableName, Item: item(pk) } })),
    });
    await expect(client.send(transaction)).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }],
    });
    await expect(put('e')).rejects.toMatchObject({ name: 'TransactionConflictException' });
  });

  const query = () =>
    client.send(
      new QueryCommand({
        TableName,
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :all',
        ExpressionAttributeValues: { ':all': { S: 'lag' } },
      }),
    );

  it('has an index lag: new items are not there yet, changed ones are as they were', async () => {
    await put('old', { gsi1pk: { S: 'lag' }, count: { N: '1' } });
    faults.add({ stale: true, seconds: 5 });
    await put('old', { gsi1pk: { S: 'lag' }, count: { N: '2' } });
    await put('new', { gsi1pk: { S: 'lag' } });
    expect((await query()).Items?.map(({ pk, count }) => [pk?.S, count?.N])).toEqual([['old', '1']]);
    expect((await get('old')).Item?.count).toEqual({ N: '2' });
    clock.advance(6);
    expect((await query()).Items?.map(({ pk, count }) => [pk?.S, count?.N])).toEqual([
      ['new', undefined],
      ['old', '2'],
    ]);
  });

  it('has an index follow its table at a distance', async () => {
    faults.add({ stale: true, lag_seconds: 10 });
    const seen = async () => (await query()).Items?.flatMap(({ pk, count }) => (pk?.S === 'behind' ? [count?.N] : []));
    for (const N of ['1', '2', '3']) {
      await put('behind', { gsi1pk: { S: 'lag' }, count: { N } });
      clock.advance(6);
    }
    expect(await seen()).toEqual(['2']);
    clock.advance(4.1);
    expect(await seen()).toEqual(['3']);
    faults.clear();
  });

  it('puts the clock of an answer off', async () => {
    faults.add({ operation: 'GetItem', error: 'InvalidSignatureException', skew_seconds: 900, times: 1 });
    await expect(get('a')).rejects.toMatchObject({ $response: { headers: { date: expect.any(String) } } });
    faults.add({ operation: 'GetItem', skew_seconds: 900 });
    let date = '';
    const watched = new DynamoDBClient(endpoint.client);
    watched.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = String((result.response as { headers: Record<string, string> }).headers.date);
        return result;
      },
      { step: 'deserialize' },
    );
    await watched.send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' }, sk: { S: 'x' } } }));
    expect(Math.abs(Date.parse(date) - clock.now() - 900_000)).toBeLessThan(5000);
  });
});
