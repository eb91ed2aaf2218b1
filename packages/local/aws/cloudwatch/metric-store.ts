/**
 * The metrics themselves: points by namespace, name and dimension set, gathered into statistic sets of a minute, and of a second where
 * high resolution was asked. Bounded in age and number. It refuses nothing and knows no API.
 */
import type { Clock } from '../../clock.ts';
import { copy, merge, type StatisticSet, setOf } from './statistic-set.ts';

export interface MetricPoint {
  namespace: string;
  name: string;
  /** A CloudWatch unit; `None` when absent. */
  unit?: string | undefined;
  dimensions: Readonly<Record<string, string>>;
  values: readonly number[];
  /** How often each of `values` came; once when absent. */
  counts?: readonly number[] | undefined;
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** Seconds. 60 when absent. */
  resolution?: 1 | 60 | undefined;
}

export interface Series {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  /** Start of the newest minute that has data, in milliseconds. */
  newest: number;
  units: Map<string, Buckets>;
}

/** Statistic sets by the start of their minute or second, in milliseconds. */
interface Buckets {
  minutes: Map<number, StatisticSet>;
  seconds: Map<number, StatisticSet>;
}

export interface Window {
  /** Milliseconds; `from` is in, `to` is not. */
  from: number;
  to: number;
  periodMs: number;
  /** Only what came with this unit; all units together when absent. */
  unit?: string | undefined;
  /** True to leave out what only percentiles need. */
  bare?: boolean | undefined;
}

export interface MetricStore {
  put(point: MetricPoint): void;
  /** The same for values that came as a statistic set. */
  putSet(point: Omit<MetricPoint, 'values' | 'counts'>, set: StatisticSet): void;
  find(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): Series | undefined;
  all(): Series[];
  /** Statistic sets by the start of their period, counted from `from`; periods without data are absent. */
  collect(series: Series | undefined, window: Window): Map<number, StatisticSet>;
  /** How many statistic sets are kept. */
  size(): number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** CloudWatch keeps seconds for 3 hours and minutes for 15 days. */
const keepSecondsMs = 3 * hourMs;
const keepMinutesMs = 15 * 24 * hourMs;
const mostSets = 150_000;

/** `limit`: above how many statistic sets the oldest are dropped, once a minute at most. */
export function createMetricStore({ clock, limit = mostSets }: { clock: Clock; limit?: number }): MetricStore {
  const series = new Map<string, Series>();
  let size = 0;
  let swept = clock.now();

  function put(point: MetricPoint): void {
    point.values.forEach((value, index) => {
      const count = point.counts?.[index] ?? 1;
      if (count > 0 && Number.isFinite(value)) putSet(point, setOf(value, count));
    });
  }

  function putSet(point: Omit<MetricPoint, 'values' | 'counts'>, set: StatisticSet): void {
    const { namespace, name, dimensions, timestamp } = point;
    const key = keyOf(namespace, name, dimensions);
    const one = series.get(key) ?? { namespace, name, dimensions: { ...dimensions }, newest: 0, units: new Map<string, Buckets>() };
    series.set(key, one);
    const unit = point.unit ?? 'None';
    const buckets = one.units.get(unit) ?? { minutes: new Map(), seconds: new Map() };
    one.units.set(unit, buckets);
    const minute = floor(timestamp, minuteMs);
    one.newest = Math.max(one.newest, minute);
    add(buckets.minutes, minute, set);
    if (point.resolution === 1) add(buckets.seconds, floor(timestamp, 1000), set);
    const sinceSweep = clock.now() - swept;
    if (sinceSweep >= hourMs || (size > limit && sinceSweep >= minuteMs)) sweep();
  }

  function add(buckets: Map<number, StatisticSet>, start: number, set: StatisticSet): void {
    const known = buckets.get(start);
    if (known) {
      merge(known, set);
      return;
    }
    buckets.set(start, copy(set));
    size++;
  }

  function sweep(): void {
    swept = clock.now();
    drop(swept - keepMinutesMs, swept - keepSecondsMs);
    if (size <= limit) return;
    // A tenth more than needed, so that the next minute does not sweep again.
    const starts = [...series.values()].flatMap(({ units }) =>
      [...units.values()].flatMap(({ minutes, seconds }) => [...minutes.keys(), ...seconds.keys()]),
    );
    const cut = starts.sort((a, b) => a - b)[starts.length - Math.floor(limit * 0.9)] ?? swept;
    drop(cut, cut);
  }

  function drop(minutesBefore: number, secondsBefore: number): void {
    for (const [key, { units }] of series) {
      for (const [unit, { minutes, seconds }] of units) {
        size -= dropBefore(minutes, minutesBefore) + dropBefore(seconds, secondsBefore);
        if (minutes.size === 0) units.delete(unit);
      }
      if (units.size === 0) series.delete(key);
    }
  }

  function find(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): Series | undefined {
    return series.get(keyOf(namespace, name, dimensions));
  }

  return { put, putSet, find, all: () => [...series.values()], collect, size: () => size };
}

function collect(series: Series | undefined, { from, to, periodMs, unit, bare = false }: Window): Map<number, StatisticSet> {
  const found = new Map<number, StatisticSet>();
  for (const [name, { minutes, seconds }] of series?.units ?? []) {
    if (unit !== undefined && unit !== name) continue;
    const [buckets, stepMs] = periodMs < minuteMs ? [seconds, 1000] : [minutes, minuteMs];
    for (const start of startsIn(buckets, from, to, stepMs)) {
      const set = buckets.get(start);
      if (!set) continue;
      const window = from + floor(start - from, periodMs);
      const known = found.get(window);
      if (known) merge(known, set);
      else found.set(window, bare ? { ...set, values: undefined, bare } : copy(set));
    }
  }
  return found;
}

/** Steps through the time or through the buckets, whichever is fewer. */
function* startsIn(buckets: Map<number, StatisticSet>, from: number, to: number, stepMs: number): Iterable<number> {
  if ((to - from) / stepMs > buckets.size) {
    for (const start of buckets.keys()) if (start >= from && start < to) yield start;
  } else for (let start = Math.ceil(from / stepMs) * stepMs; start < to; start += stepMs) yield start;
}

function dropBefore(buckets: Map<number, StatisticSet>, before: number): number {
  let dropped = 0;
  for (const start of buckets.keys()) if (start < before && buckets.delete(start)) dropped++;
  return dropped;
}

function keyOf(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function floor(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
