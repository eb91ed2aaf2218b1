/** DynamoDB for every capability: short timeouts, few retries; its own troubles become `Throttled` or `Unavailable`. */
import { randomUUID } from 'node:crypto';
import { type Attributes, attributesOf, itemOf } from './attribute.ts';
import { AwsRefusal, awsJson, isThrottle } from './aws-call.ts';
import { Throttled, Unavailable } from './fault.ts';

export type Item = Record<string, unknown>;
export type Key = { pk: string; sk: string };

/** Members as DynamoDB's API spells them; items, keys and expression values are plain values. */
interface Expressions {
  ConditionExpression?: string | undefined;
  ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  ExpressionAttributeValues?: Item | undefined;
  /** Whether a write that did not hold tells the item as it is. */
  ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
}
export type Update = Expressions & { UpdateExpression: string };
type On<T> = Expressions & { TableName: string } & T;

/** One write of a transaction: exactly one of these. */
export interface Write {
  Put?: On<{ Item: Item }>;
  Update?: On<{ Key: Key; UpdateExpression: string }>;
  Delete?: On<{ Key: Key }>;
  ConditionCheck?: On<{ Key: Key }>;
}

/** Why one write of a transaction did not hold, with the item as it was where the write asked for it. */
export interface Reason {
  code: string;
  item?: Item;
}

interface Answer {
  Item?: Attributes;
  Items?: Attributes[];
  Attributes?: Attributes;
  LastEvaluatedKey?: Attributes;
  Responses?: Record<string, Attributes[]>;
  UnprocessedKeys?: Record<string, { Keys: Attributes[]; ConsistentRead: boolean }>;
}

export async function get(table: string, key: Key, options: { consistent?: boolean } = {}): Promise<Item | undefined> {
  const { Item } = await call('GetItem', { TableName: table, Key: attributesOf(key), ConsistentRead: options.consistent ?? true });
  return Item && itemOf(Item);
}

/** One BatchGetItem over any tables, strongly consistent; answers in the order asked, undefined where there is none. Asks once more for what was left out. */
export async function getMany(wanted: readonly { table: string; key: Key }[]): Promise<(Item | undefined)[]> {
  const found = new Map<string, Item>();
  let request: NonNullable<Answer['UnprocessedKeys']> = {};
  for (const { table, key } of new Map(wanted.map((one) => [placeOf(one.table, one.key), one])).values()) {
    request[table] ??= { Keys: [], ConsistentRead: true };
    request[table].Keys.push(attributesOf(key));
  }
  for (let round = 0; Object.keys(request).length > 0; round++) {
    if (round === 3) throw new Throttled('DynamoDB left keys unprocessed three times');
    const answer = await call('BatchGetItem', { RequestItems: request });
    for (const [table, items] of Object.entries(answer.Responses ?? {}))
      for (const item of items.map(itemOf)) found.set(placeOf(table, item), item);
    request = answer.UnprocessedKeys ?? {};
  }
  return wanted.map(({ table, key }) => found.get(placeOf(table, key)));
}

function placeOf(table: string, { pk, sk }: Item | Key): string {
  return JSON.stringify([table, pk, sk]);
}

export interface PageWish extends Omit<Expressions, 'ConditionExpression' | 'ReturnValuesOnConditionCheckFailure'> {
  IndexName?: 'gsi1' | undefined;
  /** Without it the table is read from end to end. */
  KeyConditionExpression?: string;
  FilterExpression?: string;
  ProjectionExpression?: string;
  ConsistentRead?: boolean;
  ScanIndexForward?: boolean;
  Limit?: number | undefined;
  /** `next` of the page before. */
  ExclusiveStartKey?: Item | undefined;
}

/** One page of a Query, or of a Scan where there is no key condition, as DynamoDB cuts it: at most 1 MB and `Limit` items before the filter. */
export async function readPage(table: string, wish: PageWish): Promise<{ items: Item[]; next: Item | undefined }> {
  const answer = await call(wish.KeyConditionExpression === undefined ? 'Scan' : 'Query', encoded({ TableName: table, ...wish }));
  return { items: (answer.Items ?? []).map(itemOf), next: answer.LastEvaluatedKey && itemOf(answer.LastEvaluatedKey) };
}

