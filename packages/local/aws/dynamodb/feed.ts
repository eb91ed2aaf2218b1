/**
 * Tables' change feeds: hands committed stream records to their consumers, in commit order, until each consumer has taken them.
 * Records and every consumer's place in them live on the disk, so a record is delivered at least once, across kills. It writes no item.
 */
import type { DynamoDBRecord } from 'aws-lambda';
import type { Clock } from '../../clock.ts';
import { sequenceNumber } from './change.ts';
import type { Op } from './dynalite.ts';
import { after, entries, recordPrefix, type Store } from './store.ts';

/** Resolving takes the records; rejecting has the same records come again, after a pause that grows to ten seconds. */
export type RecordListener = (records: DynamoDBRecord[]) => Promise<void> | void;

/** Told of what no caller can be told: a listener's rejection, a sweep's failure. */
export type OnFault = (error: unknown, what: string) => void;

export interface FeedOptions {
  /** Consumers of one table each keep their own place; the same name continues at its place after a restart. */
  consumer?: string;
  /** Most records in one delivery; Lambda's default for streams is 100. */
  batchSize?: number;
}

export interface Feed {
  /** A new consumer starts at the oldest record kept (TRIM_HORIZON). Returns what stops it; its place stays. */
  onRecords(table: string, listener: RecordListener, options?: FeedOptions): () => void;
  /** Resolves once every consumer has taken every committed record. */
  settled(): Promise<void>;
  /** Drops records older than 24 hours that no running consumer still has to take, as AWS does. */
  trim(): Promise<void>;
  /** Forgets a deleted table's consumers. */
  drop(table: string): Promise<void>;
  close(): void;
}

interface Consumer {
  table: string;
  name: string;
  listener: RecordListener;
  batchSize: number;
  stopped: AbortController;
  /** It may have records to take. */
  busy: boolean;
  /** Records were committed since it last looked. */
  woken: boolean;
  resume?: () => void;
}

const placePrefix = 'consumer~';
const nothingTaken = sequenceNumber(0);
const retentionMs = 24 * 3_600_000;
const trimAtOnce = 500;
const [firstPauseMs, longestPauseMs] = [100, 10_000];

