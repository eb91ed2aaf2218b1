import { describe, expect, it } from 'vitest';
import { type Known, reconcile, totalsOf } from './reconciliation.ts';

const known: Known = {
  person: 'per_1',
  day: '2026-11-22',
  ledger: 1_000,
  claimed: 900,
  server: 1_000,
  billed: { bedrock: 1_100 },
  missing: 2,
  heard: true,
};
const rowOf = (change: Partial<Known>) => reconcile([{ ...known, ...change }])[0]!;

describe('a person’s day', () => {
  it('shows what share of it clients reported, and how far the bill is off', () => {
    expect(rowOf({})).toMatchObject({
      client_micros: 900,
      coverage_percent: 81.8,
      drift_percent: 9.1,
      state: 'reporting',
      missing_events: 2,
    });
  });
  it.each([
    [
      'nobody else looked',
      { server: 0, billed: {} },
      { coverage_percent: null, drift_percent: null, state: 'reporting', client_micros: 1_000 },
    ],
    ['clients reported more than was seen', { claimed: 5_000 }, { coverage_percent: 100 }],
    ['two sources bill the same use', { billed: { bedrock: 1_000, cur: 1_000 } }, { billed_micros: 1_000, drift_percent: 0 }],
    ['others saw spend and no client was heard', { claimed: 0, heard: false }, { state: 'silent', coverage_percent: 0 }],
    ['clients live and nothing is used', { ledger: 0, claimed: 0, server: 0, billed: {} }, { state: 'idle' }],
  ] as const)('when %s', (_, change, expected) => {
    expect(rowOf(change)).toMatchObject(expected);
  });
  it('adds up to the company, its silent people counted once', () => {
    const silent = { ...known, claimed: 0, heard: false };
    const rows = reconcile([known, { ...silent, person: 'per_2' }, { ...silent, person: 'per_2', day: '2026-11-23' }]);
    expect(totalsOf(rows)).toEqual({ coverage_percent: 27.3, drift_percent: 9.1, silent_people: 1, missing_events: 6 });
    expect(totalsOf([])).toEqual({ coverage_percent: null, drift_percent: null, silent_people: 0, missing_events: 0 });
  });
});
