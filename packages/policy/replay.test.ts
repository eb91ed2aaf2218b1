import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { samplePolicy } from '@gatehouse/rules/sample';
import { describe, expect, it } from 'vitest';
import { createReplay, type Used } from './replay.ts';

const [admins, contractors, engineering] = samplePolicy.policies;
const parse = (policies: unknown[]) => PolicyDocument.parse({ ...samplePolicy, policies });
const current = parse([admins, contractors, engineering]);
const subject = (group: string) => ({ person: '', email: '', groups: [group] });

const use: Used = { person: 'per_a', day: '2026-11-20', model: 'claude-opus-4-8', route: 'gateway', amount_micros: 2_000_000, requests: 4 };

function played(draft: PolicyDocument, rows: Used[], group = 'engineering') {
  const both = { before: resolve(current, subject(group)), after: resolve(draft, subject(group)) };
  const replay = createReplay((person) => (person === 'per_gone' ? undefined : both));
  for (const row of rows) replay.take(row);
  return replay.result();
}

describe('a replay', () => {
  it('of the document in force refuses nothing', () => {
    expect(played(current, [use, { ...use, day: '2026-11-21' }])).toMatchObject({
      seen: { requests: 8, amount_micros: 4_000_000 },
      refused: [],
      refused_in_all: { requests: 0, amount_micros: 0 },
      over_budget_micros: 0,
    });
  });

  it('counts what a narrower list of models would have refused, by person, model and route', () => {
    const draft = parse([admins, contractors, { ...engineering, models: { allow: ['haiku'] } }]);
    const rows = [use, { ...use, day: '2026-11-21' }, { ...use, model: 'claude-haiku-4-5', amount_micros: 5 }];
    expect(played(draft, rows)).toMatchObject({
      refused: [{ person: 'per_a', model: 'claude-opus-4-8', route: 'gateway', because: 'model', requests: 8, amount_micros: 4_000_000 }],
      refused_in_all: { requests: 8, amount_micros: 4_000_000 },
    });
  });

  it('names the route and the admission where they refuse, and never a route that it cannot tell', () => {
    const only = parse([admins, contractors, { ...engineering, routes: { allow: ['enterprise'] } }]);
    const because = (draft: PolicyDocument, route: string) => played(draft, [{ ...use, route }]).refused.map((row) => row.because);
    expect(because(only, 'gateway')).toEqual(['route']);
    expect(because(only, 'anthropic')).toEqual([]);
    expect(because(only, 'bedrock')).toEqual([]);
    expect(because(parse([admins, contractors]), 'gateway')).toEqual(['not_admitted']);
  });

  it('keeps apart what is refused already, and people whom nobody knows any more', () => {
    const draft = parse([admins, contractors]);
    expect(played(draft, [use], 'contractors')).toMatchObject({ refused: [], refused_already: { requests: 4 } });
    expect(played(draft, [{ ...use, person: 'per_gone' }])).toMatchObject({ refused: [], not_judged: { amount_micros: 2_000_000 } });
  });

  it('finds the budgets that would have run out, by their own periods, and the dollars above them', () => {
    const tight = { period: 'daily', amount_micros: 3_000_000, scope: 'person' };
    const pool = { period: 'monthly', amount_micros: 5_000_000, scope: 'group', group: 'engineering' };
    const draft = parse([admins, contractors, { ...engineering, budgets: [tight, pool] }]);
    const rows = [use, use, { ...use, day: '2026-11-21' }, { ...use, person: 'per_b', day: '2026-10-31' }];
    const { overruns, over_budget_micros } = played(draft, rows);
    expect(overruns).toEqual([
      {
        scope: 'person',
        whose: 'per_a',
        period: 'daily',
        start: '2026-11-20',
        limit_micros: 3_000_000,
        used_micros: 4_000_000,
        over_micros: 1_000_000,
      },
      {
        scope: 'group',
        whose: 'engineering',
        period: 'monthly',
        start: '2026-11-01',
        limit_micros: 5_000_000,
        used_micros: 6_000_000,
        over_micros: 1_000_000,
      },
    ]);
    expect(over_budget_micros).toBe(2_000_000);
  });

  it('adds up to the same in any order', () => {
    const draft = parse([admins, contractors, { ...engineering, models: { deny: ['opus'] } }]);
    const rows = [use, { ...use, day: '2026-11-21' }, { ...use, model: 'claude-haiku-4-5' }, { ...use, person: 'per_b' }];
    const sums = ({ refused, ...rest }: ReturnType<typeof played>) => ({
      ...rest,
      refused: refused.map((row) => JSON.stringify(row)).sort(),
    });
    expect(sums(played(draft, rows.toReversed()))).toEqual(sums(played(draft, rows)));
  });
});
