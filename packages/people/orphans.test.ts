import type { Orphan } from '@gatehouse/contracts/records/orphan';
import type { Holder } from '@gatehouse/contracts/steps/orphans';
import { describe, expect, it } from 'vitest';
import { readDecision } from './orphan-decision.ts';
import { isSure, Roll, reasonOf, sentence } from './orphans.ts';

const hour = 3_600_000;
const now = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (hours: number) => new Date(now - hours * hour).toISOString();
const person = (id: string, email: string, status: 'active' | 'suspended' | 'left') => ({
  id,
  email,
  status,
  subjects: [{ issuer: 'https://idp.example.com', subject: `00u-${id}` }],
});
const roll = new Roll();
for (const one of [
  person('per_1', 'Alice@example.com', 'active'),
  person('per_2', 'bob@example.com', 'left'),
  person('per_3', 'carol@example.com', 'suspended'),
  person('per_4', 'again@example.com', 'left'),
  person('per_5', 'again@example.com', 'active'),
])
  roll.add(one);
roll.alias('user_alice', ['alice@example.com']);
const key: Holder = { system: 'litellm', kind: 'virtual-key', ref: 'hash', names: ['alice@example.com'], live: true };
const none = new Set<string>();

describe('something that a system gave out', () => {
  it.each([
    ['an address of somebody here, in any case', ['ALICE@example.com'], undefined],
    ['a subject', ['00u-per_1'], undefined],
    ['our own id', ['per_1'], undefined],
    ["the system's id of somebody here", ['user_alice'], undefined],
    ['somebody suspended, whose case takes it', ['carol@example.com'], undefined],
    ['an address that a leaver had and somebody here has', ['again@example.com'], undefined],
    ['a leaver and somebody here', ['bob@example.com', 'per_1'], undefined],
    ['a leaver', ['bob@example.com'], 'left'],
    ['nobody whom we know', ['ghost@example.com'], 'unknown'],
    ['nobody at all', [], 'ownerless'],
  ])('under %s', (_, names, reason) => {
    expect(reasonOf({ ...key, names }, roll, none)).toBe(reason);
  });
  it('that is dead, or of an owner who is to be passed over, is no orphan', () => {
    const ghost = { ...key, names: ['Ghost@example.com'] };
    expect(reasonOf({ ...ghost, live: false }, roll, none)).toBeUndefined();
    expect(reasonOf(ghost, roll, new Set(['ghost@example.com']))).toBeUndefined();
  });
});

describe('an orphan', () => {
  const orphan: Orphan = {
    id: 'orp_1',
    system: 'litellm',
    kind: 'virtual-key',
    ref: 'hash',
    reason: 'unknown',
    names: ['ghost@example.com'],
    first_seen_at: ago(30),
    last_seen_at: ago(0),
    told_at: ago(29),
  };
  const rule = { block_after_hours: 24, at_most: 2 };
  it('is told of when it is seen an hour after it was first', () => {
    expect(isSure({ ...orphan, first_seen_at: ago(0.9) }, now)).toBe(false);
    expect(isSure({ ...orphan, first_seen_at: ago(1) }, now)).toBe(true);
  });
  it('is reported and nothing more, unless the profile says otherwise', () => {
    expect(sentence([orphan], { at_most: 2 }, now)).toEqual({ block: [], held: [] });
    expect(sentence([orphan], rule, now)).toEqual({ block: [orphan], held: [] });
  });
  it.each([
    ['was told of lately', { told_at: ago(23) }],
    ['never had an owner', { reason: 'ownerless' }],
    ['is to be kept', { decision: 'keep' }],
    ['is blocked', { blocked_at: ago(1) }],
    ['is a seat, whose loss is not undone', { kind: 'seat', system: 'anthropic' }],
    ['is a workspace', { kind: 'workspace', system: 'coder' }],
  ] as const)('that %s is left alone', (_, change) => {
    expect(sentence([{ ...orphan, ...change }], rule, now).block).toEqual([]);
  });
  it('is blocked by an admin’s word at once', () => {
    const asked: Orphan = { ...orphan, told_at: ago(1), decision: 'block' };
    expect(sentence([asked], { at_most: 1 }, now).block).toEqual([asked]);
  });
  it('in a crowd of more than may be blocked at once waits for an admin, and so does the crowd', () => {
    const crowd = [1, 2, 3].map((at) => ({ ...orphan, id: `orp_${at}` }));
    const asked: Orphan = { ...orphan, id: 'orp_4', decision: 'block' };
    expect(sentence([...crowd, asked], rule, now)).toEqual({ block: [asked], held: crowd });
  });
});

describe('an admin’s word', () => {
  it.each([{ decision: 'delete', reason: 'x' }, { decision: 'block' }, { decision: 'keep', reason: ' ' }, null, 'block'])(
    '%j is refused',
    (value) => {
      expect(readDecision({ ok: true, value }).ok).toBe(false);
    },
  );
  it('has a reason', () => {
    expect(readDecision({ ok: true, value: { decision: 'keep', reason: 'a robot' } })).toMatchObject({ ok: true });
  });
});
