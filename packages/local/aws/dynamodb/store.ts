/**
 * Opens the LevelDB that holds every table, and writes to it: changes that arrive together go out as one atomic batch, each with its
 * index entries, its stream record and its expiry entry, so that a killed process never leaves a part of one. It decides no condition.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../clock.ts';
import { account, region } from '../service.ts';
import { type Change, itemOps, sequenceNumber, streamRecord } from './change.ts';
import {
  type DynaliteStore,
  type Item,
  indexKey,
  itemKey,
  type LevelIterator,
  loadDynalite,
  type Op,
  type Root,
  type Table,
} from './dynalite.ts';

export interface Store {
  dynalite: DynaliteStore;
  root: Root;
  /** Table name -> the attribute that expires its items. */
  ttl: Map<string, string>;
  /** Table name -> how far back its changes can be undone; absent when they are not kept. */
  recovery: Map<string, Recovery>;
  /** Changes that this process kept the past of. */
  undos(): number;
  /** An ACTIVE table, or undefined. */
  table(name: string): Table | undefined;
  /** Must be called when a table's row was written. */
  forget(name: string): void;
  /** Every table's row. */
  tables(): Promise<Table[]>;
  /** Writes `changes` and `extra` as one: all of it is on disk when this resolves, or nothing of it ever will be. */
  commit(changes: readonly Change[], extra?: readonly Op[]): Promise<void>;
  /** Called with the table's name after records of its stream were committed. */
  onStream(listener: (table: string) => void): void;
  close(): Promise<void>;
}

export const recordPrefix = (table: string) => `feed~${table}~`;
const ttlPrefix = 'ttl~';
const recoveryPrefix = 'recovery~';
const sequenceKey = 'sequence';
/** Sorts after every character that keys here are made of. */
export const after = '\x7f';

/** Milliseconds. */
export interface Recovery {
  since: number;
  periodDays: number;
}
/** What one change replaced; nothing where there was no item. */
export interface Undo {
  key: string;
  before?: Item;
}

interface Pending {
  ops: Op[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Without `path` everything is in memory. Rejects when another process has the folder open. */
export async function openStore(clock: Clock, path?: string): Promise<Store> {
  await proveLayout();
  const dynalite = await open(path);
  const root = dynalite.db;
  const ttl = new Map((await entries(root, ttlPrefix)).map(([name, attribute]) => [name, String(attribute)]));
  const recovery = new Map((await entries(root, recoveryPrefix)).map(([name, row]) => [name, row as Recovery]));
  const known = new Map<string, Table>();
  const listeners: ((table: string) => void)[] = [];
  let undos = 0;
  let undoneAt = 0;
  let sequence = Number(root.getSync(sequenceKey) ?? 0);
  let queue: Pending[] = [];
  let flushing: Promise<void> | undefined;
  let closed = false;

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      try {
        await root.batch(group.flatMap((pending) => pending.ops));
        for (const pending of group) pending.resolve();
      } catch (error) {
        for (const pending of group) pending.reject(error);
      }
    }
    flushing = undefined;
  }
  function write(ops: Op[]): Promise<void> {
    if (closed) return Promise.reject(new Error('The embedded DynamoDB is closed'));
    return new Promise((resolve, reject) => {
      queue.push({ ops, resolve, reject });
      flushing ??= flush();
    });
  }
  async function commit(changes: readonly Change[], extra: readonly Op[] = []): Promise<void> {
    const ops = [...extra];
    const streamed = new Set<string>();
    for (const change of changes) {
      const name = change.table.TableName;
      ops.push(...itemOps(change, ttl.get(name)));
      if (recovery.has(name)) ops.push(undoOp(change));
      const record = streamRecord(change, sequence + 1, clock.now());
      if (!record) continue;
      sequence += 1;
      streamed.add(name);
      ops.push({ type: 'put', key: `${recordPrefix(name)}${sequenceNumber(sequence)}`, value: record });
    }
    if (streamed.size > 0) ops.push({ type: 'put', key: sequenceKey, value: sequence });
    if (ops.length > 0) await write(ops);
    for (const name of streamed) for (const listener of listeners) listener(name);
  }
  /** Its place is its time and a count, which a clock that is set back does not disorder. */
  function undoOp({ table, key, before }: Change): Op {
    undoneAt = Math.max(undoneAt, clock.now());
    const place = `${undoTime(undoneAt)}~${String(undos++).padStart(12, '0')}`;
    return { type: 'put', key: `${undoPrefix(table.TableName)}${place}`, value: { key, ...(before && { before }) } satisfies Undo };
  }
  function table(name: string): Table | undefined {
    const cached = known.get(name);
    if (cached) return cached;
    const row = root.getSync(tableKey(name)) as Table | undefined;
    if (!row || row.TableStatus === 'CREATING' || row.TableStatus === 'DELETING') return undefined;
    known.set(name, row);
    return row;
  }
  return {
    dynalite,
    root,
    ttl,
    recovery,
    undos: () => undos,
    table,
    commit,
    forget: (name) => known.delete(name),
    tables: async () => (await entries(root, tableKey(''))).map(([, row]) => row as Table),
    onStream: (listener) => listeners.push(listener),
    close: async () => {
      closed = true;
      await flushing;
      await dynalite.lifecycleManager.gracefulClose();
    },
  };
}

