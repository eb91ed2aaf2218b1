import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  GetCommand,
  PutCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, startDatabase, type TestDatabase } from './test-table.ts';

let database: TestDatabase;
type Items = NonNullable<TransactWriteCommandInput['TransactItems']>;

beforeAll(async () => {
  database = await startDatabase();
  await createTables(database, 'ledger', 'gates');
});
afterAll(() => database.close());

const key = (pk: string, sk = '1') => ({ pk, sk });
const put = (pk: string, rest: object = {}) =>
  database.documents.send(new PutCommand({ TableName: 'ledger', Item: { ...key(pk), ...rest } }));
const get = async (pk: string, TableName = 'ledger') =>
  (await database.documents.send(new GetCommand({ TableName, Key: key(pk), ConsistentRead: true }))).Item;
const transact = (TransactItems: Items, rest: Partial<TransactWriteCommandInput> = {}) =>
  database.documents.send(new TransactWriteCommand({ TransactItems, ...rest }));
const add = (pk: string, n: number, least?: number) => ({
  TableName: 'ledger',
  Key: key(pk),
  UpdateExpression: 'ADD n :n',
  ExpressionAttributeValues: { ':n': n, ...(least !== undefined && { ':least': least }) },
  ...(least !== undefined && { ConditionExpression: 'n >= :least' }),
});

