import { describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { createMetricStore, type MetricPoint } from './metric-store.ts';
import { read } from './statistic-set.ts';

const start = Date.parse('2026-03-01T12:00:00Z');
const minute = 60_000;
const point = (over: Partial<MetricPoint> = {}): MetricPoint => ({
  namespace: 'Gatehouse',
  name: 'Tokens',
  unit: 'Count',
  dimensions: { model: 'haiku' },
  values: [1],
  timestamp: start,
  ...over,
});
function open(limit?: number) {
  const clock = createClock(() => start);
  return { clock, store: createMetricStore({ clock, ...(limit !== undefined && { limit }) }) };
}

describe('series', () => {
  it('tells dimension sets apart, whatever their order', () => {
    const { store } = open();
    store.put(point({ dimensions: { a: '1', b: '2' } }));
    store.put(point({ dimensions: { b: '2', a: '1' } }));
    store.put(point({ dimensions: { a: '1' } }));
    store.put(point({ dimensions: {} }));
    expect(store.all().map(({ dimensions }) => dimensions)).toEqual([{ a: '1', b: '2' }, { a: '1' }, {}]);
  });

  it('keeps units apart and reads them together unless one is asked for', () => {
    const { store } = open();
    store.put(point({ unit: 'Count', values: [1] }));
    store.put(point({ unit: undefined, values: [10] }));
    const series = store.find('Gatehouse', 'Tokens', { model: 'haiku' });
    const sum = (unit?: string) => {
      const set = store.collect(series, { from: start, to: start + minute, periodMs: minute, unit }).get(start);
      return set && read(set, 'Sum');
    };
    expect([sum(), sum('Count'), sum('None'), sum('Bytes')]).toEqual([11, 1, 10, undefined]);
  });

  it('counts a value as often as it came, and leaves out what is no number', () => {
    const { store } = open();
    store.put(point({ values: [2, 5, Number.NaN, 100], counts: [3, 1, 1, 0] }));
    const set = store.collect(store.all()[0], { from: start, to: start + minute, periodMs: minute }).get(start);
    expect(set).toMatchObject({ count: 4, sum: 11, min: 2, max: 5 });
  });
});

describe('periods', () => {
  it('gathers minutes into periods counted from where it starts', () => {
    const { store } = open();
    for (let index = 0; index < 10; index++) store.put(point({ values: [index], timestamp: start + index * minute }));
    const found = store.collect(store.all()[0], { from: start + minute, to: start + 10 * minute, periodMs: 3 * minute });
    expect([...found].map(([at, set]) => [(at - start) / minute, read(set, 'Sum')])).toEqual([
      [1, 6],
      [4, 15],
      [7, 24],
    ]);
  });

  it('has seconds only of what came in high resolution', () => {
    const { store } = open();
    store.put(point({ values: [1], timestamp: start + 3_500, resolution: 1 }));
    store.put(point({ values: [5], timestamp: start + 4_500 }));
    const series = store.all()[0];
    expect([...store.collect(series, { from: start, to: start + minute, periodMs: 1000 }).keys()]).toEqual([start + 3000]);
    expect(store.collect(series, { from: start, to: start + minute, periodMs: minute }).get(start)?.sum).toBe(6);
  });

  it('does not give its own sets away', () => {
    const { store } = open();
    store.put(point());
    const window = { from: start, to: start + minute, periodMs: minute };
    const set = store.collect(store.all()[0], window).get(start);
    if (set) set.sum = 99;
    expect(store.collect(store.all()[0], window).get(start)?.sum).toBe(1);
  });
});

describe('bounds', () => {
  it('drops seconds after three hours, minutes after fifteen days, and series without any', () => {
    const { clock, store } = open();
    store.put(point({ resolution: 1 }));
    expect(store.size()).toBe(2);
    clock.advance(4 * 3600);
    store.put(point({ name: 'Other', timestamp: clock.now() }));
    expect(store.size()).toBe(2);
    clock.advance(16 * 86_400);
    store.put(point({ name: 'Third', timestamp: clock.now() }));
    expect(store.all().map(({ name }) => name)).toEqual(['Third']);
  });

  it('stays flat over days of minutes, and keeps the newest', () => {
    const { clock, store } = open(1000);
    let most = 0;
    for (let index = 0; index < 5000; index++) {
      clock.advance(60);
      store.put(point({ timestamp: clock.now() }));
      most = Math.max(most, store.size());
    }
    expect(most).toBeLessThanOrEqual(1001);
    expect(store.all()[0]?.newest).toBe(clock.now());
  });
});
