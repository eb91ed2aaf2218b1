/** Proves that who gains and who loses is told by effect, not by spelling. */
import { PolicyDocument } from '@gatehouse/rules/document';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { compare, documentDifference, knownGroups, memberOf } from './difference.ts';

type Input = z.input<typeof PolicyDocument>;
type Content = Omit<Input['policies'][number], 'name' | 'match'>;
const document = (content: Content, more: Partial<Input> = {}): PolicyDocument =>
  PolicyDocument.parse({ policies: [{ name: 'staff', match: { groups: ['staff'] }, ...content }], ...more });
const change = (before: Content | undefined, after: Content) => {
  const { gains, loses, changes } = compare(before && document(before), document(after), memberOf('staff'));
  return { gains, loses, changes };
};

describe('a difference', () => {
  it('is none between equals, however spelled', () => {
    expect(change({ models: { allow: ['*'] } }, {})).toEqual({ gains: [], loses: [], changes: [] });
    expect(change({ models: { allow: ['haiku', 'opus'] } }, { models: { allow: ['opus', 'haiku'] } }).gains).toEqual([]);
  });

  it('tells models by what may be used', () => {
    expect(change({ models: { allow: ['*'] } }, { models: { allow: ['haiku'] } })).toMatchObject({
      loses: ['the model opus', 'the model sonnet', 'models that no rule names'],
    });
    expect(change({ models: { deny: ['claude-opus-4-1'] } }, {})).toMatchObject({ gains: ['the model claude-opus-4-1'], loses: [] });
  });

  it('tells tools, budgets and routes as gains and losses', () => {
    const budget = (amount_micros: number) => [{ period: 'daily' as const, amount_micros, scope: 'person' as const }];
    expect(
      change({ tools: { deny: ['Bash'] }, budgets: budget(5_000_000) }, { tools: { ask: ['Bash'] }, budgets: budget(7_500_000) }),
    ).toMatchObject({
      gains: ['the tool Bash', 'the daily budget: $5.00 -> $7.50'],
      loses: ['Bash without being asked each time'],
    });
    expect(change({}, { budgets: budget(1_000_000) }).loses).toEqual(['the daily budget: no limit -> $1.00']);
    expect(change({}, { routes: { allow: ['enterprise'] } })).toMatchObject({
      gains: ['the route enterprise'],
      loses: ['the route governed'],
      changes: ['default route: governed -> enterprise'],
    });
  });

  it('tells keys, workspaces and seats as gains and losses', () => {
    const given = { keys: { maximum: 2 }, workspaces: { maximum: 1 }, seats: { claude: 'standard' } } as const;
    expect(change({}, given)).toEqual({ gains: ['2 virtual keys', '1 workspaces', 'the standard seat'], loses: [], changes: [] });
    expect(change(given, { keys: { maximum: 1 }, workspaces: { maximum: 3 }, seats: { claude: 'premium' } })).toEqual({
      gains: ['workspaces: 1 -> 3', 'the seat: standard -> premium'],
      loses: ['virtual keys: 2 -> 1'],
      changes: [],
    });
    expect(change(given, { seats: { claude: 'none' } }).loses).toEqual(['2 virtual keys', '1 workspaces', 'the standard seat']);
  });

  it('counts the end of a limit as no gain to somebody who is refused, and its beginning as no loss to somebody who is admitted', () => {
    const limited: Content = { budgets: [{ period: 'daily', amount_micros: 1, scope: 'person' }] };
    expect(change(limited, { ...limited, admit: false }).gains).toEqual([]);
    expect(change(undefined, limited).loses).toEqual([]);
  });

  it('tells the rest by member', () => {
    expect(
      change({ guardrails: { pii: 'mask' }, workspaces: { cpu: 2 } }, { guardrails: { pii: 'block' }, workspaces: { cpu: 4 } }).changes,
    ).toEqual(['guardrails.pii: "mask" -> "block"', 'workspaces.cpu: 2 -> 4']);
  });

  it('tells admission first, and everything from nothing before the first version', () => {
    expect(change(undefined, { models: { allow: ['haiku'] } }).gains).toEqual(['admission', 'the model haiku', 'the route governed']);
    expect(change({}, { admit: false }).loses).toContain('admission');
  });
});

describe('the document', () => {
  it('tells new, gone, changed and moved policies', () => {
    const policy = (name: string, more = {}) => ({ name, match: { groups: [name] }, ...more });
    const before = PolicyDocument.parse({ policies: [policy('a'), policy('b'), policy('c')] });
    const after = PolicyDocument.parse({
      mode: 'layered',
      base: { enforcement: 'standard' },
      policies: [policy('c'), policy('b', { admit: false }), policy('d')],
    });
    expect(documentDifference(before, after)).toEqual([
      'mode: first_match -> layered',
      'the base is changed',
      'policy "a" is gone',
      'policy "b" is changed',
      'policy "d" is new',
      'the order of policies is "c", "b", "d"',
    ]);
    expect(documentDifference(before, before)).toEqual([]);
    expect(knownGroups(before, after, undefined)).toEqual(['a', 'b', 'c', 'd']);
  });
});
