/** Proves that explanations name the rule, the policy and the group, and that what they propose would indeed change the answer. */
import { PolicyDocument } from '@gatehouse/rules/document';
import { samplePolicy } from '@gatehouse/rules/sample';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { explain } from './explain.ts';

const sample = PolicyDocument.parse(samplePolicy);
const subject = (...groups: string[]) => ({ person: 'per_01h00000000000000000000000', email: 'alice@example.com', groups });
const document = (input: z.input<typeof PolicyDocument>) => PolicyDocument.parse(input);

describe('an explanation', () => {
  it('says of every policy why it applies or not', () => {
    expect(explain(sample, subject('engineering', 'contractors'), {}).policies).toEqual([
      { name: 'platform-admins', matches: false, applies: false, because: 'none of the groups "platform-admins"' },
      { name: 'contractors', matches: true, applies: true, because: 'the groups hold "contractors"' },
      { name: 'engineering', matches: true, applies: false, because: 'the groups hold "engineering", but "contractors" matched before it' },
    ]);
  });

  it('says why somebody is not admitted, and what would admit them', () => {
    const { admitted, because, model } = explain(sample, subject(), { model: 'claude-haiku-4-5' });
    expect({ admitted, because }).toEqual({ admitted: false, because: 'no policy matches, and the base admits nobody' });
    expect(model).toMatchObject({
      decision: 'denied',
      because,
      would_change: expect.arrayContaining(['joining the group "contractors": "contractors" would apply']),
    });
    const frozen = document({
      mode: 'layered',
      policies: [
        { name: 'all', match: { everyone: true } },
        { name: 'frozen', match: { groups: ['x'] }, admit: false },
      ],
    });
    expect(explain(frozen, subject('x'), {}).because).toBe('refused by "frozen"');
  });

  it('names the denial that decided, and the base where it stands there', () => {
    const denied = document({ base: { models: { deny: ['opus'] } }, policies: [{ name: 'all', match: { everyone: true } }] });
    expect(explain(denied, subject(), { model: 'claude-opus-4-8[1m]' }).model).toMatchObject({
      decision: 'denied',
      rule: 'opus',
      section: 'models.deny',
      policy: 'base',
      because: 'claude-opus-4-8 is denied by "opus", says models.deny of the base',
      would_change: ['removing "opus" from models.deny of "base"'],
    });
    expect(explain(denied, subject(), { model: 'claude-haiku-4-5' }).model).toMatchObject({ decision: 'unrestricted' });
  });

  it('says that leaving a group would change the answer', () => {
    const { model } = explain(sample, subject('engineering', 'contractors'), { model: 'claude-opus-4-8' });
    expect(model?.would_change).toEqual([
      'joining the group "platform-admins": "platform-admins" would apply',
      'leaving the group "contractors": "engineering" would apply',
      'adding "claude-opus-4-8" to models.allow of "contractors"',
    ]);
  });

  it('puts denial before asking before allowing, and lists rules for some calls', () => {
    const tools = document({
      policies: [
        { name: 'all', match: { everyone: true }, tools: { allow: ['Read', 'Bash'], ask: ['Bash'], deny: ['Bash(curl *)', 'WebFetch'] } },
      ],
    });
    const about = (tool: string) => explain(tools, subject(), { tool }).tool;
    expect(about('Bash')).toMatchObject({
      decision: 'asks',
      rule: 'Bash',
      partly: [{ rule: 'Bash(curl *)', section: 'tools.deny', policy: 'all' }],
    });
    expect(about('Bash(curl https://example.com)')).toMatchObject({ decision: 'denied', rule: 'Bash(curl *)' });
    expect(about('Read')).toMatchObject({ decision: 'allowed' });
    expect(about('Edit')).toMatchObject({ decision: 'unrestricted' });
  });
});
