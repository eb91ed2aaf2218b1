/**
 * Which rows a batch changes and by how much: entries and the rows they touch go in, a plan of one transaction comes out. Pure.
 * The plan holds only while the groups' versions are what was read.
 */
import { dayOf, type Entry, type Group } from './entry.ts';
import { billed, type Cell, claiming, fold } from './fold.ts';
import { addTokens, amountMicros, noTokens, type Terms as PriceTerms, type Tokens, tokenKinds } from './price.ts';
import { type Price, type PriceBook, priceOn } from './price-book.ts';
import { spendSk } from './rows.ts';

/** A cell as it stands in the table: what it witnesses, and what of it was billed when it was last written. */
export interface StoredCell extends Cell {
  billed: boolean;
  billed_micros: number;
  /** No price was known when it was billed: its tokens wait. */
  unpriced: boolean;
  /** Its claim counts. */
  claims: boolean;
}

export interface StoredGroup {
  group: Group;
  version: number;
  cells: ReadonlyMap<string, StoredCell>;
}

/** A change of counters; members may be negative when a better witness un-bills a worse one. */
export interface Difference {
  amount_micros: number;
  requests: number;
  tokens: Tokens;
  /** What the clients reckon, by the best of their witnesses. */
  claimed_micros: number;
  /** How much of the amount our own gateway saw. */
  server_micros: number;
}

export interface Plan {
  entries: readonly Entry[];
  groups: { group: Group; version: number; cells: Map<string, StoredCell> }[];
  /** person -> day#model#route -> difference */
  spend: Map<string, Map<string, Difference>>;
  /** person -> day -> micro-dollars */
  used: Map<string, Map<string, number>>;
  unpriced: { person: string; model: string; route: string; tokens: number }[];
}

export interface Terms {
  book: PriceBook;
  /** The negotiated share of the list price, in millionths. */
  multiplierPpm: number;
}

/** @param stored one for each group among the entries, in any order. */
export function plan(entries: readonly Entry[], stored: readonly StoredGroup[], terms: Terms): Plan {
  const made: Plan = { entries, groups: [], spend: new Map(), used: new Map(), unpriced: [] };
  const byGroup = new Map<Group, Entry[]>();
  for (const entry of entries) {
    const known = byGroup.get(entry.group);
    if (known) known.push(entry);
    else byGroup.set(entry.group, [entry]);
  }
  for (const { group, version, cells } of stored) {
    const next = fold(cells, byGroup.get(group) ?? []);
    const counted = billed(next);
    const claims = claiming(next);
    const changed = new Map<string, StoredCell>();
    let waiting = 0;
    for (const [key, cell] of next) {
      const before = cells.get(key);
      // At the edges of what was read a cell's better witnesses may lie outside of it. They never go away: what was un-billed stays so.
      const counts = counted.has(key) && before?.billed !== false;
      const after = { ...bill(group, cell, counts, terms), claims: claims.has(key) && before?.claims !== false };
      if (before && before.billed === after.billed && before.claims === after.claims && before.tokens === cell.tokens) continue;
      changed.set(key, after);
      note(made, group, before, after);
      if (after.unpriced) waiting += countOf(after.tokens) - (before?.unpriced ? countOf(before.tokens) : 0);
    }
    made.groups.push({ group, version, cells: changed });
    if (waiting > 0) made.unpriced.push({ person: group.person, model: group.model, route: group.route, tokens: waiting });
  }
  return made;
}

/** Prices what waits for a price, as of its own day. Other cells keep what they were billed when they were written. */
export function replan({ group, version, cells }: StoredGroup, terms: Terms): Plan {
  const made: Plan = { entries: [], groups: [], spend: new Map(), used: new Map(), unpriced: [] };
  const changed = new Map<string, StoredCell>();
  for (const [key, cell] of cells) {
    if (!cell.unpriced) continue;
    const after = { ...bill(group, cell, true, terms), claims: cell.claims };
    if (after.unpriced) continue;
    changed.set(key, after);
    note(made, group, cell, after);
  }
  if (changed.size > 0) made.groups.push({ group, version, cells: changed });
  return made;
}