export async function createFeed(store: Store, clock: Clock, onFault: OnFault): Promise<Feed> {
  /** Table -> consumer -> the last sequence number it took. */
  const places = new Map<string, Map<string, string>>();
  for (const [key, place] of await entries(store.root, placePrefix)) {
    const [table = '', name = ''] = key.split('~');
    placesOf(table).set(name, String(place));
  }
  const running = new Set<Consumer>();
  let waiting: (() => void)[] = [];
  store.onStream((table) => {
    for (const consumer of running) if (consumer.table === table) wake(consumer);
  });

  function placesOf(table: string): Map<string, string> {
    const found = places.get(table) ?? new Map<string, string>();
    places.set(table, found);
    return found;
  }
  function onRecords(table: string, listener: RecordListener, options: FeedOptions = {}): () => void {
    const name = options.consumer ?? 'consumer';
    if ([...running].some((other) => other.table === table && other.name === name))
      throw new Error(`${name} already reads the stream of ${table}: give each consumer its own name`);
    if (name.includes('~')) throw new Error(`A consumer's name holds no ~: ${name}`);
    if (!placesOf(table).has(name)) placesOf(table).set(name, nothingTaken);
    const consumer: Consumer = {
      table,
      name,
      listener,
      batchSize: options.batchSize ?? 100,
      stopped: new AbortController(),
      busy: true,
      woken: false,
    };
    running.add(consumer);
    void consume(consumer);
    return () => stop(consumer);
  }
  function wake(consumer: Consumer): void {
    consumer.woken = true;
    consumer.busy = true;
    consumer.resume?.();
  }
  function stop(consumer: Consumer): void {
    running.delete(consumer);
    consumer.stopped.abort();
    wake(consumer);
    tellSettled();
  }

  async function consume(consumer: Consumer): Promise<void> {
    const { signal } = consumer.stopped;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        consumer.woken = false;
        const records = await next(consumer);
        if (records.length === 0) {
          if (!consumer.woken) await rest(consumer);
          continue;
        }
        await consumer.listener(records);
        if (signal.aborted) return;
        await take(consumer, records);
        pauseMs = firstPauseMs;
      } catch (error) {
        if (signal.aborted) return;
        onFault(error, `${consumer.name} reading the stream of ${consumer.table}`);
        await clock.sleep(pauseMs, signal).catch(() => {});
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
    }
  }
  function rest(consumer: Consumer): Promise<void> {
    consumer.busy = false;
    tellSettled();
    return new Promise((resolve) => {
      consumer.resume = resolve;
    });
  }
  async function next(consumer: Consumer): Promise<DynamoDBRecord[]> {
    const prefix = recordPrefix(consumer.table);
    const place = placesOf(consumer.table).get(consumer.name) ?? nothingTaken;
    const found = await store.root.iterator({ gt: `${prefix}${place}`, lt: `${prefix}${after}`, limit: consumer.batchSize }).all();
    return found.map(([, record]) => record as DynamoDBRecord);
  }
  /** Moves the consumer's place and deletes what all consumers of the table have taken by now. */
  async function take(consumer: Consumer, records: readonly DynamoDBRecord[]): Promise<void> {
    const place = records.at(-1)?.dynamodb?.SequenceNumber ?? nothingTaken;
    placesOf(consumer.table).set(consumer.name, place);
    const prefix = recordPrefix(consumer.table);
    const takenByAll = [...placesOf(consumer.table).values()].toSorted()[0] ?? nothingTaken;
    const done = await store.root.keys({ gt: prefix, lte: `${prefix}${takenByAll}` }).all();
    const ops: Op[] = [{ type: 'put', key: `${placePrefix}${consumer.table}~${consumer.name}`, value: place }];
    await store.commit([], [...ops, ...done.map((key): Op => ({ type: 'del', key }))]);
  }
  const isSettled = () => ![...running].some((consumer) => consumer.busy);
  function tellSettled(): void {
    if (!isSettled()) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }
  async function trim(): Promise<void> {
    const horizon = Math.floor((clock.now() - retentionMs) / 1000);
    for (const table of await store.tables()) {
      if (!table.StreamSpecification?.StreamEnabled) continue;
      const prefix = recordPrefix(table.TableName);
      const needed = [...running].filter((consumer) => consumer.table === table.TableName);
      const taken = needed.map((consumer) => placesOf(consumer.table).get(consumer.name) ?? nothingTaken).toSorted()[0] ?? after;
      await dropOlder(prefix, `${prefix}${taken}`, horizon);
    }
  }
  /** The oldest come first, so a group that is not all old is the last one to look at. */
  async function dropOlder(prefix: string, upTo: string, horizonSeconds: number): Promise<void> {
    for (;;) {
      const found = await store.root.iterator({ gt: prefix, lte: upTo, limit: trimAtOnce }).all();
      const old = found.filter(([, record]) => ((record as DynamoDBRecord).dynamodb?.ApproximateCreationDateTime ?? 0) < horizonSeconds);
      await store.commit(
        [],
        old.map(([key]): Op => ({ type: 'del', key })),
      );
      if (old.length < trimAtOnce) return;
    }
  }
  async function drop(table: string): Promise<void> {
    const names = [...placesOf(table).keys()];
    places.delete(table);
    await store.commit(
      [],
      names.map((name): Op => ({ type: 'del', key: `${placePrefix}${table}~${name}` })),
    );
  }
  return {
    onRecords,
    settled: () => (isSettled() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    trim,
    drop,
    close: () => {
      for (const consumer of [...running]) stop(consumer);
    },
  };
}