/** All pages of a query of one partition, at most `limit` items: a prefix of the sort key, or what lies after `from` (and up to `to`). */
export async function query(
  table: string,
  pk: string,
  options: { index?: 'gsi1'; from?: string; to?: string; prefix?: string; descending?: boolean; limit?: number; consistent?: boolean } = {},
): Promise<Item[]> {
  const [pkName, skName] = options.index ? ['gsi1pk', 'gsi1sk'] : ['pk', 'sk'];
  const { prefix, from, to } = options;
  const range =
    prefix !== undefined
      ? ' AND begins_with(#sk, :sk)'
      : to !== undefined
        ? ' AND #sk BETWEEN :sk AND :to'
        : from !== undefined
          ? ' AND #sk > :sk'
          : '';
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await readPage(table, {
      IndexName: options.index,
      KeyConditionExpression: `#pk = :pk${range}`,
      ExpressionAttributeNames: { '#pk': pkName, ...(range && { '#sk': skName }) },
      ExpressionAttributeValues: { ':pk': pk, ...(range && { ':sk': prefix ?? from ?? ' ' }), ...(to !== undefined && { ':to': to }) },
      ConsistentRead: options.index ? false : (options.consistent ?? true),
      ScanIndexForward: !options.descending,
      Limit: options.limit,
      ExclusiveStartKey: start,
    });
    items.push(...page.items);
    start = page.next;
  } while (start && (options.limit === undefined || items.length < options.limit));
  return options.limit === undefined ? items : items.slice(0, options.limit);
}

/** Puts an item that must not be there yet. False when it is. */
export async function putNew(table: string, item: Item & Key): Promise<boolean> {
  try {
    await call('PutItem', { TableName: table, Item: attributesOf(item), ConditionExpression: 'attribute_not_exists(pk)' });
    return true;
  } catch (error) {
    if (error instanceof AwsRefusal && error.name === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}

export async function put(table: string, item: Item & Key): Promise<void> {
  await call('PutItem', { TableName: table, Item: attributesOf(item) });
}

/** Also when there is no such item. */
export async function remove(table: string, key: Key): Promise<void> {
  await call('DeleteItem', { TableName: table, Key: attributesOf(key) });
}

/** One conditional update. `held: false` carries the item as it is. */
export async function update(
  table: string,
  key: Key,
  change: Update,
): Promise<{ held: true; item: Item } | { held: false; item: Item | undefined }> {
  const defaults = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
  try {
    const answer = await call('UpdateItem', encoded({ ...defaults, ...change, TableName: table, Key: key }));
    return { held: true, item: itemOf(answer.Attributes ?? {}) };
  } catch (error) {
    if (!(error instanceof AwsRefusal) || error.name !== 'ConditionalCheckFailedException') throw error;
    const { Item } = error.answer as Answer;
    return { held: false, item: Item && itemOf(Item) };
  }
}

/**
 * All writes or none. `held: false` says why, one reason a write in the order given. `token` (at most 36 characters) makes a repeat
 * within ten minutes the same transaction; each call has one of its own otherwise, for its own tries. A conflict with another transaction
 * is tried again here, at most five times.
 */
export async function transact(
  writes: readonly Write[],
  token: string = randomUUID(),
): Promise<{ held: true } | { held: false; reasons: Reason[] }> {
  const items = writes.map((write) => Object.fromEntries(Object.entries(write).map(([kind, one]) => [kind, encoded(one)])));
  for (let attempt = 1; ; attempt++) {
    try {
      await call('TransactWriteItems', { TransactItems: items, ClientRequestToken: token });
      return { held: true };
    } catch (error) {
      if (!(error instanceof AwsRefusal) || error.name !== 'TransactionCanceledException') throw error;
      const { CancellationReasons = [] } = error.answer as { CancellationReasons?: { Code?: string; Item?: Attributes }[] };
      const failed = CancellationReasons.filter(({ Code }) => Code && Code !== 'None');
      if (failed.some(({ Code }) => Code !== 'TransactionConflict' && Code !== 'ThrottlingError'))
        return {
          held: false,
          reasons: CancellationReasons.map(({ Code = 'None', Item }) => ({ code: Code, ...(Item && { item: itemOf(Item) }) })),
        };
      if (attempt === 5) throw new Throttled('The same rows were written by others five times in a row', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** attempt * Math.random()));
    }
  }
}

const ofValues = ['Item', 'Key', 'ExclusiveStartKey', 'ExpressionAttributeValues'];

/** The members that hold plain values, as attributes. */
function encoded(request: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(request).map(([name, value]) => [name, value !== undefined && ofValues.includes(name) ? attributesOf(value) : value]),
  );
}

const answers = new Set([
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
  'ValidationException',
  'AccessDeniedException',
  'ResourceNotFoundException',
]);

async function call(operation: string, input: object): Promise<Answer> {
  try {
    return await awsJson<Answer>('dynamodb', operation, input);
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'Misconfigured' || answers.has(error.name)) throw error;
    if (isThrottle(error)) throw new Throttled('DynamoDB asks for less traffic', { cause: error });
    throw new Unavailable('DynamoDB did not answer', { cause: error });
  }
}
