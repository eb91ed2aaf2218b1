/**
 * Posts entries to the ledger: each chunk is one transaction that holds its entry keys, its cells, its counters and its fact, or nothing.
 * The race: two batches of one group read the same version; the second's transaction fails on it, reads again and plans again. An entry
 * that is already there is dropped and the rest posted. Idempotent by the entries' keys.
 */
import { createHash } from 'node:crypto';
import { now } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { get, getMany, put, query, transact } from '@gatehouse/runtime/table';
import type { Entry, Group } from './entry.ts';
import { cellKey, pad, reach } from './fold.ts';
import { chunks, type Difference, type Plan, plan, type StoredCell, type StoredGroup, type Terms } from './post.ts';
import { type Tokens, tokenKinds } from './price.ts';
import { bodyKey, bodySeconds, entryKey, groupPk, headSk, seriesKey } from './rows.ts';
import { resolveSeries, type Total } from './series.ts';
import { cellOf, totalWrite, writesOf } from './writes.dynamo.ts';

export interface Posted {
  /** Entries that were new. */
  entries: number;
  /** Entries that the ledger already had. */
  duplicates: number;
  /** What changed, by person and `day#model#route`. */
  spend: Map<string, Map<string, Difference>>;
  unpriced: Plan['unpriced'];
}

export interface PostOptions {
  table: string;
  terms: Terms;
  /** Milliseconds after which the rest is given up and the sender told to come back. */
  deadlineMs: number;
  /** Filled as chunks are committed: holds what was posted also when the rest failed. */
  posted?: Posted;
}

export function nothingPosted(): Posted {
  return { entries: 0, duplicates: 0, spend: new Map(), unpriced: [] };
}

/** Whether a whole body was posted before. False proves nothing. */
export async function knowsBody(table: string, digest: string): Promise<boolean> {
  return (await get(table, bodyKey(digest), { consistent: false })) !== undefined;
}

export async function rememberBody(table: string, digest: string): Promise<void> {
  await put(table, { ...bodyKey(digest), expires_at: Math.floor(now() / 1000) + bodySeconds });
}

/** Throws Throttled or Unavailable when the table does not let it finish in time: what was posted stays posted, and a repeat adds the rest. */
export async function post(entries: readonly Entry[], options: PostOptions): Promise<Posted> {
  const until = now() + options.deadlineMs;
  const posted = options.posted ?? nothingPosted();
  const once = unique(entries);
  posted.duplicates += entries.length - once.length;
  const shared = shareGroups(once);
  let queue = chunks(shared);
  for (let at = 0, filtered = false; at < queue.length; at++) {
    const met = await postChunk(queue[at] ?? [], options, until, posted);
    if (!met || filtered) continue;
    // A body that comes again after we gave it up half posted: what is known is left out at once, so that each try gets further.
    filtered = true;
    const left = queue.slice(at + 1).flat();
    const fresh = await withoutKnown(options.table, left);
    posted.duplicates += left.length - fresh.length;
    queue = chunks(fresh);
    at = -1;
  }
  return posted;
}

/** One batch may carry the same point twice. */
function unique(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, Entry>();
  for (const entry of entries) if (!seen.has(entry.key)) seen.set(entry.key, entry);
  return [...seen.values()];
}

/** Entries of equal groups carry the same object, so that groups compare by identity from here on. */
function shareGroups(entries: readonly Entry[]): Entry[] {
  const known = new Map<string, Group>();
  const shared = new Map<Group, Group>();
  return entries.map((entry) => {
    let group = shared.get(entry.group);
    if (!group) {
      const pk = groupPk(entry.group);
      group = known.get(pk) ?? entry.group;
      known.set(pk, group);
      shared.set(entry.group, group);
    }
    return group === entry.group ? entry : { ...entry, group };
  });
}

/** TransactWriteItems takes a hundred. */
const mostWrites = 100;

