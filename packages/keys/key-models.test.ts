import type { KeySpec } from '@gatehouse/contracts/records/grant';
import { describe, expect, it } from 'vitest';
import { limitsOf, modelsFor } from './key-models.ts';

const offered = ['claude-opus-4-8', 'claude-sonnet-5', 'claude-haiku-4-5', 'gpt-9'];
const spec = (more: Partial<KeySpec>): KeySpec => ({ allow: [], deny: [], ...more });

describe("a key's models", () => {
  it.each<[string, Partial<KeySpec>, string[]]>([
    ['those of a family', { allow: [['haiku']] }, ['claude-haiku-4-5']],
    [
      'those that every list has',
      {
        allow: [
          ['opus', 'haiku'],
          ['haiku', 'sonnet'],
        ],
      },
      ['claude-haiku-4-5'],
    ],
    ['all but the denied, one by one', { deny: ['opus'] }, ['claude-sonnet-5', 'claude-haiku-4-5']],
    ['none where the policy has none', { allow: [[]] }, []],
  ])('are %s', (_, more, names) => {
    const models = modelsFor(spec(more), offered);
    expect(models.all ? 'all' : models.names.filter((name) => name.startsWith('claude'))).toEqual(names);
  });

  it('are all, now and later, only where nothing is denied and each list says so', () => {
    expect(modelsFor(spec({}), offered).all).toBe(true);
    expect(modelsFor(spec({ allow: [['*'], ['*']] }), offered).all).toBe(true);
    expect(modelsFor(spec({ allow: [['*'], ['haiku']] }), offered).all).toBe(false);
    expect(modelsFor(spec({ allow: [['*']], deny: ['opus'] }), offered).all).toBe(false);
  });
});

it('a budget is told in dollars, and the lack of one takes an old one away', () => {
  expect(limitsOf(spec({ budget: { period: 'monthly', amount_micros: 50_000_000 }, duration_days: 30 }))).toEqual({
    max_budget: 50,
    budget_duration: '1mo',
    duration: '30d',
  });
  expect(limitsOf(spec({}))).toEqual({ max_budget: null, budget_duration: null });
});
