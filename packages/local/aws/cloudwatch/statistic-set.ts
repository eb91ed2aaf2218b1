/**
 * What is kept of many values: their count, sum, bounds and, for percentiles, how often each came. Merges and reads such sets; never
 * knows which metric or time they are of.
 */

export interface StatisticSet {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** How often each value came. Absent while all were alike, and `undefined` for good once a part came without its values. */
  values?: Map<number, number> | undefined;
  /** True when a part came as a bare statistic set: percentiles cannot be told. */
  bare: boolean;
}

/** Above this many different values a set keeps them to within 0.5 %, as CloudWatch's own distributions are approximate. */
const exactValues = 200;
const binWidth = Math.log(1.01);

export function setOf(value: number, count = 1): StatisticSet {
  return { count, sum: value * count, min: value, max: value, bare: false };
}

/** A set whose values are not known. Of one value only when its bounds meet. */
export function bareSet(set: { count: number; sum: number; min: number; max: number }): StatisticSet {
  return { ...set, bare: set.min !== set.max };
}

/** Adds `more` to `into`, which is changed. */
export function merge(into: StatisticSet, more: StatisticSet): void {
  const bare = into.bare || more.bare;
  if (bare) into.values = undefined;
  else if (into.min !== into.max || more.min !== more.max || into.min !== more.min) {
    into.values ??= new Map([[into.min, into.count]]);
    for (const [value, count] of more.values ?? [[more.min, more.count] as const]) addValue(into.values, value, count);
  }
  into.bare = bare;
  into.count += more.count;
  into.sum += more.sum;
  into.min = Math.min(into.min, more.min);
  into.max = Math.max(into.max, more.max);
}

export function copy(set: StatisticSet): StatisticSet {
  return { ...set, ...(set.values && { values: new Map(set.values) }) };
}

function addValue(values: Map<number, number>, value: number, count: number): void {
  const kept = values.size < exactValues || values.has(value) ? value : coarse(value);
  values.set(kept, (values.get(kept) ?? 0) + count);
}

/** The middle of the value's 1 % wide bin. */
function coarse(value: number): number {
  if (value === 0) return 0;
  return Math.sign(value) * Math.exp(Math.round(Math.log(Math.abs(value)) / binWidth) * binWidth);
}

export type SimpleStatistic = 'SampleCount' | 'Sum' | 'Average' | 'Minimum' | 'Maximum';
const simpleStatistics: readonly SimpleStatistic[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

export function isSimpleStatistic(name: unknown): name is SimpleStatistic {
  return simpleStatistics.some((known) => known === name);
}

/** `p99`, `p99.9`: the number, else undefined. */
export function percentileOf(name: string): number | undefined {
  const percent = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1];
  return percent !== undefined && Number(percent) <= 100 ? Number(percent) : undefined;
}

/** True for every statistic that `read` can answer. */
export function isStatistic(name: unknown): name is string {
  return typeof name === 'string' && (isSimpleStatistic(name) || percentileOf(name) !== undefined);
}

/** Undefined when the set cannot tell: a percentile of values that were never sent. */
export function read(set: StatisticSet, statistic: string): number | undefined {
  switch (statistic) {
    case 'SampleCount':
      return set.count;
    case 'Sum':
      return set.sum;
    case 'Average':
      return set.sum / set.count;
    case 'Minimum':
      return set.min;
    case 'Maximum':
      return set.max;
  }
  const percent = percentileOf(statistic);
  return percent === undefined || set.bare ? undefined : percentile(set, percent);
}

/** Nearest rank: the smallest value that at least `percent` % of all values do not exceed. */
function percentile(set: StatisticSet, percent: number): number {
  let left = Math.max(1, Math.ceil((percent / 100) * set.count));
  for (const [value, count] of [...(set.values ?? [])].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return Math.min(set.max, Math.max(set.min, value));
  }
  return set.max;
}
