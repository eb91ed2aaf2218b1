/** What IAM asks about a DynamoDB call: actions, table or index, and the partition keys named. Decides nothing. */
import { account, region } from './service.ts';

export interface Asked {
  action: string;
  resource: string;
  /** Values of `dynamodb:LeadingKeys`; undefined when the call names no partition key. */
  leadingKeys?: readonly string[];
  /** Values of other condition keys, e.g. `iam:PassedToService`. */
  context?: Readonly<Record<string, string>>;
}

type Input = Record<string, unknown>;

const transactActions = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
} as const;

/** A transaction asks for each item's own action, a batch for its own action once a table (DynamoDB developer guide, IAM). */
export function dynamoRequests(operation: string, input: Input): Asked[] {
  switch (operation) {
    case 'TransactWriteItems':
    case 'TransactGetItems':
      return list(input.TransactItems).flatMap((item) =>
        Object.entries(item).flatMap(([kind, part]) => {
          const action = transactActions[kind as keyof typeof transactActions];
          return action ? [request(action, record(part).TableName, keyOf(record(part)))] : [];
        }),
      );
    case 'BatchGetItem':
      return Object.entries(record(input.RequestItems)).map(([table, { Keys }]) =>
        request(
          operation,
          table,
          list(Keys).map((Key) => partition(Key)),
        ),
      );
    case 'BatchWriteItem':
      return Object.entries(record(input.RequestItems)).map(([table, writes]) =>
        request(
          operation,
          table,
          list(writes).map(({ PutRequest, DeleteRequest }) => keyOf({ ...record(PutRequest), ...record(DeleteRequest) })),
        ),
      );
    case 'Query':
      return [request(operation, input.TableName, queried(input), input.IndexName)];
    default:
      return [request(operation, input.TableName, keyOf(input), input.IndexName)];
  }
}

function request(operation: string, table: unknown, keys: string | undefined | readonly (string | undefined)[], index?: unknown): Asked {
  const name = String(table ?? '*');
  const tableArn = name.startsWith('arn:') ? name : `arn:aws:dynamodb:${region}:${account}:table/${name}`;
  const all = typeof keys === 'string' || keys === undefined ? [keys] : keys;
  const leadingKeys = all.filter((key) => key !== undefined);
  return {
    action: `dynamodb:${operation}`,
    resource: typeof index === 'string' ? `${tableArn}/index/${index}` : tableArn,
    // One item without a readable key spoils the condition for all.
    ...(leadingKeys.length > 0 && leadingKeys.length === all.length && { leadingKeys }),
  };
}

/** Put carries an Item, the others a Key. */
function keyOf(input: Input): string | undefined {
  return partition(record(input.Key ?? input.Item));
}

function partition(item: Input, attribute = 'pk'): string | undefined {
  const value = record(item[attribute]).S;
  return typeof value === 'string' ? value : undefined;
}

/** The value that `pk = :v` compares with; on an index `gsi1` the attribute is `gsi1pk`. */
function queried(input: Input): string | undefined {
  const attribute = typeof input.IndexName === 'string' ? `${input.IndexName}pk` : 'pk';
  const [names, values] = [record(input.ExpressionAttributeNames), record(input.ExpressionAttributeValues)];
  const equality = /(#?\w+)\s*=\s*(:\w+)/g;
  for (const [, name = '', value = ''] of String(input.KeyConditionExpression ?? '').matchAll(equality))
    if ((name.startsWith('#') ? names[name] : name) === attribute) return partition({ [attribute]: values[value] }, attribute);
  return undefined;
}

function list(value: unknown): Input[] {
  return Array.isArray(value) ? value.map(record) : [];
}
// biome-ignore lint/suspicious/noExplicitAny: a request as the SDK sent it; every read above checks what it finds.
function record(value: unknown): Record<string, any> {
  return typeof value === 'object' && value !== null ? value : {};
}
