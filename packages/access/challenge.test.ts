import { challengeOf } from '@gatehouse/runtime/wire';
import { describe, expect, it } from 'vitest';
import { checkTarget } from './token-request.ts';

const origin = 'https://gateway.example.com';
const place = 'resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource"';

describe('a challenge', () => {
  it.each([
    [{ reason: 'no_token' }, `Bearer ${place}`],
    [{ reason: 'bad_signature' }, `Bearer error="invalid_token", ${place}`],
    [{ reason: 'insufficient_scope', needed: 'otlp', held: [] }, `Bearer error="insufficient_scope", ${place}`],
  ] as const)('to %j says where this origin describes itself (RFC 9728 s5.1)', (refusal, header) => {
    expect(challengeOf(refusal, origin)).toBe(header);
  });

  it('is a bare one where nobody knows the origin', () => {
    expect(challengeOf({ reason: 'no_token' }, '')).toBe('Bearer');
    expect(challengeOf({ reason: 'bad_signature' }, '')).toBe('Bearer error="invalid_token"');
  });
});

describe('a target', () => {
  it.each([
    [origin, true],
    [`${origin}/`, true],
    [`${origin}/v1/messages`, false],
    [`${origin}#part`, false],
    [`${origin}?query`, false],
    [origin.toUpperCase(), false],
    ['https://elsewhere.example.com', false],
    ['api', false],
  ])('%s is ours: %s (RFC 8707 s2)', (resource, ours) => {
    const told = checkTarget(new Map([['resource', resource]]), ['resource'], origin);
    expect(told.ok ? true : told.refusal.error).toBe(ours || 'invalid_target');
  });
});