export const tableKey = (name: string) => `table~${name}`;
export const ttlKey = (name: string) => `${ttlPrefix}${name}`;
export const recoveryKey = (name: string) => `${recoveryPrefix}${name}`;
export const undoPrefix = (name: string) => `undo~${name}~`;

/** Milliseconds in a fixed width, so that LevelDB's order is the order of time. */
export function undoTime(milliseconds: number): string {
  return String(Math.max(0, Math.floor(milliseconds))).padStart(15, '0');
}

/** The entries under a prefix, their keys without it. */
export async function entries(root: Root, prefix: string): Promise<[string, unknown][]> {
  const found = await root.iterator({ gte: prefix, lt: `${prefix}${after}` }).all();
  return found.map(([key, value]) => [key.slice(prefix.length), value]);
}

async function open(path: string | undefined): Promise<DynaliteStore> {
  if (path) mkdirSync(dirname(path), { recursive: true });
  const store = loadDynalite().db.create({ ...(path && { path }), createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  store.tableDb.awsAccountId = account;
  store.tableDb.awsRegion = region;
  closeIterators(store.db);
  try {
    await store.db.open();
  } catch (cause) {
    throw new Error(`The embedded DynamoDB cannot open ${path}: is another process using it?`, { cause });
  }
  return store;
}

/** dynalite ends its streams by a `return` that LevelDB's iterators do not have: without it each read stays open as long as the database. */
function closeIterators(root: Root): void {
  const [keys, values] = [root.keys.bind(root), root.values.bind(root)];
  const closing = <T extends LevelIterator>(iterator: T): T => Object.assign(iterator, { return: () => iterator.close() });
  root.keys = (range) => closing(keys(range));
  root.values = (range) => closing(values(range));
}

let proven = false;

/** Throws when dynalite keeps rows elsewhere than our batches write them. */
async function proveLayout(): Promise<void> {
  if (proven) return;
  const store = await open(undefined);
  const put = (db: { put(key: string, value: unknown, done: (error: unknown) => void): void }) =>
    new Promise<void>((resolve, reject) => db.put('key', 'value', (error) => (error ? reject(error) : resolve())));
  await put(store.getItemDb('items'));
  await put(store.getIndexDb('Local', 'items', 'one'));
  await put(store.getIndexDb('Global', 'items', 'two'));
  await put(store.tableDb);
  const places = [
    itemKey('items', 'key'),
    indexKey('local', 'items', 'one', 'key'),
    indexKey('global', 'items', 'two', 'key'),
    tableKey('key'),
  ];
  const lost = places.find((place) => store.db.getSync(place) !== 'value');
  await store.lifecycleManager.gracefulClose();
  if (lost)
    throw new Error(`The embedded DynamoDB expects dynalite to keep a row at ${lost}, and it does not: install dynalite 4.0.0 exactly`);
  proven = true;
}