describe('TransactWriteItems', () => {
  it('puts, updates, deletes and checks in two tables at once', async () => {
    await put('deleted');
    await put('checked', { state: 'open' });
    await transact([
      { Put: { TableName: 'gates', Item: { ...key('put'), n: 1 } } },
      { Update: add('updated', 5) },
      { Delete: { TableName: 'ledger', Key: key('deleted') } },
      { ConditionCheck: { TableName: 'ledger', Key: key('checked'), ConditionExpression: 'attribute_exists(pk)' } },
    ]);
    expect([await get('put', 'gates'), await get('updated'), await get('deleted')]).toMatchObject([{ n: 1 }, { n: 5 }, undefined]);
  });

  it('changes nothing when one condition fails, and gives a reason for each item', async () => {
    await put('rich', { n: 10 });
    await put('poor', { n: 1 });
    const error = await transact([
      { Update: add('rich', 5) },
      { Update: { ...add('poor', -5, 5), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
      { ConditionCheck: { TableName: 'ledger', Key: key('nobody'), ConditionExpression: 'attribute_exists(pk)' } },
    ]).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(TransactionCanceledException);
    expect(error).toMatchObject({
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: { n: { N: '1' }, pk: { S: 'poor' } } },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
      ],
    });
    expect([(await get('rich'))?.n, (await get('poor'))?.n]).toEqual([10, 1]);
  });

  it('names an update that the item’s types do not allow as ValidationError', async () => {
    await put('text', { n: 'not a number' });
    await expect(transact([{ Update: add('text', 1) }, { Update: add('other', 1) }])).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [
        { Code: 'ValidationError', Message: 'An operand in the update expression has an incorrect data type' },
        { Code: 'None' },
      ],
    });
    expect(await get('other')).toBeUndefined();
  });

  it('answers the same token with the same result once, and refuses other items under it', async () => {
    const items: Items = [{ Update: add('token', 1) }];
    const token = { ClientRequestToken: 'chunk-1' };
    await transact(items, token);
    await transact(items, token);
    expect((await get('token'))?.n).toBe(1);
    await expect(transact([{ Update: add('token', 2) }], token)).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
    database.clock.advance(601);
    await transact(items, token);
    expect((await get('token'))?.n).toBe(2);
  });

  it('does not remember the token of a transaction that was cancelled', async () => {
    const items: Items = [{ Update: add('retried', -1, 1) }];
    const token = { ClientRequestToken: 'chunk-2' };
    await expect(transact(items, token)).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    await put('retried', { n: 1 });
    await transact(items, token);
    expect((await get('retried'))?.n).toBe(0);
  });

  it('does the work of one token once when it is sent twice at the same time', async () => {
    const twice = [1, 2].map(() => transact([{ Update: add('at once', 1) }], { ClientRequestToken: 'chunk-3' }));
    const results = await Promise.allSettled(twice);
    expect((await get('at once'))?.n).toBe(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'TransactionInProgressException' });
  });

  it.each<[string, Items, string]>([
    ['no item', [], 'Member must have length greater than or equal to 1'],
    [
      '101 items',
      Array.from({ length: 101 }, (_, n) => ({ Update: add(`many${n}`, 1) })),
      'Member must have length less than or equal to 100',
    ],
    [
      'one item twice',
      [{ Update: add('twice', 1) }, { Delete: { TableName: 'ledger', Key: key('twice') } }],
      'Transaction request cannot include multiple operations on one item',
    ],
    [
      'two actions in one',
      [{ Update: add('a', 1), Delete: { TableName: 'ledger', Key: key('b') } }],
      'TransactItems can only contain one of Check, Put, Update or Delete',
    ],
    [
      'a check of nothing',
      [{ ConditionCheck: { TableName: 'ledger', Key: key('a'), ConditionExpression: undefined } }],
      "transactItems.1.member.conditionCheck.conditionExpression' failed",
    ],
    ['a broken expression', [{ Update: { ...add('a', 1), UpdateExpression: 'ADD n' } }], 'Invalid UpdateExpression'],
  ])('refuses %s', async (_what, items, message) => {
    await expect(transact(items)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(message) });
  });

  it('refuses a table that is not there', async () => {
    await expect(transact([{ Put: { TableName: 'none', Item: key('a') } }])).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('takes a hundred items and says what they cost: twice the units', async () => {
    const items = Array.from({ length: 100 }, (_, n) => ({ Update: add(`hundred${n}`, 1) }));
    const { ConsumedCapacity } = await transact(items, { ReturnConsumedCapacity: 'TOTAL' });
    expect(ConsumedCapacity).toEqual([{ TableName: 'ledger', CapacityUnits: 200 }]);
  });

  it('keeps the sum through 60 transfers and 60 plain adds at once', async () => {
    const accounts = ['bank0', 'bank1', 'bank2', 'bank3'];
    for (const account of accounts) await put(account, { n: 100, gsi1pk: 'bank', gsi1sk: account });
    const transfers = Array.from({ length: 60 }, (_, n) => {
      const [from, to] = [accounts[n % 4] ?? '', accounts[(n + 1 + (n % 3)) % 4] ?? ''];
      return transact([{ Update: add(from, -3, 3) }, { Update: add(to, 3) }]);
    });
    const adds = Array.from({ length: 60 }, (_, n) => database.documents.send(new UpdateCommand(add(accounts[n % 4] ?? '', 1))));
    const done = await Promise.allSettled([...transfers, ...adds]);
    for (const result of done)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'TransactionCanceledException' });
    for (const IndexName of [undefined, 'gsi1']) {
      const { Items } = await database.documents.send(new ScanCommand({ TableName: 'ledger', IndexName }));
      const sum = (Items ?? []).filter((item) => accounts.includes(item.pk)).reduce((total, item) => total + item.n, 0);
      expect(sum).toBe(460);
    }
  });
});

describe('TransactGetItems', () => {
  it('reads items of several tables, in order, an empty answer for one that is not there', async () => {
    await put('read', { n: 7, hidden: true });
    const Get = { TableName: 'ledger', Key: key('read'), ProjectionExpression: 'n' };
    const answer = await database.documents.send(
      new TransactGetCommand({ TransactItems: [{ Get }, { Get: { TableName: 'gates', Key: key('not there') } }] }),
    );
    expect(answer.Responses).toEqual([{ Item: { n: 7 } }, {}]);
  });

  it('never sees a transfer half done', async () => {
    await put('left', { n: 100 });
    await put('right', { n: 0 });
    const transfers = Array.from({ length: 40 }, () => transact([{ Update: add('left', -1) }, { Update: add('right', 1) }]));
    const reads = Array.from({ length: 40 }, () =>
      database.documents.send(
        new TransactGetCommand({ TransactItems: ['left', 'right'].map((pk) => ({ Get: { TableName: 'ledger', Key: key(pk) } })) }),
      ),
    );
    for (const { Responses } of await Promise.all(reads)) expect((Responses?.[0]?.Item?.n ?? 0) + (Responses?.[1]?.Item?.n ?? 0)).toBe(100);
    await Promise.all(transfers);
  });
});
