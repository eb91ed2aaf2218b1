/**
 * Loads dynalite 4.0.0 as a library: its parsers, validations and actions, never its HTTP server. Its inner modules are no public
 * API, so what the overlay relies on is checked here, once, before any data is touched.
 */
import { createRequire } from 'node:module';
import type { AttributeValue } from 'aws-lambda';

export type Item = Record<string, AttributeValue>;

export interface KeySchemaElement {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}

export interface Index {
  IndexName: string;
  KeySchema: readonly KeySchemaElement[];
  Projection: { ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; NonKeyAttributes?: readonly string[] };
  IndexStatus?: string;
}

export type StreamView = 'NEW_AND_OLD_IMAGES' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'KEYS_ONLY';

/** A table's row as dynalite stores it: what DescribeTable answers. */
export interface Table {
  TableName: string;
  TableArn: string;
  TableId?: string;
  BillingModeSummary?: { BillingMode: 'PAY_PER_REQUEST' | 'PROVISIONED' };
  TableStatus: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';
  CreationDateTime: number;
  KeySchema: readonly KeySchemaElement[];
  AttributeDefinitions: readonly { AttributeName: string; AttributeType: 'S' | 'N' | 'B' }[];
  LocalSecondaryIndexes?: Index[];
  GlobalSecondaryIndexes?: Index[];
  StreamSpecification?: { StreamEnabled: boolean; StreamViewType?: StreamView };
  LatestStreamArn?: string;
  LatestStreamLabel?: string;
}

export type Callback<T> = (error: unknown, value?: T) => void;

export interface Range {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  limit?: number;
  reverse?: boolean;
}

export interface Put {
  type: 'put';
  key: string;
  value: unknown;
}
export interface Del {
  type: 'del';
  key: string;
}
export type Op = Put | Del;

export interface LevelIterator {
  close(): Promise<void>;
}

/** The one LevelDB under everything: every table and index is a prefix of its keys. */
export interface Root {
  open(): Promise<void>;
  getSync(key: string): unknown;
  batch(ops: readonly Op[]): Promise<void>;
  iterator(range: Range): AsyncIterable<[string, unknown]> & { all(): Promise<[string, unknown][]> };
  keys(range: Range): LevelIterator & { all(): Promise<string[]> };
  values(range: Range): LevelIterator;
  clear(range: Range): Promise<void>;
}

/** Runs `task` once the key is free; `task` gets a function that frees the key around the callback it is given. */
export type Lock = (
  key: string,
  task: (release: <T extends unknown[]>(done: (...values: T) => void) => (...values: T) => void) => void,
) => void;

export interface SubDb {
  lock: Lock;
  get(key: string, done: Callback<unknown>): void;
  put(key: string, value: unknown, done: Callback<void>): void;
  del(key: string, done: Callback<void>): void;
  createValueStream(range: Range): unknown;
}

export interface TableDb extends SubDb {
  awsAccountId: string;
  awsRegion: string;
}

export interface DynaliteStore {
  db: Root;
  tableDb: TableDb;
  getItemDb(table: string): SubDb;
  getIndexDb(kind: string, table: string, index: string): SubDb;
  getTable(name: string, checkStatus: boolean | Callback<Table>, done?: Callback<Table>): void;
  lifecycleManager: { gracefulClose(): Promise<void> };
}

/** An operation's input once dynalite has checked it: unknown fields dropped, expressions parsed. */
export interface Request {
  TableName: string;
  Item?: Item;
  Key?: Item;
  IndexName?: string;
  ExclusiveStartKey?: Item;
  ConditionExpression?: string;
  UpdateExpression?: string;
  ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE';
  ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
  StreamSpecification?: { StreamEnabled: boolean; StreamViewType?: StreamView };
}

export interface Capacity {
  TableName: string;
  CapacityUnits: number;
}

/** What dynalite throws or calls back with for an error that goes to the caller. */
export interface WireError extends Error {
  statusCode: number;
  body: { __type: string; message?: string; Message?: string };
}

type Types = Readonly<Record<string, unknown>>;
type Custom = (data: Request, store: DynaliteStore) => string | undefined;

export interface Checks {
  types: Types;
  custom?: Custom;
}

export type Action = (store: DynaliteStore, data: Request, done: Callback<Record<string, unknown>>) => void;