function bill(group: Group, cell: Cell, counts: boolean, { book, multiplierPpm }: Terms): Omit<StoredCell, 'claims'> {
  const price = counts ? priceOn(book, group.model, dayOf(cell.at)) : undefined;
  const { regional, fast, batch } = group;
  const terms = { regional, fast, batch, multiplierPpm };
  const micros = price ? microsOf(cell, price, terms) : 0;
  return { ...cell, billed: counts, billed_micros: micros, unpriced: counts && price === undefined && countOf(cell.tokens) > 0 };
}

function microsOf({ tokens, regional }: Cell, price: Price, terms: PriceTerms): number {
  if (!regional) return amountMicros(tokens, price, terms);
  return amountMicros(minus(tokens, regional), price, terms) + amountMicros(regional, price, { ...terms, regional: true });
}

function note({ spend, used }: Plan, group: Group, before: StoredCell | undefined, after: StoredCell): void {
  const was = before?.billed ? before : { billed_micros: 0, requests: 0, tokens: noTokens };
  const is = after.billed ? after : { billed_micros: 0, requests: 0, tokens: noTokens };
  const difference: Difference = {
    amount_micros: is.billed_micros - was.billed_micros,
    requests: is.requests - was.requests,
    tokens: minus(is.tokens, was.tokens),
    claimed_micros: claimOf(after) - claimOf(before),
    server_micros: after.kind === 'S' ? is.billed_micros - was.billed_micros : 0,
  };
  const { amount_micros, requests, claimed_micros } = difference;
  if (amount_micros === 0 && requests === 0 && claimed_micros === 0 && countOf(difference.tokens, Math.abs) === 0) return;
  const day = dayOf(after.at);
  const days = inner(spend, group.person);
  const key = spendSk(day, group.model, group.route);
  const sum = days.get(key);
  days.set(key, sum ? plus(sum, difference) : difference);
  if (difference.amount_micros === 0) return;
  const mine = inner(used, group.person);
  mine.set(day, (mine.get(day) ?? 0) + difference.amount_micros);
}

function claimOf(cell: StoredCell | undefined): number {
  return cell?.claims ? (cell.claimed ?? 0) : 0;
}

function inner<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = map.get(key);
  if (known) return known;
  const made = new Map<string, V>();
  map.set(key, made);
  return made;
}

/** Differences of one place. */
export function plus(a: Difference, b: Difference): Difference {
  return {
    amount_micros: a.amount_micros + b.amount_micros,
    requests: a.requests + b.requests,
    tokens: addTokens(a.tokens, b.tokens),
    claimed_micros: a.claimed_micros + b.claimed_micros,
    server_micros: a.server_micros + b.server_micros,
  };
}

function minus(a: Tokens, b: Tokens): Tokens {
  const difference = { ...noTokens };
  for (const kind of tokenKinds) difference[kind] = a[kind] - b[kind];
  return difference;
}

function countOf(tokens: Tokens, of: (count: number) => number = (count) => count): number {
  return tokenKinds.reduce((sum, kind) => sum + of(tokens[kind]), 0);
}

/** Transactions take 100 items; some are kept for counters that only show once the rows are read. */
const maxEntries = 40;
const maxItems = 70;

/** Splits a batch the same way each time: by group, then time, then key; at most 40 entries a chunk and few enough rows for one transaction. */
export function chunks(entries: readonly Entry[]): Entry[][] {
  const groups = new Map<Group, number>();
  for (const { group } of entries) if (!groups.has(group)) groups.set(group, groups.size);
  const sorted = [...entries].sort(
    (a, b) => (groups.get(a.group) ?? 0) - (groups.get(b.group) ?? 0) || a.at - b.at || (a.key < b.key ? -1 : 1),
  );
  const made: Entry[][] = [];
  let chunk: Entry[] = [];
  let items = 0;
  let seen = new Set<unknown>();
  for (const entry of sorted) {
    // An entry is a row, its cell another, its series a third; a new group adds its head, a day's counter and, through its metrics, a window or two.
    const cost = (entry.series ? 3 : 2) + (seen.has(entry.group) ? 0 : 4);
    if (chunk.length === maxEntries || items + cost > maxItems) {
      made.push(chunk);
      chunk = [];
      items = 0;
      seen = new Set();
    }
    chunk.push(entry);
    seen.add(entry.group);
    items += cost;
  }
  if (chunk.length > 0) made.push(chunk);
  return made;
}
