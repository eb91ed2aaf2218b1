import { describe, expect, it } from 'vitest';
import { limitsOf, type Standing, spendBars } from './limits.ts';

const own: Standing = {
  budget: { period: 'monthly', amount_micros: 50_000_000, scope: 'person', warn_percent: [80] },
  start: '2026-11-01',
  usedMicros: 40_244_000,
};
const shared: Standing = {
  budget: { period: 'monthly', amount_micros: 100_000_000, scope: 'group', group: 'engineering' },
  start: '2026-11-01',
  usedMicros: 99_000_000,
};
const used = { daily: 1_234_000, weekly: 2_000_000, monthly: 40_244_000 };

describe('limits', () => {
  it('say what is used of what, and when it starts anew', () => {
    expect(limitsOf([own])).toEqual([
      { scope: 'person', period: 'monthly', amount_micros: 50_000_000, used_micros: 40_244_000, resets_at: '2026-12-01T00:00:00.000Z' },
    ]);
  });
  it('name the group that shares one', () => {
    expect(limitsOf([shared])).toMatchObject([{ scope: 'group', group: 'engineering' }]);
  });
});

describe('the bars of Claude Code', () => {
  it('are in cents and whole percents, null where there is no limit', () => {
    expect(spendBars([own], used)).toEqual({
      extra_usage: {
        is_enabled: true,
        monthly_limit: 5_000,
        used_credits: 4_024,
        utilization: 80,
        currency: 'USD',
        daily: { limit: null, used_credits: 123, utilization: null },
        weekly: { limit: null, used_credits: 200, utilization: null },
      },
      limits: [
        { kind: 'spend', group: 'monthly', percent: 80, resets_at: '2026-12-01T00:00:00.000Z', severity: 'warning', is_active: true },
      ],
    });
  });
  it('show the limit that is nearer to its end', () => {
    expect(spendBars([own, shared], used).extra_usage).toMatchObject({ monthly_limit: 10_000, utilization: 99 });
  });
  it('are empty without limits', () => {
    expect(spendBars([], used)).toMatchObject({ extra_usage: { monthly_limit: null, utilization: null }, limits: [] });
  });
});
