import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodStart, periods } from './rows.ts';
import { changedDays, daysOf, memberOf, monthOf, monthsOf, usedIn } from './used.ts';

const days = fc
  .date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2030-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe('what a person used', () => {
  it('of a period is the sum of its days, whichever months they are in', () => {
    fc.assert(
      fc.property(days, fc.array(fc.tuple(days, fc.integer({ min: 0, max: 1_000_000 })), { maxLength: 40 }), (today, spent) => {
        const all = [...spent, [today, 7] as const];
        const rows = new Map<string, Record<string, unknown>>();
        for (const [day, micros] of all) {
          const row = rows.get(monthOf(day)) ?? { sk: monthOf(day) };
          row[memberOf(day)] = Number(row[memberOf(day)] ?? 0) + micros;
          rows.set(monthOf(day), row);
        }
        for (const period of periods) {
          const start = periodStart(period, today);
          const read = monthsOf(period, start).map((month) => rows.get(month));
          const expected = all.reduce((sum, [day, micros]) => sum + (periodStart(period, day) === start ? micros : 0), 0);
          expect(usedIn(read, period, start)).toBe(expected);
        }
      }),
    );
  });

  it('is never less than nothing', () => {
    expect(usedIn([{ sk: '2026-11', d22: -5 }], 'daily', '2026-11-22')).toBe(0);
  });

  it('is read from two rows only for a week that two months share', () => {
    expect(monthsOf('weekly', '2026-11-30')).toEqual(['2026-11', '2026-12']);
    expect(monthsOf('weekly', '2026-11-23')).toEqual(['2026-11']);
    expect(monthsOf('monthly', '2026-02-01')).toEqual(['2026-02']);
    expect(daysOf('monthly', '2028-02-01')).toHaveLength(29);
  });

  it('changes on the days that differ', () => {
    expect(changedDays({ sk: '2026-11', d21: 5, d22: 7 }, { pk: 'USED#per_x', sk: '2026-11', d21: 5, d22: 9, d23: 1 })).toEqual([
      { day: '2026-11-22', micros: 2 },
      { day: '2026-11-23', micros: 1 },
    ]);
  });
});
