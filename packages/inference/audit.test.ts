import { describe, expect, it } from 'vitest';
import { factId, toldOf } from './audit.ts';
import type { Refusal } from './refusal.ts';

const nine = Date.parse('2026-11-22T09:00:00Z');
const denied: Refusal = { reason: 'model_denied', model: 'claude-opus-4-8', policies: ['contractors'], allowed: ['haiku'] };
const told = (refusal: Refusal) => toldOf(refusal) ?? expect.fail();

describe('a refusal', () => {
  it('is a fact where an administrator decided it, without what was asked', () => {
    expect(toldOf(denied)).toEqual({ reason: 'model_denied', model: 'claude-opus-4-8', policies: ['contractors'] });
    const found = [{ guardrail: 'pii' as const, action: 'block' as const, kinds: new Map([['phone-number', 2]]) }];
    expect(toldOf({ reason: 'guarded', findings: found })).toEqual({ reason: 'guarded', kinds: ['phone-number'] });
  });

  it.each<Refusal>([
    { reason: 'not_json', detail: 'x' },
    { reason: 'too_large', bytes: 5, maxBytes: 4 },
    { reason: 'no_upstream', format: 'x' },
  ])('for $reason is none', (refusal) => expect(toldOf(refusal)).toBeUndefined());

  it('is one fact an hour for the same person and subject', () => {
    const id = factId('per_1', told(denied), nine);
    expect(id).toMatch(/^evt_[0-9a-z]{26}$/);
    expect(factId('per_1', told(denied), nine + 59 * 60_000)).toBe(id);
    const others = [
      factId('per_1', told(denied), nine + 61 * 60_000),
      factId('per_2', told(denied), nine),
      factId('per_1', told({ ...denied, model: 'claude-opus-5' }), nine),
    ];
    expect(new Set([id, ...others]).size).toBe(4);
  });
});
