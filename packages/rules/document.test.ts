/** Proves that a document is refused with words that help, and that the sample is a document. */
import { describe, expect, it } from 'vitest';
import { parseDocument } from './problems.ts';
import { samplePolicy } from './sample.ts';

const valid = { policies: [{ name: 'engineering', match: { groups: ['engineering'] }, models: { allow: ['opus'] } }] };

function problems(input: unknown) {
  const parsed = parseDocument(input);
  return parsed.ok ? [] : parsed.refusal.problems;
}
const withPolicy = (change: object) => ({ policies: [{ ...valid.policies[0], ...change }] });

describe('a policy document', () => {
  it('takes the sample and a small one, filling in mode and base', () => {
    expect(problems(samplePolicy)).toEqual([]);
    expect(parseDocument(valid)).toMatchObject({ ok: true, value: { mode: 'first_match', base: {} } });
  });

  it('names the nearest known key of an unknown one, where it stands', () => {
    expect(problems(withPolicy({ models: { alow: ['opus'] } }))).toEqual([
      { path: 'policies[0].models', message: 'unknown key "alow"; did you mean "allow"?' },
    ]);
    expect(problems({ ...valid, polices: [] })[0]?.message).toBe('unknown key "polices"; did you mean "policies"?');
    expect(problems({ ...valid, base: { administer: true } })[0]?.message).toMatch(/unknown key "administer"; known are models/);
  });

  it('tells every problem at once', () => {
    const found = problems({
      policies: [{ name: 'Bad Name', match: {}, budgets: [{ period: 'hourly', amount_micros: 1.5, scope: 'person' }] }],
    });
    expect(found.map(({ path }) => path).sort()).toEqual([
      'policies[0].budgets[0].amount_micros',
      'policies[0].budgets[0].period',
      'policies[0].match',
      'policies[0].name',
    ]);
  });

  it.each([
    [{ match: {} }, 'policies[0].match', /empty match/],
    [{ match: { groups: [] } }, 'policies[0].match.groups', /./],
    [{ match: { everyone: true, groups: ['a'] } }, 'policies[0].match.everyone', /stands alone/],
    [{ match: { persons: ['alice@example.com'] } }, 'policies[0].match.persons[0]', /not an address/],
    [{ tools: { deny: ['bash'] } }, 'policies[0].tools.deny[0]', /did you mean "Bash"/],
    [{ tools: { deny: ['Bash(curl *'] } }, 'policies[0].tools.deny[0]', /not a permission rule/],
    [{ settings: { cleanupPeriodDay: 3 } }, 'policies[0].settings.cleanupPeriodDay', /did you mean "cleanupPeriodDays"/],
    [{ settings: { availableModels: ['opus'] } }, 'policies[0].settings.availableModels', /models\.allow/],
    [{ settings: { disableAllHooks: 'yes' } }, 'policies[0].settings.disableAllHooks', /true or false/],
    [{ settings: { env: { A: 1 } } }, 'policies[0].settings.env', /values are texts/],
    [{ settings: { forceLoginMethod: 'gateway', apiKeyHelper: '/bin/key' } }, 'policies[0].settings.apiKeyHelper', /keep one/],
    [{ budgets: [{ period: 'daily', amount_micros: 1, scope: 'group' }] }, 'policies[0].budgets[0].group', /names its group/],
    [{ client: { min_version: '2.2.0', max_version: '2.1.9' } }, 'policies[0].client.max_version', /below min_version/],
    [{ name: 'base' }, 'policies[0].name', /not "base"/],
  ])('refuses %j', (change, path, message) => {
    const found = problems(withPolicy(change));
    expect(found).toHaveLength(1);
    expect(found[0]?.path).toBe(path);
    expect(found[0]?.message).toMatch(message);
  });

  it('refuses two policies of one name and two budgets of one kind', () => {
    expect(problems({ policies: [valid.policies[0], valid.policies[0]] })[0]).toMatchObject({ path: 'policies[1].name' });
    const budget = { period: 'daily', amount_micros: 1, scope: 'person' };
    expect(problems(withPolicy({ budgets: [budget, budget] }))[0]).toMatchObject({ path: 'policies[0].budgets[1]' });
  });

  it.each([undefined, null, 'text', [], 3])('refuses %j without throwing', (input) => {
    expect(problems(input).length).toBeGreaterThan(0);
  });
});
