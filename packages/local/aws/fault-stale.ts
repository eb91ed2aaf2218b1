/**
 * Index reads that lag: what was written since the fault began, or in its last seconds, is shown as it was before. What was deleted since is not
 * shown again, and what moved to another index key is shown nowhere: a real index lags in these ways for moments only. Base tables are read as
 * they are.
 */
import type { ReadItem, Run } from './faults.ts';

type Item = Record<string, unknown>;
type Input = Record<string, unknown>;

interface Described {
  KeySchema: { AttributeName: string }[];
  GlobalSecondaryIndexes?: (Described & { IndexName: string })[];
  LocalSecondaryIndexes?: (Described & { IndexName: string })[];
}
interface Schema {
  key: readonly string[];
  indexes: ReadonlyMap<string, readonly string[]>;
}

export interface StaleReads {
  /** Told before each call; remembers what it is about to write. */
  note(operation: string, input: unknown): Promise<void>;
  read(operation: string, input: unknown, run: Run): Promise<unknown>;
}

/** An item as it was before a write at `at`; undefined when there was none. */
interface Past {
  at: number;
  item: Item | undefined;
}

/** `lagMs`: how far behind the index is; without it nothing written since is shown. */
export function createStaleReads(readItem: ReadItem, now: () => number, lagMs = Number.POSITIVE_INFINITY): StaleReads {
  /** Table -> key -> the writes that an index may not show yet, oldest first. */
  const before = new Map<string, Map<string, Past[]>>();
  const schemas = new Map<string, Schema>();

  async function schemaOf(table: string): Promise<Schema> {
    const known = schemas.get(table);
    if (known) return known;
    const { Table } = (await readItem('DescribeTable', { TableName: table })) as { Table: Described };
    const names = ({ KeySchema }: Described) => KeySchema.map(({ AttributeName }) => AttributeName);
    const { GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = Table;
    const indexes = new Map([...GlobalSecondaryIndexes, ...LocalSecondaryIndexes].map((index) => [index.IndexName, names(index)]));
    const schema = { key: names(Table), indexes };
    schemas.set(table, schema);
    return schema;
  }
  const keyOf = (names: readonly string[], item: Item): Item => Object.fromEntries(names.map((name) => [name, item[name]]));

  async function noteOne(table: string, item: Item): Promise<void> {
    const key = keyOf((await schemaOf(table)).key, item);
    const text = JSON.stringify(key);
    const known = before.get(table) ?? new Map<string, Past[]>();
    before.set(table, known);
    const unseen = unseenOf(known, text);
    // Without a lag the first write alone decides.
    if (unseen.length > 0 && lagMs === Number.POSITIVE_INFINITY) return;
    const { Item: old } = (await readItem('GetItem', { TableName: table, Key: key, ConsistentRead: true })) as { Item?: Item };
    known.set(text, [...unseen, { at: now(), item: old }]);
  }
  /** Forgets what the index has caught up with. */
  function unseenOf(known: Map<string, Past[]>, text: string): Past[] {
    const unseen = (known.get(text) ?? []).filter(({ at }) => at > now() - lagMs);
    if (unseen.length === 0) known.delete(text);
    return unseen;
  }

  return {
    async note(operation, input) {
      for (const { table, item } of writesOf(operation, (input ?? {}) as Input)) {
        // A write that is malformed is refused by the call itself.
        await noteOne(table, item).catch(() => {});
      }
    },
    async read(_operation, input, run) {
      const output = (await run(input)) as { Items?: Item[]; Count?: number };
      const table = String((input as Input).TableName);
      const changed = before.get(table);
      if (!changed || !output.Items) return output;
      const { key, indexes } = await schemaOf(table);
      const indexKey = indexes.get(String((input as Input).IndexName)) ?? [];
      const Items = output.Items.flatMap((item) => {
        const text = JSON.stringify(keyOf(key, item));
        const [first] = unseenOf(changed, text);
        if (!first) return [item];
        const old = first.item;
        // Under another index key the old item was not part of this answer.
        return old && JSON.stringify(keyOf(indexKey, old)) === JSON.stringify(keyOf(indexKey, item)) ? [old] : [];
      });
      return { ...output, Items, Count: Items.length };
    },
  };
}

function writesOf(operation: string, input: Input): { table: string; item: Item }[] {
  const one = ({ TableName, Item, Key }: Input) => [{ table: String(TableName), item: (Item ?? Key ?? {}) as Item }];
  switch (operation) {
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return one(input);
    case 'TransactWriteItems':
      return (input.TransactItems as Record<string, Input>[]).flatMap(({ Put, Update, Delete }) => {
        const write = Put ?? Update ?? Delete;
        return write ? one(write) : [];
      });
    case 'BatchWriteItem':
      return Object.entries((input.RequestItems ?? {}) as Record<string, { PutRequest?: Input; DeleteRequest?: Input }[]>).flatMap(
        ([TableName, requests]) => requests.flatMap(({ PutRequest, DeleteRequest }) => one({ TableName, ...PutRequest, ...DeleteRequest })),
      );
    default:
      return [];
  }
}