/** True when the ledger knew some of it before. */
async function postChunk(chunk: readonly Entry[], options: PostOptions, until: number, posted: Posted): Promise<boolean> {
  let rest = chunk;
  for (let attempt = 0; rest.length > 0; attempt++) {
    if (now() > until) throw new Throttled(`The ledger was busy: ${rest.length} entries are not posted yet`);
    if (attempt > 0) {
      rest = await withoutKnown(options.table, rest);
      if (rest.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(200, 10 * 2 ** attempt)));
    }
    const series = resolveSeries(rest, await readSeries(options.table, rest));
    const fresh = series.entries;
    const stored = await Promise.all([...new Set(fresh.map(({ group }) => group))].map((group) => read(options.table, group, fresh)));
    const made = plan(fresh, stored, options.terms);
    const writes = [...writesOf(made, options), ...series.totals.map((total) => totalWrite(options.table, total))];
    if (writes.length === 0) break;
    if (writes.length > mostWrites && rest.length > 1) {
      // Late events un-bill more windows than one transaction holds.
      posted.duplicates += chunk.length - rest.length;
      const middle = Math.ceil(rest.length / 2);
      const met = [
        await postChunk(rest.slice(0, middle), options, until, posted),
        await postChunk(rest.slice(middle), options, until, posted),
      ];
      return met.includes(true);
    }
    const answer = await transact(writes);
    if (answer.held) {
      posted.entries += fresh.length;
      posted.duplicates += chunk.length - fresh.length;
      merge(posted, made);
      return rest.length < chunk.length;
    }
  }
  posted.duplicates += chunk.length;
  return true;
}

async function readSeries(table: string, entries: readonly Entry[]): Promise<Map<string, Total>> {
  const keys = [...new Set(entries.flatMap(({ series }) => (series ? [series.key] : [])))];
  if (keys.length === 0) return new Map();
  const rows = await getMany(keys.map((key) => ({ table, key: seriesKey(key) })));
  return new Map(rows.flatMap((row, index) => (row ? [[keys[index] ?? '', row as unknown as Total] as const] : [])));
}

/** BatchGetItem takes a hundred keys. */
const keysAtOnce = 100;
const readsAtOnce = 8;

/** Drops what the ledger has already: after a lost answer, a repeat, or another sender of the same points. */
async function withoutKnown(table: string, entries: readonly Entry[]): Promise<Entry[]> {
  const parts: (readonly Entry[])[] = [];
  for (let at = 0; at < entries.length; at += keysAtOnce) parts.push(entries.slice(at, at + keysAtOnce));
  const fresh: Entry[] = [];
  for (let at = 0; at < parts.length; at += readsAtOnce) {
    const some = parts.slice(at, at + readsAtOnce);
    const found = await Promise.all(some.map((part) => getMany(part.map(({ key }) => ({ table, key: entryKey(key) })))));
    for (const [index, part] of some.entries()) fresh.push(...part.filter((_, place) => found[index]?.[place] === undefined));
  }
  return fresh;
}

async function read(table: string, group: Group, entries: readonly Entry[]): Promise<StoredGroup> {
  const pk = groupPk(group);
  const { from, to } = reach(entries.filter((entry) => entry.group === group));
  // One partition, few rows an hour; keys of all three kinds sort by time within their kind.
  const [head, ...rows] = await Promise.all([
    get(table, { pk, sk: headSk }),
    ...(['E', 'S', 'M'] as const).map((kind) => query(table, pk, { from: `${kind}#${pad(from - 1)}`, to: `${kind}#${pad(to)}~` })),
  ]);
  const cells = new Map<string, StoredCell>();
  for (const row of rows.flat()) {
    const cell = cellOf(row);
    cells.set(cellKey(cell), cell);
  }
  return { group, version: Number(head?.version ?? 0), cells };
}

function merge(posted: Posted, made: Plan): void {
  posted.unpriced.push(...made.unpriced);
  for (const [person, days] of made.spend) {
    const known = posted.spend.get(person) ?? new Map<string, Difference>();
    posted.spend.set(person, known);
    for (const [key, one] of days) {
      const sum = known.get(key);
      known.set(
        key,
        sum
          ? {
              amount_micros: sum.amount_micros + one.amount_micros,
              requests: sum.requests + one.requests,
              tokens: Object.fromEntries(tokenKinds.map((kind) => [kind, sum.tokens[kind] + one.tokens[kind]])) as unknown as Tokens,
            }
          : one,
      );
    }
  }
}

/** A key over the parts that make an entry itself. */
export function entryDigest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
