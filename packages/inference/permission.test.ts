import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { samplePolicy } from '@gatehouse/rules/sample';
import { describe, expect, it } from 'vitest';
import { errorOf } from './ending.ts';
import { estimate } from './estimate.ts';
import { permit } from './permission.ts';

const contractor = resolve(PolicyDocument.parse(samplePolicy), { person: 'per_1', email: 'bob@example.com', groups: ['contractors'] });

describe('a request', () => {
  it('may ask what the policy allows', () => {
    expect(permit(contractor, ['claude-haiku-4-5'])).toMatchObject({ ok: true });
  });

  it.each([[['claude-opus-4-8']], [['claude-haiku-4-5', 'us.anthropic.claude-opus-4-8']]])(
    'may not ask for another model, nor bring one in: %s',
    (models) => {
      const permitted = permit(contractor, models);
      expect(permitted).toMatchObject({ ok: false, refusal: { reason: 'model_denied', model: models.at(-1), policies: ['contractors'] } });
    },
  );

  it('may not come this way where the policy sends it another', () => {
    const routes = { ...contractor.routes, governed_through: 'litellm' as const };
    expect(permit({ ...contractor, routes }, ['claude-haiku-4-5'])).toMatchObject({
      refusal: { reason: 'route_denied', through: 'litellm' },
    });
  });
});

describe('what a request may cost', () => {
  it('is a quarter of its bytes, and what it asks for at most', () => {
    expect(estimate(4_001, 10)).toMatchObject({ input: 1_001, output: 10 });
    expect(estimate(0, undefined)).toMatchObject({ input: 0, output: 4_096 });
    expect(estimate(0, 128_000)).toMatchObject({ output: 4_096 });
  });
});

describe('the end that the gateway makes', () => {
  it.each([
    [{ reason: 'deadline' }, 'timeout_error'],
    [{ reason: 'cut' }, 'authentication_error'],
    [{ reason: 'policy', message: 'm' }, 'permission_error'],
    [{ reason: 'budget', message: 'm' }, 'billing_error'],
    [{ reason: 'unknown' }, 'overloaded_error'],
    [{ reason: 'silent' }, 'overloaded_error'],
    [{ reason: 'broken' }, 'overloaded_error'],
    [{ reason: 'garbage' }, 'api_error'],
    [{ reason: 'refused', type: 'rate_limit_error', message: 'm' }, 'rate_limit_error'],
  ] as const)('for $reason is of its own type', (ending, type) =>
    expect(errorOf(ending)).toEqual({ type, message: expect.stringMatching(/./) }),
  );
});
