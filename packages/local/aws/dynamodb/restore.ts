/**
 * A new table made of another's items. As on AWS it has their keys and indexes, and no stream, time to live, recovery or tags. What a killed
 * process had half restored goes away at the next start. Where the items come from is its caller's matter.
 */
import type { Clock } from '../../clock.ts';
import { AwsError } from '../service.ts';
import type { Item, Table } from './dynalite.ts';
import { entries, type Store } from './store.ts';
import { changeTable } from './tables.ts';

const restoringPrefix = 'restoring~';
const itemsAtOnce = 500;

/** `items` by dynalite's keys. Answers the table's description as CreateTable gives it. Throws TableAlreadyExistsException. */
export async function restoreTable(
  store: Store,
  clock: Clock,
  source: Table,
  name: string,
  items: readonly (readonly [key: string, item: Item])[],
): Promise<object> {
  if (store.table(name)) throw new AwsError('TableAlreadyExistsException', `Table already exists: ${name}`);
  await store.commit([], [{ type: 'put', key: `${restoringPrefix}${name}`, value: source.TableArn }]);
  const answer = await changeTable(store, clock, 'CreateTable', definitionOf(source, name));
  const table = store.table(name);
  if (!table) throw new Error(`${name} is not there after CreateTable`);
  for (let from = 0; from < items.length; from += itemsAtOnce)
    await store.commit(items.slice(from, from + itemsAtOnce).map(([key, item]) => ({ table, key, before: undefined, after: item })));
  await store.commit([], [{ type: 'del', key: `${restoringPrefix}${name}` }]);
  return answer.TableDescription as object;
}

/** Run once, before anything else. */
export async function finishRestores(store: Store, clock: Clock): Promise<void> {
  for (const [name] of await entries(store.root, restoringPrefix)) {
    if (store.table(name)) await changeTable(store, clock, 'DeleteTable', { TableName: name });
    await store.commit([], [{ type: 'del', key: `${restoringPrefix}${name}` }]);
  }
}

/** As CreateTable takes it: keys and indexes alone. */
function definitionOf(table: Table, TableName: string): object {
  const indexes = (list: Table['LocalSecondaryIndexes']) =>
    list?.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }));
  const local = indexes(table.LocalSecondaryIndexes);
  const global = indexes(table.GlobalSecondaryIndexes);
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: table.AttributeDefinitions,
    KeySchema: table.KeySchema,
    ...(local && { LocalSecondaryIndexes: local }),
    ...(global && { GlobalSecondaryIndexes: global }),
  };
}
