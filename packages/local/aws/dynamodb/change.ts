/**
 * Turns one changed item into everything that must reach the disk with it: the item, its index entries, its expiry entry and its
 * stream record. It decides no order and writes nothing.
 */
import { createHash } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';
import { region } from '../service.ts';
import { type Index, type Item, indexKey, itemKey, loadDynalite, type Op, type Table } from './dynalite.ts';

export interface Change {
  table: Table;
  /** dynalite's key of the item inside its table. */
  key: string;
  before: Item | undefined;
  after: Item | undefined;
  /** Set when the service itself did it: a TTL delete. */
  by?: { type: 'Service'; principalId: 'dynamodb.amazonaws.com' };
}

/** The item and its index entries; with `ttlAttribute` also its place in the expiry order. */
export function itemOps(change: Change, ttlAttribute: string | undefined): Op[] {
  const { table, key, before, after } = change;
  const place = itemKey(table.TableName, key);
  const ops: Op[] = [after ? { type: 'put', key: place, value: after } : { type: 'del', key: place }];
  for (const index of table.LocalSecondaryIndexes ?? []) ops.push(...indexOps('local', index, change));
  for (const index of table.GlobalSecondaryIndexes ?? []) ops.push(...indexOps('global', index, change));
  if (ttlAttribute) {
    const [was, is] = [expiryKey(change, before?.[ttlAttribute]?.N), expiryKey(change, after?.[ttlAttribute]?.N)];
    if (was && was !== is) ops.push({ type: 'del', key: was });
    if (is && was !== is) ops.push({ type: 'put', key: is, value: key });
  }
  return ops;
}

function indexOps(kind: 'local' | 'global', index: Index, { table, before, after }: Change): Op[] {
  const place = (item: Item | undefined) =>
    item && isIndexed(item, table, index) ? indexKey(kind, table.TableName, index.IndexName, entryKey(item, table, index)) : undefined;
  const [was, is] = [place(before), place(after)];
  const ops: Op[] = [];
  if (was && was !== is) ops.push({ type: 'del', key: was });
  if (is && after) ops.push({ type: 'put', key: is, value: project(after, table, index) });
  return ops;
}

/** An item without the index's keys, or with keys of another type, is not in the index. */
function isIndexed(item: Item, table: Table, index: Index): boolean {
  return index.KeySchema.every(({ AttributeName }) => {
    const type = table.AttributeDefinitions.find((definition) => definition.AttributeName === AttributeName)?.AttributeType;
    return type !== undefined && item[AttributeName]?.[type] !== undefined;
  });
}

/**
 * dynalite ends an entry's key with 24 bits of the table key's hash, so that two items with the same index key can overwrite each
 * other; the whole table key after it makes the entry unique and keeps dynalite's order.
 */
export function entryKey(item: Item, table: Table, index: Pick<Index, 'KeySchema'>): string {
  const { db } = loadDynalite();
  return `${db.createIndexKey(item, table, index.KeySchema)}/${db.createKey(item, table)}`;
}

function project(item: Item, table: Table, index: Index): Item {
  if (index.Projection.ProjectionType === 'ALL') return item;
  const names = [...index.KeySchema, ...table.KeySchema].map((element) => element.AttributeName);
  return pick(item, [...names, ...(index.Projection.NonKeyAttributes ?? [])]);
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
}

export const expiryPrefix = (table: string) => `expiry~${table}~`;

/** Whole seconds in a fixed width, so that LevelDB's order is the order of time. */
export const expirySecond = (seconds: number) => String(seconds).padStart(12, '0');

/** No place for a value that is no time: DynamoDB never expires such an item. */
function expiryKey({ table, key }: Change, epochSeconds: string | undefined): string | undefined {
  const seconds = Math.floor(Number(epochSeconds));
  if (!(seconds >= 0 && seconds < 1e12)) return undefined;
  return `${expiryPrefix(table.TableName)}${expirySecond(seconds)}~${key}`;
}

/**
 * The record as Lambda sees it (AWS: DynamoDB event), or undefined when the table has no stream or nothing changed.
 * `sequence` counts up over the whole store; `now` is milliseconds.
 */
export function streamRecord(change: Change, sequence: number, now: number): DynamoDBRecord | undefined {
  const { table, before, after } = change;
  const image = after ?? before;
  const view = table.StreamSpecification?.StreamEnabled ? table.StreamSpecification.StreamViewType : undefined;
  if (!view || !table.LatestStreamArn || !image) return undefined;
  if (before && after && canonical(before) === canonical(after)) return undefined;
  const number = sequenceNumber(sequence);
  const [newImage, oldImage] = [
    view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES',
    view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES',
  ];
  const body = {
    Keys: pick(
      image,
      table.KeySchema.map((element) => element.AttributeName),
    ),
    ...(newImage && after && { NewImage: after }),
    ...(oldImage && before && { OldImage: before }),
  };
  return {
    eventID: createHash('md5').update(`${table.LatestStreamArn} ${number}`).digest('hex'),
    eventName: !before ? 'INSERT' : !after ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(now / 1000),
      ...body,
      SequenceNumber: number,
      SizeBytes: Buffer.byteLength(JSON.stringify(body)),
      StreamViewType: view,
    },
    eventSourceARN: table.LatestStreamArn,
    ...(change.by && { userIdentity: change.by }),
  };
}

/** A number of 21 digits: longer than any count, equal in length, so that its text sorts as it counts. */
export function sequenceNumber(sequence: number): string {
  return `1${String(sequence).padStart(20, '0')}`;
}

/** JSON with the keys in order: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