interface Db {
  create(options: { path?: string; createTableMs: number; deleteTableMs: number; updateTableMs: number }): DynaliteStore;
  createKey(item: Item, table: Table, schema?: readonly KeySchemaElement[]): string;
  createIndexKey(item: Item, table: Table, schema: readonly KeySchemaElement[]): string;
  hashPrefix(value: string, type: string, range?: string, rangeType?: string): string;
  validateItem(item: Item, table: Table): WireError | undefined;
  validateKey(key: Item, table: Table): WireError | undefined;
  checkConditional(data: Request, existing: Item | undefined): WireError | undefined;
  addConsumedCapacity(data: Request, isRead: boolean, item?: Item, before?: Item): Capacity | undefined;
  validationError(message: string): WireError;
}

interface Validations {
  checkTypes(data: object, types: Types): Request;
  checkValidations(data: object, types: Types, custom: Custom | undefined, store: DynaliteStore): void;
}

export interface Dynalite {
  db: Db;
  validations: Validations;
  actions: ReadonlyMap<string, Action>;
  checks: ReadonlyMap<string, Checks>;
}

const version = '4.0.0';
const operations = [
  ...['CreateTable', 'DescribeTable', 'UpdateTable', 'DeleteTable', 'ListTables'],
  ...['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan', 'BatchGetItem', 'BatchWriteItem'],
  ...['TagResource', 'UntagResource', 'ListTagsOfResource'],
];
const dbFunctions = [
  ...['create', 'createKey', 'createIndexKey', 'hashPrefix', 'validateItem', 'validateKey'],
  ...['checkConditional', 'addConsumedCapacity', 'validationError'],
];
const conditionFailure = { ReturnValuesOnConditionCheckFailure: { type: 'String', enum: ['ALL_OLD', 'NONE'] } };
const stream = {
  StreamSpecification: {
    type: 'FieldStruct<StreamSpecification>',
    children: {
      StreamEnabled: { type: 'Boolean', notNull: true },
      StreamViewType: { type: 'String', enum: ['NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES', 'KEYS_ONLY'] },
    },
  },
};
/** Fields that dynalite drops and the overlay acts on. */
const addedTypes: Readonly<Record<string, Types>> = {
  PutItem: conditionFailure,
  UpdateItem: conditionFailure,
  DeleteItem: conditionFailure,
  CreateTable: stream,
};

let loaded: Dynalite | undefined;

/** Throws one sentence when the installed dynalite is not the one this overlay was written for. */
export function loadDynalite(): Dynalite {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const found: string = require('dynalite/package.json').version;
  const broken = (what: string) =>
    new Error(`The embedded DynamoDB is written for dynalite ${version}, but dynalite ${found} ${what}: install ${version} exactly`);
  const load = (path: string, functions: readonly string[]) => {
    let module: Record<string, unknown>;
    try {
      module = require(`dynalite/${path}`);
    } catch (cause) {
      throw Object.assign(broken(`has no loadable ${path}`), { cause });
    }
    for (const name of functions) if (typeof module[name] !== 'function') throw broken(`has no function ${name} in ${path}`);
    return module;
  };
  if (found !== version) throw broken('is installed');
  // The checks above are what makes these shapes true.
  const db = load('db', dbFunctions) as unknown as Db;
  const validations = load('validations', ['checkTypes', 'checkValidations']) as unknown as Validations;
  const actions = new Map<string, Action>();
  const checks = new Map<string, Checks>();
  for (const operation of operations) {
    const file = `${operation[0]?.toLowerCase()}${operation.slice(1)}`;
    const action: unknown = load(`actions/${file}`, []);
    const check = load(`validations/${file}`, []) as unknown as Checks;
    if (typeof action !== 'function') throw broken(`exports no action ${file}`);
    if (typeof check.types !== 'object') throw broken(`exports no types for ${file}`);
    actions.set(operation, action as Action);
    checks.set(operation, { ...check, types: { ...check.types, ...addedTypes[operation] } });
  }
  loaded = { db, validations, actions, checks };
  return loaded;
}

/** dynalite's prefixes in the root LevelDB; `openStore` proves them before it trusts them. */
export function itemKey(table: string, key: string): string {
  return `item-${table}~${key}`;
}
export function indexKey(kind: 'local' | 'global', table: string, index: string, key: string): string {
  return `index-${kind}~${table}~${index}~${key}`;
}
