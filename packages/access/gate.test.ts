import type { Gate } from '@gatehouse/contracts/records/gate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateForChange, gateForCut, gateForRestore, gateForSignIn, type Standing } from './gate.ts';

const at = '2026-11-22T09:00:00.000Z';
const later = '2026-11-22T10:00:00.000Z';
const person = 'per_01h00000000000000000000000';
const standing: Standing = { person, status: 'active', generation: 1, groups: ['engineering'], email: 'alice@example.com', name: 'Alice' };
const open: Gate = {
  person,
  state: 'open',
  epoch: 1,
  generation: 1,
  groups: ['engineering'],
  email: 'alice@example.com',
  name: 'Alice',
  changed_at: at,
};
const shut: Gate = { ...open, state: 'shut', epoch: 2, generation: 2, reason: 'cas_1' };

describe('a sign-in', () => {
  it('makes a gate, keeps one that is right, and writes down what changed', () => {
    expect(gateForSignIn(undefined, standing, at)).toEqual({ ok: true, value: open });
    const kept = gateForSignIn(open, standing, later);
    expect(kept.ok && kept.value).toBe(open);
    expect(gateForSignIn(open, { ...standing, groups: ['platform-admins'] }, later)).toMatchObject({
      value: { groups: ['platform-admins'], epoch: 1, changed_at: later },
    });
  });

  it('does not open a shut gate, unless the person has come back since', () => {
    expect(gateForSignIn(shut, { ...standing, generation: 2 }, later)).toMatchObject({
      ok: false,
      refusal: { reason: 'gate_shut', because: 'cas_1' },
    });
    const back = gateForSignIn(shut, { ...standing, generation: 3 }, later);
    expect(back).toMatchObject({ ok: true, value: { state: 'open', epoch: 2, generation: 3 } });
    expect(back.ok && 'reason' in back.value).toBe(false);
  });

  it('with an old record changes nothing', () => {
    const newer = { ...open, generation: 3, groups: ['new'] };
    const told = gateForSignIn(newer, standing, later);
    expect(told.ok && told.value).toBe(newer);
  });
});

describe('a cut', () => {
  it('raises the epoch once a case', () => {
    expect(gateForCut(open, standing, { generation: 1, reason: 'cas_1' }, later)).toMatchObject({
      state: 'shut',
      epoch: 2,
      reason: 'cas_1',
    });
    expect(gateForCut(shut, standing, { generation: 2, reason: 'cas_1' }, later)).toBeUndefined();
  });

  it('by another case takes the gate over, so that the first can no longer open it', () => {
    const taken = gateForCut(shut, standing, { generation: 2, reason: 'cas_2' }, later);
    expect(taken).toMatchObject({ state: 'shut', epoch: 3, reason: 'cas_2' });
    expect(gateForRestore(taken, { generation: 2, reason: 'cas_1' }, later)).toBeUndefined();
  });

  it('of an older generation does nothing', () => {
    expect(gateForCut({ ...open, generation: 3 }, standing, { generation: 2, reason: 'cas_1' }, later)).toBeUndefined();
  });
});

describe('whatever happens in whatever order', () => {
  const generation = fc.integer({ min: 1, max: 4 });
  const reason = fc.constantFrom('cas_1', 'cas_2');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('sign-in' as const), generation }),
    fc.record({ kind: fc.constant('cut' as const), generation, reason }),
    fc.record({ kind: fc.constant('restore' as const), generation, reason }),
    fc.record({ kind: fc.constant('change' as const), groups: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }) }),
  );

  it('the epoch and the generation never fall, and only its case or a return opens a shut gate', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let gate: Gate | undefined;
        for (const one of steps) {
          const before: Gate | undefined = gate;
          switch (one.kind) {
            case 'sign-in': {
              const told = gateForSignIn(gate, { ...standing, generation: one.generation }, at);
              if (told.ok) gate = told.value;
              break;
            }
            case 'cut':
              gate = gateForCut(gate, standing, one, at) ?? gate;
              break;
            case 'restore':
              gate = gateForRestore(gate, one, at) ?? gate;
              break;
            case 'change':
              gate = gate && (gateForChange(gate, { ...standing, groups: one.groups }, at) ?? gate);
              break;
          }
          if (!before || !gate) continue;
          if (gate.epoch < before.epoch || gate.generation < before.generation) return false;
          if (before.state === 'open' && gate.state === 'shut' && gate.epoch !== before.epoch + 1) return false;
          if (before.state === 'shut' && gate.state === 'open') {
            const returned = one.kind === 'sign-in' && one.generation > before.generation;
            const restored = one.kind === 'restore' && one.reason === before.reason;
            if (!returned && !restored) return false;
          }
          if (one.kind === 'change' && (gate.state !== before.state || gate.epoch !== before.epoch)) return false;
        }
        return true;
      }),
      { numRuns: 500 },
    );
  });
});
