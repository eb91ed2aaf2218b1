/**
 * One try to commit entries in one transaction: reads the rows they touch, plans, writes all or nothing. It never waits and never tries again: what
 * stood in the way is the answer. Idempotent by the entries' keys.
 */
import { Throttled } from '@gatehouse/runtime/fault';
import { get, getMany, query, type Reason, transact, type Write } from '@gatehouse/runtime/table';
import type { Entry, Group } from './entry.ts';
import { cellKey, pad, reach } from './fold.ts';
import { type Plan, plan, type StoredCell, type StoredGroup, type Terms } from './post.ts';
import { entryKey, groupPk, headSk, seriesKey } from './rows.ts';
import { resolveSeries, type Total } from './series.ts';
import { cellOf, totalWrite, writesOf } from './writes.dynamo.ts';

/** TransactWriteItems takes a hundred. */
const mostWrites = 100;

export type Outcome =
  | { done: 'committed'; plan: Plan }
  /** The ledger has some of them already: these are the others. */
  | { done: 'known'; fresh: Entry[] }
  /** Others write the same rows just now. */
  | { done: 'contended' }
  | { done: 'too_large' };

/** @param more writes of the same transaction. Throws Throttled or Unavailable for the table's own troubles. */
export async function commitOnce(
  entries: readonly Entry[],
  { table, terms }: { table: string; terms: Terms },
  more: readonly Write[] = [],
): Promise<Outcome> {
  const series = resolveSeries(entries, await readSeries(table, entries));
  const fresh = series.entries;
  const groups = [...new Set(fresh.map(({ group }) => group))];
  const stored = await Promise.all(groups.map((group) => readGroup(table, group, fresh)));
  const made = plan(fresh, stored, terms);
  const writes = [...writesOf(made, { table, terms }), ...series.totals.map((total) => totalWrite(table, total)), ...more];
  if (writes.length === 0) return { done: 'committed', plan: made };
  if (writes.length > mostWrites) return { done: 'too_large' };
  const answer = await transactOnce(writes);
  if (answer.held) return { done: 'committed', plan: made };
  // The entries' own writes come first.
  const known = new Set(fresh.filter((_, index) => answer.reasons[index]?.code === 'ConditionalCheckFailed'));
  return known.size > 0
    ? { done: 'known', fresh: entries.filter(({ key }) => ![...known].some((one) => one.key === key)) }
    : { done: 'contended' };
}

/** Meetings with other transactions are tried again a few times there; what is contended longer than that has to wait its turn. */
async function transactOnce(writes: readonly Write[]): Promise<{ held: true } | { held: false; reasons: Reason[] }> {
  try {
    return await transact(writes);
  } catch (error) {
    if (error instanceof Throttled) return { held: false, reasons: [] };
    throw error;
  }
}

async function readSeries(table: string, entries: readonly Entry[]): Promise<Map<string, Total>> {
  const keys = [...new Set(entries.flatMap(({ series }) => (series ? [series.key] : [])))];
  if (keys.length === 0) return new Map();
  const rows = await getMany(keys.map((key) => ({ table, key: seriesKey(key) })));
  return new Map(rows.flatMap((row, index) => (row ? [[keys[index] ?? '', row as unknown as Total] as const] : [])));
}

async function readGroup(table: string, group: Group, entries: readonly Entry[]): Promise<StoredGroup> {
  const pk = groupPk(group);
  const { from, to } = reach(entries.filter((entry) => entry.group === group));
  // The version before the rows, never beside them: rows that are newer than their version fail the transaction, older ones would be written back.
  const head = await get(table, { pk, sk: headSk });
  // One partition, few rows an hour; keys of all three kinds sort by time within their kind.
  const rows = await Promise.all(
    (['E', 'S', 'M'] as const).map((kind) => query(table, pk, { from: `${kind}#${pad(from - 1)}`, to: `${kind}#${pad(to)}~` })),
  );
  const cells = new Map<string, StoredCell>();
  for (const row of rows.flat()) {
    const cell = cellOf(row);
    cells.set(cellKey(cell), cell);
  }
  return { group, version: Number(head?.version ?? 0), cells };
}

/** BatchGetItem takes a hundred keys. */
const keysAtOnce = 100;
const readsAtOnce = 8;

/** Drops what the ledger has already: after a lost answer, a repeat, or another sender of the same points. */
export async function withoutKnown(table: string, entries: readonly Entry[]): Promise<Entry[]> {
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
