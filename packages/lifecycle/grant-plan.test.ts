import { type Grant, grant as record } from '@gatehouse/contracts/records/grant';
import { expect, it } from 'vitest';
import type { Entitlement } from './entitlement.ts';
import { isNothing, planOf } from './grant-plan.ts';

const held = record.example as Extract<Grant, { kind: 'virtual-key' }>;
const entitlement: Entitlement = { system: 'litellm', kind: 'virtual-key', alias: held.alias, spec: held.spec, reasons: held.reasons };
const kinds = (list: readonly { kind: string }[]) => list.map(({ kind }) => kind);

it('gives what is not on record, and nothing twice', () => {
  expect(kinds(planOf([entitlement], []).give)).toEqual(['virtual-key']);
  expect(isNothing(planOf([entitlement], [held]))).toBe(true);
});

it.each(['intended', 'blocked', 'taken'] as const)('gives again what is %s', (state) => {
  expect(kinds(planOf([entitlement], [{ ...held, state }]).give)).toEqual(['virtual-key']);
});

it('keeps what one of two reasons still holds, and takes what none does', () => {
  const two = { ...held, reasons: [...held.reasons, { policy: 'engineering', group: 'engineering' }] };
  const kept = planOf([entitlement], [two]);
  expect([isNothing(kept), kinds(kept.restate.map(({ grant }) => grant))]).toEqual([true, ['virtual-key']]);
  expect(kinds(planOf([], [two]).take)).toEqual(['virtual-key']);
});

it('never takes what it found there', () => {
  expect(isNothing(planOf([], [{ ...held, state: 'found' }]))).toBe(true);
});

it('changes a key whose policy has changed, whatever the order of its members', () => {
  const { allow, deny, ...rest } = held.spec;
  expect(isNothing(planOf([{ ...entitlement, spec: { ...rest, deny, allow } }], [held]))).toBe(true);
  expect(kinds(planOf([{ ...entitlement, spec: { ...held.spec, allow: [['*']] } }], [held]).give)).toEqual(['virtual-key']);
});

it('leaves a seat of another tier as it is', () => {
  const seat = { ...held, system: 'anthropic' as const, kind: 'seat' as const, alias: 'seat', spec: { tier: 'standard' as const } };
  const wish: Entitlement = { system: 'anthropic', kind: 'seat', alias: 'seat', spec: { tier: 'premium' }, reasons: held.reasons };
  expect(isNothing(planOf([wish], [seat]))).toBe(true);
});
