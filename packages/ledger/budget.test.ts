import { describe, expect, it } from 'vitest';
import { type Budget, budgetId, markPassed, usedPercent } from './budget.ts';
import { periodEnd, periodStart } from './rows.ts';

const budget: Budget = { period: 'monthly', amount_micros: 1_000_000, scope: 'person', warn_percent: [75, 90] };

describe('a budget', () => {
  it.each([
    [0, undefined],
    [749_999, undefined],
    [750_000, 75],
    [899_999, 75],
    [900_000, 90],
    [999_999, 90],
    [1_000_000, 100],
    [5_000_000, 100],
    [-10, undefined],
  ])('with %i of a million used has passed %s', (used, mark) => {
    expect(markPassed(budget, used)).toBe(mark);
  });
  it('that says nothing of warnings warns at 75, 90 and 95 percent; an empty list warns at none', () => {
    const { warn_percent: _, ...bare } = budget;
    expect([749_999, 750_000, 900_000, 999_999, 1_000_000].map((used) => markPassed(bare, used))).toEqual([undefined, 75, 90, 95, 100]);
    expect(markPassed({ ...budget, warn_percent: [] }, 999_999)).toBeUndefined();
  });
  it('of nothing is over with the first micro-dollar', () => {
    expect([usedPercent(0, 0), usedPercent(0, 1)]).toEqual([0, 100]);
  });
  it('is named by whom it is for', () => {
    expect(budgetId(budget, 'per_1')).toBe('person:per_1:monthly');
    expect(budgetId({ ...budget, scope: 'group', group: 'engineering' }, 'per_1')).toBe('group:engineering:monthly');
  });
});

describe('periods', () => {
  it.each([
    ['daily', '2026-11-22', '2026-11-22', '2026-11-23'],
    ['weekly', '2026-11-22', '2026-11-16', '2026-11-23'],
    ['weekly', '2026-11-23', '2026-11-23', '2026-11-30'],
    ['monthly', '2026-12-31', '2026-12-01', '2027-01-01'],
  ] as const)('%s, on %s, began on %s and ends before %s', (period, day, start, end) => {
    expect([periodStart(period, day), periodEnd(period, start)]).toEqual([start, end]);
  });
});
