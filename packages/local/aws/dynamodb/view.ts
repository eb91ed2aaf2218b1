/**
 * The store as dynalite's actions see it: reads answer at once, and a write becomes a change that goes to `save` instead of the disk.
 * It keeps dynalite's locks, so that an item is read, judged and written by one operation at a time.
 */
import { type Change, entryKey } from './change.ts';
import {
  type Callback,
  type DynaliteStore,
  type Item,
  itemKey,
  type Lock,
  loadDynalite,
  type Range,
  type Request,
  type SubDb,
  type Table,
  type WireError,
} from './dynalite.ts';
import type { Store } from './store.ts';

export interface View {
  store: DynaliteStore;
  /** The items that the action read, in order. */
  read: (Item | undefined)[];
  /** Told when an action throws where only its callback could answer; set by whoever runs it. */
  fail: (error: unknown) => void;
}

export interface ViewOptions {
  /** Answers when the change is on the disk, or nothing when it is kept for later. */
  save: (change: Change) => Promise<void> | undefined;
  /** The caller holds the item's lock already. */
  locked?: boolean;
  by?: Change['by'];
}

/** A view is made for one request. `data` is that request. */
export function createView(store: Store, data: Request, options: ViewOptions): View {
  const read: (Item | undefined)[] = [];
  const existing = new Map<string, Item | undefined>();

  function getTable(name: string, checkStatus: boolean | Callback<Table>, done?: Callback<Table>): void {
    const table = typeof checkStatus === 'function' || checkStatus ? store.table(name) : undefined;
    // What is not there is told by dynalite, in its words.
    if (!table) {
      store.dynalite.getTable(name, checkStatus, done);
      return;
    }
    const answer = typeof checkStatus === 'function' ? checkStatus : done;
    answer?.(null, table);
  }
  function getItemDb(name: string): SubDb {
    const real = store.dynalite.getItemDb(name);
    const save = (key: string, after: Item | undefined, done: Callback<void>) => {
      const table = store.table(name);
      const before = existing.get(`${name}~${key}`);
      if (!table || (!before && !after)) return done(null);
      run(() => options.save({ table, key, before, after, ...(options.by && { by: options.by }) }), done);
    };
    return {
      ...real,
      lock: options.locked ? (_key, task) => task((done) => done) : (key, task) => real.lock(key, (release) => guard(task, release)),
      get: (key, done) => {
        const item = store.root.getSync(itemKey(name, key)) as Item | undefined;
        existing.set(`${name}~${key}`, item);
        read.push(item);
        done(null, item);
      },
      put: (key, value, done) => save(key, value as Item, done),
      del: (key, done) => save(key, undefined, done),
    };
  }
  function getIndexDb(kind: string, name: string, index: string): SubDb {
    const real = store.dynalite.getIndexDb(kind, name, index);
    return {
      ...real,
      // The index entries are part of the item's change.
      put: (_key, _value, done) => done(null),
      del: (_key, done) => done(null),
      createValueStream: (range) => real.createValueStream(afterStartKey(range, name, index)),
    };
  }
  /** A throw with the lock in hand would hold the item for ever. */
  function guard(task: Parameters<Lock>[1], release: Parameters<Parameters<Lock>[1]>[0]): void {
    try {
      task(release);
    } catch (error) {
      release(() => view.fail(error))();
    }
  }
  /** dynalite starts a page behind the start key as it would spell it; our entries' keys are longer. */
  function afterStartKey(range: Range, name: string, indexName: string): Range {
    const table = store.table(name);
    const start = data.ExclusiveStartKey;
    const all = [...(table?.LocalSecondaryIndexes ?? []), ...(table?.GlobalSecondaryIndexes ?? [])];
    const index = all.find((candidate) => candidate.IndexName === indexName);
    if (!table || !index || !start) return range;
    const short = loadDynalite().db.createIndexKey(start, table, index.KeySchema);
    const full = entryKey(start, table, index);
    return { ...range, ...(range.gt === short && { gt: full }), ...(range.lt === short && { lt: full }) };
  }
  const view: View = { store: { ...store.dynalite, getTable, getItemDb, getIndexDb }, read, fail: () => {} };
  return view;
}

function run(task: () => Promise<void> | undefined, done: Callback<void>): void {
  const pending = task();
  if (!pending) done(null);
  else
    pending.then(
      () => done(null),
      (error: unknown) => done(error),
    );
}

/** Adds the item to a failed condition when the request asked for it. */
export function withItem(error: unknown, data: Request, item: Item | undefined): unknown {
  if (isWireError(error) && item && data.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && isConditionFailure(error)) {
    Object.assign(error.body, { Item: item });
  }
  return error;
}

export function isConditionFailure(error: WireError): boolean {
  return error.body.__type.endsWith('#ConditionalCheckFailedException');
}

export function isWireError(error: unknown): error is WireError {
  return error instanceof Error && 'statusCode' in error && 'body' in error;
}
