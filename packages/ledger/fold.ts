/**
 * What is billed, as an order-free fold over everything witnessed in a group. Server minutes count; event minutes count where no server
 * minute is near; a metric window counts where no event speaks inside it, and no server inside or near it. A better witness that comes late un-bills the worse one.
 * Pure: the state that a batch touches goes in, the state after it comes out.
 */
import { type Entry, minuteOf } from './entry.ts';
import { addTokens, type Tokens } from './price.ts';

/** `E` event minute, `S` server minute: `at` is the minute's start. `M` metric window: `at` is its end. */
export interface Cell {
  kind: 'S' | 'E' | 'M';
  at: number;
  from?: number;
  tokens: Tokens;
  requests: number;
  /** Those of the tokens that Bedrock's regional premium is asked for, in a group that is not regional itself. */
  regional?: Tokens;
  /** The clients' own reckoning, micro-dollars. */
  claimed?: number;
}

export type Cells = ReadonlyMap<string, Cell>;

/** A window longer than this is taken to speak of its last two hours only: what a batch touches stays a bounded read. */
const longestWindowMs = 2 * 3_600_000;

export function cellKey(cell: Pick<Cell, 'kind' | 'at' | 'from'>): string {
  const at = pad(cell.at);
  return cell.kind === 'M' ? `M#${at}#${pad(cell.from ?? cell.at)}` : `${cell.kind}#${at}`;
}

/** Milliseconds in 13 digits, so that keys sort by time. */
export function pad(ms: number): string {
  let text = texts.get(ms);
  if (text === undefined) {
    text = String(Math.max(0, Math.trunc(ms))).padStart(13, '0');
    if (texts.size >= mostTexts) texts.clear();
    texts.set(ms, text);
  }
  return text;
}

/** The points of a batch share a few times. */
const texts = new Map<number, string>();
const mostTexts = 512;

const kinds = { server: 'S', event: 'E', metric: 'M' } as const;

/** The cells after the entries are added. Adding is commutative; callers add each entry once. */
export function fold(cells: Cells, entries: readonly Entry[]): Map<string, Cell> {
  const next = new Map(cells);
  for (const entry of entries) {
    const kind = kinds[entry.witness];
    const at = kind === 'M' ? entry.at : minuteOf(entry.at);
    const from = Math.min(entry.from ?? at, at);
    const key = kind === 'M' ? `M#${pad(at)}#${pad(from)}` : `${kind}#${pad(at)}`;
    const old = next.get(key);
    const tokens = old ? addTokens(old.tokens, entry.tokens) : entry.tokens;
    const requests = (old?.requests ?? 0) + entry.requests;
    const claimed = (old?.claimed ?? 0) + (entry.claimedMicros ?? 0);
    const cell: Cell = kind === 'M' ? { kind, at, from, tokens, requests } : { kind, at, tokens, requests };
    if (claimed > 0) cell.claimed = claimed;
    const regional =
      old?.regional && entry.regionalTokens ? addTokens(old.regional, entry.regionalTokens) : (old?.regional ?? entry.regionalTokens);
    if (regional) cell.regional = regional;
    next.set(key, cell);
  }
  return next;
}

/** The keys of the cells that are billed. */
export function billed(cells: Cells): Set<string> {
  return counting(cells, true);
}

/** The keys of the cells whose claims count: what would be billed if the clients alone had spoken. */
export function claiming(cells: Cells): Set<string> {
  return counting(cells, false);
}

/** The gateway saw a request end on its own clock, the client on another: within so much they mean the same. */
const apartMs = 2 * 60_000;

function counting(cells: Cells, withServer: boolean): Set<string> {
  const server: number[] = [];
  const events: number[] = [];
  for (const { kind, at } of cells.values()) {
    if (kind === 'S' && withServer) server.push(at);
    if (kind === 'E') events.push(at);
  }
  server.sort((a, b) => a - b);
  events.sort((a, b) => a - b);
  const keys = new Set<string>();
  for (const [key, cell] of cells) {
    if (cell.kind === 'S') {
      if (withServer) keys.add(key);
      continue;
    }
    const from = cell.kind === 'M' ? coverageFrom(cell) : cell.at;
    if (speaksWithin(server, from - apartMs, cell.at + apartMs)) continue;
    if (cell.kind === 'E' || !speaksWithin(events, from, cell.at)) keys.add(key);
  }
  return keys;
}

/** Where a window begins to be covered by better witnesses. */
function coverageFrom({ at, from }: Pick<Cell, 'at' | 'from'>): number {
  return minuteOf(Math.max(from ?? at, at - longestWindowMs));
}

/** Whether a sorted list has a minute within the bounds, both included. */
function speaksWithin(minutes: readonly number[], from: number, to: number): boolean {
  let low = 0;
  let high = minutes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((minutes[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low < minutes.length && (minutes[low] ?? 0) <= to;
}

/**
 * The stretch of time whose cells a batch can change or be changed by; the read before a write. What else speaks of the cells at its edges may lie outside.
 */
export function reach(entries: readonly Entry[]): { from: number; to: number } {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { at, from: start } of entries) {
    from = Math.min(from, coverageFrom({ at, from: start ?? at }));
    to = Math.max(to, at);
  }
  // A window that ends up to two hours later may begin before what is added here.
  return { from: from - apartMs, to: to + longestWindowMs + apartMs };
}
