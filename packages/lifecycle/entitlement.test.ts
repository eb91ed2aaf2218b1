import { PolicyDocument } from '@gatehouse/rules/document';
import { samplePolicy } from '@gatehouse/rules/sample';
import { describe, expect, it } from 'vitest';
import { entitlementsOf } from './entitlement.ts';

const person = 'per_01h00000000000000000000000';
const of = (document: unknown, groups: string[]) =>
  entitlementsOf(PolicyDocument.parse(document), { person, email: 'a@example.com', groups });
const seat = (groups: string[], name: string) => ({ name, match: { groups }, seats: { claude: 'standard' } });

describe('what the policy entitles somebody to', () => {
  it('is a seat, a key and a workspace, each with the policy and the group that say so', () => {
    const reasons = [{ policy: 'engineering', group: 'engineering' }];
    expect(of(samplePolicy, ['engineering'])).toMatchObject([
      { kind: 'seat', alias: 'seat', spec: { tier: 'standard' }, reasons },
      { kind: 'virtual-key', alias: `gatehouse-${person}-1`, spec: { allow: [['*'], ['*']], deny: [], duration_days: 90 }, reasons },
      { kind: 'workspace', alias: 'claude', spec: { template: 'claude-code', cpu: 4, memory_gb: 8, idle_stop_minutes: 120 }, reasons },
    ]);
  });

  it('is nothing for whom no policy admits', () => {
    expect(of(samplePolicy, ['people-team'])).toEqual([]);
  });

  it('has every group of theirs that a policy names as a reason of its own', () => {
    const [entitled] = of({ policies: [seat(['red', 'blue', 'green'], 'colours')] }, ['blue', 'red']);
    expect(entitled?.reasons).toEqual([
      { policy: 'colours', group: 'red' },
      { policy: 'colours', group: 'blue' },
    ]);
  });

  it('has every policy that says so as a reason where policies are layered', () => {
    const document = {
      mode: 'layered',
      policies: [seat(['red'], 'one'), { name: 'two', match: { groups: ['blue'] } }, seat(['blue'], 'three')],
    };
    expect(of(document, ['red', 'blue'])[0]?.reasons).toEqual([
      { policy: 'one', group: 'red' },
      { policy: 'three', group: 'blue' },
    ]);
  });

  it('of the base is owed to every policy that admits them', () => {
    const document = { base: { seats: { claude: 'premium' } }, policies: [{ name: 'all', match: { everyone: true } }] };
    expect(of(document, [])).toMatchObject([{ spec: { tier: 'premium' }, reasons: [{ policy: 'all' }] }]);
  });
});
