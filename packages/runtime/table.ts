/** DynamoDB for every capability: one client, short timeouts, few retries; its own troubles become `Throttled` or `Unavailable`. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { Throttled, Unavailable } from './fault.ts';

export type Item = Record<string, unknown>;
export type Key = { pk: string; sk: string };
export type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Why one write of a transaction did not hold, with the item as it was where the write asked for it. */
export interface Reason {
  code: string;
  item?: Item;
}

let client: DynamoDBDocumentClient | undefined;

/** The document client, made on first use. For commands that the functions below do not cover. */
export function documents(): DynamoDBDocumentClient {
  client ??= DynamoDBDocumentClient.from(
    new DynamoDBClient({
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  return client;
}

export async function get(table: string, key: Key, options: { consistent?: boolean } = {}): Promise<Item | undefined> {
  return guarded(async () => {
    const answer = await documents().send(new GetCommand({ TableName: table, Key: key, ConsistentRead: options.consistent ?? true }));
    return answer.Item;
  });
}

/** One BatchGetItem over any tables, strongly consistent; answers in the order asked, undefined where there is none. Asks once more for what was left out. */
export async function getMany(wanted: readonly { table: string; key: Key }[]): Promise<(Item | undefined)[]> {
  return guarded(async () => {
    const found = new Map<string, Item>();
    let request: Record<string, { Keys: Key[]; ConsistentRead: boolean }> = {};
    for (const { table, key } of wanted) {
      request[table] ??= { Keys: [], ConsistentRead: true };
      const keys = request[table].Keys;
      if (!keys.some((one) => one.pk === key.pk && one.sk === key.sk)) keys.push(key);
    }
    for (let round = 0; Object.keys(request).length > 0; round++) {
      if (round === 3) throw new Throttled('DynamoDB left keys unprocessed three times');
      const answer = await documents().send(new BatchGetCommand({ RequestItems: request }));
      for (const [table, items] of Object.entries(answer.Responses ?? {}))
        for (const item of items) found.set(`${table} ${item.pk} ${item.sk}`, item);
      request = (answer.UnprocessedKeys ?? {}) as typeof request;
    }
    return wanted.map(({ table, key }) => found.get(`${table} ${key.pk} ${key.sk}`));
  });
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
  return guarded(async () => {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const answer = await documents().send(
        new QueryCommand({
          TableName: table,
          IndexName: options.index,
          KeyConditionExpression: `#pk = :pk${range}`,
          ExpressionAttributeNames: { '#pk': pkName, ...(range && { '#sk': skName }) },
          ExpressionAttributeValues: { ':pk': pk, ...(range && { ':sk': prefix ?? from ?? ' ' }), ...(to !== undefined && { ':to': to }) },
          ConsistentRead: options.index ? false : (options.consistent ?? true),
          ScanIndexForward: !options.descending,
          Limit: options.limit,
          ExclusiveStartKey: start,
        }),
      );
      items.push(...(answer.Items ?? []));
      start = answer.LastEvaluatedKey;
    } while (start && (options.limit === undefined || items.length < options.limit));
    return options.limit === undefined ? items : items.slice(0, options.limit);
  });
}

/** Puts an item that must not be there yet. False when it is. */
export async function putNew(table: string, item: Item & Key): Promise<boolean> {
  try {
    await guarded(() =>
      documents().send(new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),
    );
    return true;
  } catch (error) {
    if (nameOf(error) === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}

export async function put(table: string, item: Item & Key): Promise<void> {
  await guarded(() => documents().send(new PutCommand({ TableName: table, Item: item })));
}

export type Update = Omit<ConstructorParameters<typeof UpdateCommand>[0], 'TableName' | 'Key'>;

/** One conditional update. `held: false` carries the item as it is. */
export async function update(
  table: string,
  key: Key,
  change: Update,
): Promise<{ held: true; item: Item } | { held: false; item: Item | undefined }> {
  try {
    const answer = await guarded(() =>
      documents().send(
        new UpdateCommand({
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...change,
          TableName: table,
          Key: key,
        }),
      ),
    );
    return { held: true, item: answer.Attributes ?? {} };
  } catch (error) {
    if (nameOf(error) !== 'ConditionalCheckFailedException') throw error;
    const { unmarshall } = await import('@aws-sdk/util-dynamodb');
    const raw = (error as { Item?: Parameters<typeof unmarshall>[0] }).Item;
    return { held: false, item: raw && unmarshall(raw) };
  }
}

/**
 * All writes or none. `held: false` says why, one reason a write in the order given. `token` (at most 36 characters) makes a repeat
 * within ten minutes the same transaction. A conflict with another transaction is tried again here, at most five times.
 */
export async function transact(writes: readonly Write[], token?: string): Promise<{ held: true } | { held: false; reasons: Reason[] }> {
  for (let attempt = 1; ; attempt++) {
    try {
      await guarded(() => documents().send(new TransactWriteCommand({ TransactItems: [...writes], ClientRequestToken: token })));
      return { held: true };
    } catch (error) {
      if (nameOf(error) !== 'TransactionCanceledException') throw error;
      const raw = (error as { CancellationReasons?: { Code?: string; Item?: Item }[] }).CancellationReasons ?? [];
      const failed = raw.filter(({ Code }) => Code && Code !== 'None');
      if (failed.every(({ Code }) => Code === 'TransactionConflict' || Code === 'ThrottlingError')) {
        if (attempt === 5) throw new Throttled('The same rows were written by others five times in a row', { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** attempt * Math.random()));
        continue;
      }
      const { unmarshall } = await import('@aws-sdk/util-dynamodb');
      return {
        held: false,
        reasons: raw.map(({ Code, Item }) => ({
          code: Code ?? 'None',
          ...(Item && { item: unmarshall(Item as Parameters<typeof unmarshall>[0]) }),
        })),
      };
    }
  }
}

const throttling = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);
const answers = new Set([
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
  'ValidationException',
  'AccessDeniedException',
  'ResourceNotFoundException',
]);

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const name = nameOf(error);
    if (throttling.has(name)) throw new Throttled('DynamoDB asks for less traffic', { cause: error });
    if (answers.has(name) || name === 'Throttled') throw error;
    throw new Unavailable('DynamoDB did not answer', { cause: error });
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
