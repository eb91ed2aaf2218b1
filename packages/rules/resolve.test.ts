/** Proves the laws of resolution: order, union, replacement, refusal, and that a weaker layer never widens. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { PolicyDocument } from './document.ts';
import { mayUse } from './models.ts';
import { resolve } from './resolve.ts';
import { samplePolicy } from './sample.ts';

const person = 'per_01h00000000000000000000000';
const subject = (...groups: string[]) => ({ person, email: 'alice@example.com', groups });
const document = (input: z.input<typeof PolicyDocument>) => PolicyDocument.parse(input);
const sample = document(samplePolicy);

describe('the sample policy', () => {
  it('lets engineering use every model', () => {
    const effective = resolve(sample, subject('engineering'));
    expect(effective).toMatchObject({ admitted: true, administers: false, matched: ['engineering'], models: { allow: ['*'], deny: [] } });
    expect(mayUse(effective.models, 'claude-opus-4-8').allowed).toBe(true);
  });

  it('gives contractors Haiku and no shell, even those who are engineers too', () => {
    for (const effective of [resolve(sample, subject('contractors')), resolve(sample, subject('engineering', 'contractors'))]) {
      expect(mayUse(effective.models, 'claude-opus-4-8').allowed).toBe(false);
      expect(mayUse(effective.models, 'us.anthropic.claude-haiku-4-5-20251001-v1:0').allowed).toBe(true);
      expect(effective.tools.deny).toContain('Bash');
    }
  });

  it('lets platform admins administer and use everything', () => {
    const effective = resolve(sample, subject('engineering', 'platform-admins'));
    expect(effective.administers).toBe(true);
    expect(mayUse(effective.models, 'claude-opus-4-8').allowed).toBe(true);
  });

  it('refuses people in no group, and leaves nothing open to a reader who forgets to look', () => {
    const effective = resolve(sample, subject());
    expect(effective).toMatchObject({ admitted: false, administers: false, matched: [], tools: { deny: ['*'] } });
    expect(mayUse(effective.models, 'claude-haiku-4-5').allowed).toBe(false);
  });
});

describe('a match', () => {
  const admits = (match: object, of: object) =>
    resolve(document({ policies: [{ name: 'one', match: match as never }] }), { ...subject(), ...of }).admitted;

  it('asks for every field named and one member of each', () => {
    const match = { groups: ['a', 'b'], email_domains: ['Example.com'] };
    expect(admits(match, { groups: ['b'] })).toBe(true);
    expect(admits(match, { groups: ['c'] })).toBe(false);
    expect(admits(match, { groups: ['b'], email: 'alice@sub.example.com' })).toBe(false);
    expect(admits(match, { groups: ['b'], email: 'alice@example.com@evil.test' })).toBe(false);
    expect(admits({ email_domains: ['example.com'] }, { email: 'example.com' })).toBe(false);
  });

  it('knows persons, services and environments', () => {
    expect(admits({ persons: [person] }, {})).toBe(true);
    expect(admits({ services: ['ci'] }, {})).toBe(false);
    expect(admits({ services: ['ci'] }, { service: 'ci' })).toBe(true);
    expect(admits({ everyone: true }, {})).toBe(true);
    expect(admits({ everyone: true }, {})).toBe(true);
    expect(admits({ groups: ['a'], environments: ['production'] }, { groups: ['a'] })).toBe(false);
  });
});

describe('layers', () => {
  const layered = document({
    mode: 'layered',
    base: {
      models: { allow: ['haiku'], deny: ['claude-opus-4'] },
      tools: { deny: ['WebFetch'], ask: ['Bash'] },
      settings: { env: { A: 'base', B: 'base' }, cleanupPeriodDays: 30, blockedMarketplaces: [{ source: 'x' }] },
      budgets: [{ period: 'daily', amount_micros: 1, scope: 'person' }],
      guardrails: { pii: 'mask', secrets: 'block' },
    },
    policies: [
      {
        name: 'first',
        match: { groups: ['a'] },
        models: { allow: ['sonnet'] },
        settings: { env: { A: 'first' } },
        guardrails: { pii: 'off' },
      },
      {
        name: 'second',
        match: { groups: ['b'] },
        models: { allow: ['opus'], deny: ['fable'] },
        tools: { deny: ['Bash(curl *)'] },
        budgets: [
          { period: 'daily', amount_micros: 2, scope: 'person' },
          { period: 'weekly', amount_micros: 3, scope: 'person' },
        ],
        settings: { cleanupPeriodDays: 7, blockedMarketplaces: [{ source: 'y' }] },
        routes: { allow: ['enterprise'], default: 'enterprise', fallback: 'governed' },
        administer: true,
      },
      { name: 'frozen', match: { groups: ['on-leave'] }, admit: false },
    ],
  });

  it('replace what allows, unite what denies, merge records, an earlier policy standing over a later one', () => {
    expect(resolve(layered, subject('b', 'a'))).toMatchObject({
      matched: ['first', 'second'],
      administers: true,
      models: { allow: ['sonnet'], deny: ['fable', 'claude-opus-4'] },
      tools: { deny: ['Bash(curl *)', 'WebFetch'], ask: ['Bash'] },
      settings: {
        env: { A: 'first', B: 'base' },
        cleanupPeriodDays: 7,
        blockedMarketplaces: [{ source: 'y' }, { source: 'x' }],
      },
      budgets: [
        { period: 'daily', amount_micros: 2, scope: 'person' },
        { period: 'weekly', amount_micros: 3, scope: 'person' },
      ],
      guardrails: { pii: 'off', secrets: 'block' },
      routes: { allow: ['enterprise'], default: 'enterprise' },
      sources: { 'models.allow': ['first'], 'models.deny': ['second', 'base'], administer: ['second'], 'guardrails.secrets': ['base'] },
    });
    expect(resolve(layered, subject('b')).routes).not.toHaveProperty('fallback');
  });

  it('stop at the first match in first_match mode', () => {
    expect(resolve({ ...layered, mode: 'first_match' }, subject('a', 'b'))).toMatchObject({
      matched: ['first'],
      administers: false,
      models: { allow: ['sonnet'], deny: ['claude-opus-4'] },
    });
  });

  it('refuse when one of them refuses', () => {
    expect(resolve(layered, subject('a', 'on-leave'))).toMatchObject({ admitted: false, sources: { admitted: ['frozen'] } });
  });

  it('drop the weaker word of a version range that nobody could meet', () => {
    const contradiction = document({
      base: { client: { max_version: '2.1.100' } },
      policies: [{ name: 'new', match: { groups: ['a'] }, client: { min_version: '2.1.300' } }],
    });
    expect(resolve(contradiction, subject('a')).client).toEqual({ min_version: '2.1.300' });
  });
});

const models = ['claude-opus-4-8', 'claude-sonnet-4-6', 'claude-haiku-4-5-20251001', 'qwen3-coder'];
const patterns = fc.uniqueArray(fc.constantFrom('*', 'opus', 'sonnet', 'haiku', 'claude-opus-4-8', 'qwen3-coder'), { maxLength: 3 });
const tools = fc.uniqueArray(fc.constantFrom('Bash', 'WebFetch', 'Read(./.env)', 'mcp__github__*'), { maxLength: 3 });
const groups = ['a', 'b', 'c'];
const policy = (index: number) =>
  fc.record(
    {
      name: fc.constant(`policy-${index}`),
      match: fc.record({ groups: fc.uniqueArray(fc.constantFrom(...groups), { minLength: 1 }) }),
      models: fc.record({ allow: patterns, deny: patterns }, { requiredKeys: [] }),
      tools: fc.record({ allow: tools, ask: tools, deny: tools }, { requiredKeys: [] }),
      administer: fc.boolean(),
    },
    { requiredKeys: ['name', 'match'] },
  );
const documents = fc
  .record({
    mode: fc.constantFrom('first_match' as const, 'layered' as const),
    base: fc.record(
      { models: fc.record({ allow: patterns, deny: patterns }, { requiredKeys: [] }), tools: fc.record({ deny: tools }) },
      { requiredKeys: [] },
    ),
    policies: fc.tuple(policy(0), policy(1), policy(2)),
  })
  .map((input) => document(input));
const memberships = fc.uniqueArray(fc.constantFrom(...groups, 'other'));

describe('the laws', () => {
  it('give the same answer again, whatever the order of groups', () => {
    fc.assert(
      fc.property(documents, memberships, (drawn, of) => {
        const answer = resolve(drawn, subject(...of));
        expect(resolve(drawn, subject(...of))).toEqual(answer);
        expect(resolve(drawn, subject(...of.toReversed()))).toEqual(answer);
        expect(resolve(drawn, subject(...of, ...of))).toEqual(answer);
      }),
    );
  });

  it('leave the document as it is', () => {
    fc.assert(
      fc.property(documents, memberships, (drawn, of) => {
        const before = structuredClone(drawn);
        resolve(drawn, subject(...of));
        expect(drawn).toEqual(before);
      }),
    );
  });

  it('let a denial of any layer that applies win over every allowance', () => {
    fc.assert(
      fc.property(documents, memberships, fc.constantFrom(...models), (drawn, of, model) => {
        const effective = resolve(drawn, subject(...of));
        const applying = [drawn.base, ...drawn.policies.filter(({ name }) => effective.matched.includes(name))];
        const denied = applying.some((layer) => !mayUse({ deny: layer.models?.deny ?? [] }, model).allowed);
        if (effective.admitted && denied) expect(mayUse(effective.models, model).allowed).toBe(false);
        for (const layer of effective.admitted ? applying : [])
          for (const rule of layer.tools?.deny ?? []) expect(effective.tools.deny).toContain(rule);
      }),
    );
  });

  it('never let a weaker layer widen what stronger ones leave of the models', () => {
    fc.assert(
      fc.property(documents, memberships, fc.constantFrom(...models), (drawn, of, model) => {
        const all = { ...drawn, mode: 'layered' as const };
        const bare = { ...all, base: {} };
        // The weakest layer is the base; without one, it is the last policy.
        for (const [stronger, whole] of [
          [bare, all],
          [{ ...bare, policies: bare.policies.slice(0, -1) }, bare],
        ] as const) {
          const narrow = resolve(stronger, subject(...of));
          if (!narrow.admitted || mayUse(narrow.models, model).allowed) continue;
          expect(mayUse(resolve(whole, subject(...of)).models, model).allowed).toBe(false);
        }
      }),
    );
  });

  it('admit nobody whom no policy matches', () => {
    fc.assert(
      fc.property(documents, (drawn) => {
        expect(resolve(drawn, subject('other')).admitted).toBe(false);
      }),
    );
  });
});
