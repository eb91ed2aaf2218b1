import { describe, expect, it } from 'vitest';
import { bareSet, merge, read, type StatisticSet, setOf } from './statistic-set.ts';

function gather(values: readonly number[]): StatisticSet {
  const [first = 0, ...rest] = values;
  const set = setOf(first);
  for (const value of rest) merge(set, setOf(value));
  return set;
}

describe('statistics of one set', () => {
  const set = gather([4, 8, 15, 16, 23, 42]);
  it.each([
    ['SampleCount', 6],
    ['Sum', 108],
    ['Average', 18],
    ['Minimum', 4],
    ['Maximum', 42],
    ['p0', 4],
    ['p50', 15],
    ['p90', 42],
    ['p99.9', 42],
    ['p100', 42],
  ])('reads %s', (statistic, value) => {
    expect(read(set, statistic)).toBe(value);
  });

  it('knows no statistic of another name', () => {
    for (const name of ['p101', 'tm99', 'Median', 'p', '']) expect(read(set, name)).toBeUndefined();
  });
});

describe('many values', () => {
  it('keeps no values while all are alike', () => {
    const set = gather(Array.from({ length: 10_000 }, () => 7));
    expect(set.values).toBeUndefined();
    expect(read(set, 'p50')).toBe(7);
    merge(set, setOf(9, 10_000));
    expect([read(set, 'p50'), read(set, 'p51')]).toEqual([7, 9]);
  });

  it('stays small over a hundred thousand different values and tells percentiles to within one per cent', () => {
    const set = setOf(1);
    for (let value = 2; value <= 100_000; value++) merge(set, setOf(value));
    expect(set.values?.size).toBeLessThan(2000);
    for (const percent of [50, 90, 99]) {
      const value = read(set, `p${percent}`) ?? 0;
      expect(Math.abs(value / (percent * 1000) - 1), `p${percent}`).toBeLessThan(0.01);
    }
    expect(read(set, 'Sum')).toBe(5_000_050_000);
  });

  it('orders negative values below positive ones', () => {
    const set = gather(Array.from({ length: 601 }, (_, index) => index - 300));
    expect(Math.abs(read(set, 'p50') ?? 99)).toBeLessThan(3);
    expect(read(set, 'p0')).toBe(-300);
  });
});

describe('sets that came without their values', () => {
  it('tells no percentile, and goes on to tell none', () => {
    const set = gather([1, 2]);
    merge(set, bareSet({ count: 10, sum: 50, min: 2, max: 9 }));
    merge(set, setOf(3));
    expect(read(set, 'p50')).toBeUndefined();
    expect([read(set, 'SampleCount'), read(set, 'Sum'), read(set, 'Minimum'), read(set, 'Maximum')]).toEqual([13, 56, 1, 9]);
  });

  it('tells percentiles when its bounds meet', () => {
    expect(read(bareSet({ count: 3, sum: 15, min: 5, max: 5 }), 'p99')).toBe(5);
  });
});
