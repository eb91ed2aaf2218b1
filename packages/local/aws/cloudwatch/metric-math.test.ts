import { describe, expect, it } from 'vitest';
import { idsOf, parseExpression } from './expression.ts';
import { evaluate, type TimeSeries } from './metric-math.ts';

const known: Record<string, TimeSeries> = {
  m1: new Map([
    [0, 10],
    [60, 20],
    [180, 40],
  ]),
  m2: new Map([
    [0, 2],
    [60, 0],
    [120, 5],
  ]),
  errors: new Map([[60, 3]]),
  none: new Map(),
};

function work(source: string): Record<string, number> {
  const scope = {
    series: (id: string) => known[id] ?? new Map<number, number>(),
    metricIds: ['m1', 'm2', 'errors'],
    periods: [0, 60, 120, 180],
    periodMs: 60_000,
  };
  return Object.fromEntries(evaluate(parseExpression(source), scope, source));
}

describe('expressions', () => {
  it.each([
    ['m1', { 0: 10, 60: 20, 180: 40 }],
    ['m1 + 1', { 0: 11, 60: 21, 180: 41 }],
    ['-m1 + 2 * 3', { 0: -4, 60: -14, 180: -34 }],
    ['(m1 - 2) / 2', { 0: 4, 60: 9, 180: 19 }],
    ['100 - m1 - 10', { 0: 80, 60: 70, 180: 50 }],
    ['m1 + m2', { 0: 12, 60: 20 }],
    ['m1 / m2', { 0: 5 }],
    ['m1 * 1.5e1', { 0: 150, 60: 300, 180: 600 }],
    ['SUM(METRICS())', { 0: 12, 60: 23, 120: 5, 180: 40 }],
    ['AVG([m1, m2])', { 0: 6, 60: 10, 120: 5, 180: 40 }],
    ['MAX(METRICS("m"))', { 0: 10, 60: 20, 120: 5, 180: 40 }],
    ["MIN(METRICS('m'))", { 0: 2, 60: 0, 120: 5, 180: 40 }],
    ['m1 / SUM(m1) * 70', { 0: 10, 60: 20, 180: 40 }],
    ['FILL(errors, 0)', { 0: 0, 60: 3, 120: 0, 180: 0 }],
    ['FILL(m2, REPEAT)', { 0: 2, 60: 0, 120: 5, 180: 5 }],
    ['FILL(none, 7)', { 0: 7, 60: 7, 120: 7, 180: 7 }],
    ['FILL(errors, m1)', { 0: 10, 60: 3, 180: 40 }],
    ['SUM(FILL(METRICS(), 1))', { 0: 13, 60: 23, 120: 7, 180: 42 }],
    ['IF(m1 > 15, m1, 0)', { 0: 0, 60: 20, 180: 40 }],
    ['IF(m1 > 15 AND m2 == 0, 1)', { 60: 1 }],
    ['IF(SUM(errors) >= 3, m2, 0)', { 0: 2, 60: 0, 120: 5 }],
    ['m1 >= 20 OR m2 == 2', { 0: 1, 60: 1 }],
    ['m2 != 0 && m2 < 5', { 0: 1, 60: 0, 120: 0 }],
    ['m1 / PERIOD(m1)', { 0: 10 / 60, 60: 20 / 60, 180: 40 / 60 }],
    ['ABS(-m2)', { 0: 2, 60: 0, 120: 5 }],
    ['CEIL(m2 / 4) + FLOOR(m2 / 4)', { 0: 1, 60: 0, 120: 3 }],
    ['none + SUM(none)', {}],
    ['IF(SUM(none) > 1, 1, m1)', { 0: 10, 60: 20, 180: 40 }],
  ])('works out %s', (source, series) => {
    const found = work(source);
    expect(Object.keys(found)).toEqual(Object.keys(series));
    for (const [time, value] of Object.entries(series)) expect(found[time]).toBeCloseTo(value, 10);
  });

  it.each([
    ['1 + 1', /must yield one time series, not a number/],
    ['SUM(m1)', /must yield one time series, not a number/],
    ['METRICS()', /must yield one time series, not a list/],
    ['m1 +', /at the end/],
    ['m1 m2', /unexpected at 'm2'/],
    ['(m1', /expected '\)' at the end/],
    ['m1 & m2', /cannot read '& m2'/],
    ['SUM(m1, m2)', /SUM\(\) does not take 2 arguments/],
    ['"text" + m1', /is no value/],
    ['SUM([1, m1])', /A list takes time series, not a number/],
    ['IF(METRICS(), 1, 0)', /not a list/],
  ])('refuses %s in words', (source, message) => {
    expect(() => work(source)).toThrow(message);
  });

  it.each([
    'm1 ^ 2',
    'ANOMALY_DETECTION_BAND(m1)',
    "SEARCH('{x} y', 'Sum', 60)",
    'RATE(m1)',
    'FILL(m1, LINEAR)',
    'METRICS() + METRICS()',
    'SELECT SUM(x) FROM y',
  ])('says that %s is not in the embedded stack', (source) => {
    expect(() => work(source)).toThrow(/is not in the embedded stack/);
  });

  it('names the metrics that an expression stands on', () => {
    expect(idsOf(parseExpression('IF(m1 > 1, FILL(m2, REPEAT), [a, -b] + SUM(METRICS()))'))).toEqual(['m1', 'm2', 'a', 'b']);
  });
});
