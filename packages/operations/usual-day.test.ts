import { expect, it } from 'vitest';
import { comparedDays, spendVsUsual } from './usual-day.ts';

const usual = [90_000_000, 110_000_000, 100_000_000, 100_000_000];

it('compares with the four equal weekdays before', () => {
  expect(comparedDays(Date.parse('2026-11-22T23:59:59Z'))).toEqual({
    today: '2026-11-22',
    usual: ['2026-11-15', '2026-11-08', '2026-11-01', '2026-10-25'],
  });
});

it('is a hundred percent on a usual day, whatever the order of those before', () => {
  expect(spendVsUsual(100_000_000, usual)).toBe(100);
  expect(spendVsUsual(250_000_000, [...usual].reverse())).toBe(250);
});

it('is not moved by one holiday or one surge among them', () => {
  expect(spendVsUsual(100_000_000, [0, ...usual.slice(1)])).toBe(100);
  expect(spendVsUsual(100_000_000, [9_000_000_000, 100_000_000, 100_000_000, 90_000_000])).toBe(100);
});

it('says nothing where nothing is usual yet', () => {
  expect(spendVsUsual(100_000_000, [0, 0, 0, 110_000_000])).toBeUndefined();
  expect(spendVsUsual(100_000_000, [9_999_999, 9_999_999, 9_999_999, 9_999_999])).toBeUndefined();
});
