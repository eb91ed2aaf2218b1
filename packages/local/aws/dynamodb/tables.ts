/** Creates, changes and deletes tables, and ends what a killed process left half done. A table is ready when the call returns. */
import type { Clock } from '../../clock.ts';
import { expiryPrefix } from './change.ts';
import type { Request, Table, TableDb } from './dynalite.ts';
import { act, check } from './request.ts';
import { after, recordPrefix, recoveryKey, type Store, tableKey, ttlKey, undoPrefix } from './store.ts';
import { createView } from './view.ts';

const tableOperations = ['CreateTable', 'UpdateTable', 'DeleteTable'] as const;
export type TableOperation = (typeof tableOperations)[number];

/** The answer tells the state at the call (CREATING), as AWS does; the table has passed it when this resolves. */
export async function changeTable(store: Store, clock: Clock, operation: TableOperation, input: object): Promise<Record<string, unknown>> {
  const data = check(store, operation, input);
  if (operation === 'CreateTable') addStream(data, clock);
  const view = createView(store, data, { save: () => undefined });
  const watched = watch(store, clock, operation);
  // The row is dynalite's own object and changes under its timer: what is answered is a copy of now.
  const answer = structuredClone(await act(operation, { ...view, store: { ...view.store, tableDb: watched.tableDb } }, data));
  await watched.settled;
  if (operation === 'DeleteTable') await dropTraces(store, data.TableName);
  return answer;
}

/** AWS: the stream's label is the time it was made, in the stream's ARN too. */
function addStream(data: Request, clock: Clock): void {
  const stream = data.StreamSpecification;
  if (!stream?.StreamEnabled) {
    delete data.StreamSpecification;
    return;
  }
  stream.StreamViewType ??= 'NEW_AND_OLD_IMAGES';
  Object.assign(data, { LatestStreamLabel: new Date(clock.now()).toISOString().replace('Z', '') });
}

/** dynalite writes a table's row twice, the second time from a timer; `settled` waits for that. */
function watch(store: Store, clock: Clock, operation: TableOperation): { tableDb: TableDb; settled: Promise<void> } {
  const real = store.dynalite.tableDb;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = (name: string, isLast: boolean, answer: (error: unknown) => void) => (error: unknown) => {
    store.forget(name);
    answer(error);
    if (error) reject(error);
    else if (isLast) resolve();
  };
  promise.catch(() => {});
  const tableDb: TableDb = {
    ...real,
    put: (name, value, answer) => {
      const table = value as Table;
      if (operation === 'CreateTable' && table.TableStatus === 'CREATING') {
        table.CreationDateTime = clock.now() / 1000;
        if (table.LatestStreamLabel) table.LatestStreamArn = `${table.TableArn}/stream/${table.LatestStreamLabel}`;
      }
      real.put(name, table, done(name, table.TableStatus === 'ACTIVE', answer));
    },
    del: (name, answer) => real.del(name, done(name, operation === 'DeleteTable', answer)),
  };
  return { tableDb, settled: promise };
}

/** A table made again under the same name must not inherit its predecessor's stream, consumers, expiry order or past. */
async function dropTraces(store: Store, name: string): Promise<void> {
  store.ttl.delete(name);
  store.recovery.delete(name);
  await store.root.batch([ttlKey(name), recoveryKey(name)].map((key) => ({ type: 'del', key })));
  for (const prefix of [recordPrefix(name), expiryPrefix(name), undoPrefix(name)])
    await store.root.clear({ gte: prefix, lt: `${prefix}${after}` });
}

/** Run once, before anything else: a table that was being made becomes ready, one that was being deleted goes. */
export async function finishTables(store: Store, clock: Clock): Promise<void> {
  for (const table of await store.tables()) {
    if (table.TableStatus === 'DELETING') await changeTable(store, clock, 'DeleteTable', { TableName: table.TableName });
    else if (table.TableStatus !== 'ACTIVE') {
      for (const index of table.GlobalSecondaryIndexes ?? []) index.IndexStatus = 'ACTIVE';
      await store.root.batch([{ type: 'put', key: tableKey(table.TableName), value: { ...table, TableStatus: 'ACTIVE' } }]);
      store.forget(table.TableName);
    }
  }
}
