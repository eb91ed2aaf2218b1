import { noTokens } from '@gatehouse/ledger/price';
import { describe, expect, it } from 'vitest';
import { csv, noGroup, report, type Spent } from './report.ts';

const spent = (person: string, day: string, amount_micros: number): Spent => ({
  person,
  day,
  model: 'claude-opus-4-8',
  route: 'anthropic',
  amount_micros,
  requests: 1,
  claimed_micros: 0,
  server_micros: 0,
  tokens: { ...noTokens, input: amount_micros / 5 },
});
const all = [spent('per_1', '2026-11-21', 10), spent('per_2', '2026-11-20', 30), spent('per_1', '2026-11-20', 25)];
const groups = new Map([['per_1', ['berlin', 'engineering']]]);
const groupsOf = (person: string) => groups.get(person) ?? [];

describe('a report', () => {
  it('adds up under its heading, the dearest first', () => {
    expect(report(all, 'person', groupsOf)).toEqual([
      { key: 'per_1', amount_micros: 35, requests: 2, tokens: { ...noTokens, input: 7 } },
      { key: 'per_2', amount_micros: 30, requests: 1, tokens: { ...noTokens, input: 6 } },
    ]);
  });
  it('has no row for what was un-billed to nothing', () => {
    expect(report([...all, { ...spent('per_3', '2026-11-20', 0), requests: 0 }], 'person', groupsOf)).toHaveLength(2);
  });
  it('keeps days in their order', () => {
    expect(report(all, 'day', groupsOf).map(({ key, amount_micros }) => [key, amount_micros])).toEqual([
      ['2026-11-20', 55],
      ['2026-11-21', 10],
    ]);
  });
  it('counts somebody in each of their groups, and nobody is lost', () => {
    expect(report(all, 'group', groupsOf).map(({ key, amount_micros }) => [key, amount_micros])).toEqual([
      ['berlin', 35],
      ['engineering', 35],
      [noGroup, 30],
    ]);
  });
  it('does not change what it adds up', () => {
    const before = structuredClone(all);
    report(all, 'model', groupsOf);
    expect(all).toEqual(before);
  });
});

describe('CSV', () => {
  const line = (key: string) => csv([{ key, amount_micros: 1, requests: 2, tokens: noTokens }]).split('\r\n')[1];
  it('quotes what needs it', () => {
    expect(line('a, "b"')).toBe('"a, ""b""",1,2,0,0,0,0,0');
  });
  it.each(['=1+1', '+1', '-1', '@sum'])('is no formula for a spreadsheet: %s', (key) => {
    expect(line(key)).toMatch(/^'/);
  });
});
