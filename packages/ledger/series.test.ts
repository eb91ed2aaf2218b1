import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import { noTokens } from './price.ts';
import { resolveSeries, type Total } from './series.ts';

const nine = Date.UTC(2026, 10, 22, 9);
const group = { person: 'per_1', session: 's', model: 'm', route: 'anthropic', regional: false, fast: false, batch: false };

function total(minutes: number, count: number, series = 'a', start = nine): Entry {
  const at = nine + minutes * 60_000;
  const key = `${series} ${minutes} ${count}`;
  return { key, group, witness: 'metric', at, tokens: { ...noTokens, input: count }, requests: 0, series: { key: series, start } };
}

/** Resolves one after the other and answers what was counted in all. */
function counted(batches: readonly (readonly Entry[])[], known = new Map<string, Total>()): number {
  let sum = 0;
  for (const batch of batches) {
    const { entries, totals } = resolveSeries(batch, known);
    for (const { key, at, tokens } of totals) known.set(key, { at, tokens });
    sum += entries.reduce((count, { tokens }) => count + tokens.input, 0);
  }
  return sum;
}

describe('running totals', () => {
  it('count by what is new since the last one', () => {
    const { entries } = resolveSeries([total(2, 250)], new Map([['a', { at: nine + 60_000, tokens: { ...noTokens, input: 100 } }]]));
    expect(entries).toMatchObject([{ tokens: { input: 150 }, from: nine + 60_000, at: nine + 120_000 }]);
  });
  it('count from nothing when they are first seen soon after their start', () => {
    expect(counted([[total(1, 100)]])).toBe(100);
  });
  it('count from what they are when they began long before', () => {
    const longAgo = nine - 61 * 86_400_000;
    expect(counted([[total(1, 100, 'a', longAgo)], [total(2, 130, 'a', longAgo)]])).toBe(30);
    expect(counted([[total(1, 100, 'a', 0)]])).toBe(0);
  });
  it('start again as another series', () => {
    expect(counted([[total(1, 100)], [total(2, 5, 'b', nine + 61_000)], [total(3, 9, 'b', nine + 61_000)]])).toBe(109);
  });
  it('count from nothing again when one falls: the sender began anew', () => {
    expect(counted([[total(1, 100)], [total(2, 60)], [total(3, 120)]])).toBe(100 + 60 + 60);
  });
  it('count what is above the highest when the sender does not say when it began: it may be two', () => {
    expect(counted([[total(1, 100, 'a', 0)], [total(2, 60, 'a', 0)], [total(3, 120, 'a', 0)]])).toBe(20);
  });
  it('count whole when they are first heard of days after their start', () => {
    expect(counted([[total(1, 100, 'a', nine - 3 * 86_400_000)]])).toBe(100);
  });
  it('remember the time of a total that did not grow, so that the next window begins there', () => {
    expect(resolveSeries([total(2, 100)], new Map([['a', { at: nine, tokens: { ...noTokens, input: 100 } }]]))).toMatchObject({
      entries: [],
      totals: [{ key: 'a', at: nine + 120_000, before: nine }],
    });
  });
  it('leave what is no total as it is', () => {
    const { series: _, ...plain } = total(1, 100);
    expect(resolveSeries([plain], new Map())).toEqual({ entries: [plain], totals: [] });
  });
  it('come to the last total in any order, split and repeated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }),
        (growth, swaps) => {
          let sum = 0;
          const totals = growth.map((count, minute) => {
            sum += count;
            return total(minute + 1, sum);
          });
          const order = [...totals, ...totals.slice(0, 3)];
          for (const [a, b] of swaps) {
            const [x, y] = [a % order.length, b % order.length];
            [order[x], order[y]] = [order[y]!, order[x]!];
          }
          const batches = [order.slice(0, 4), order.slice(4, 5), order.slice(5)];
          expect(counted(batches)).toBe(sum);
        },
      ),
    );
  });
});
