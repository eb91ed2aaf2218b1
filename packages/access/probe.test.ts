import { describe, expect, it } from 'vitest';
import { type Heard, type Surface, type Verdict, verdictOf, worstOf } from './probe.ts';

describe('what a surface answered', () => {
  it.each([
    ['managed settings', { status: 401 }, 'dead'],
    ['managed settings', { status: 200 }, 'alive'],
    ['managed settings', { status: 304 }, 'alive'],
    ['managed settings', { status: 403 }, 'alive'],
    ['managed settings', { status: 503 }, 'unknown'],
    ['telemetry', { status: 401 }, 'dead'],
    ['telemetry', { status: 415 }, 'alive'],
    ['telemetry', { status: 429 }, 'unknown'],
    ['telemetry', { status: 404 }, 'absent'],
    ['telemetry', { status: 403, gatewayError: 'MissingAuthenticationTokenException' }, 'absent'],
    ['telemetry', { status: 403, gatewayError: 'AccessDeniedException' }, 'alive'],
    ['refresh', { status: 401, error: 'invalid_grant' }, 'dead'],
    ['refresh', { status: 400, error: 'invalid_grant' }, 'dead'],
    ['refresh', { status: 400, error: 'invalid_request' }, 'unknown'],
    ['refresh', { status: 503, error: 'temporarily_unavailable' }, 'unknown'],
    ['refresh', { status: 200 }, 'alive'],
  ] as [Surface, Heard, Verdict][])('%s with %o is %s', (surface, heard, verdict) => {
    expect(verdictOf(surface, heard)).toBe(verdict);
  });

  it('makes a session as dead as its liveliest surface, and never dead of silence', () => {
    const look = (verdict: Verdict) => ({ session: 's', surface: 'refresh' as const, verdict });
    expect(worstOf([look('dead'), look('dead'), look('absent')], 's')).toBe('dead');
    expect(worstOf([look('dead'), look('alive'), look('unknown')], 's')).toBe('alive');
    expect(worstOf([look('dead'), look('unknown')], 's')).toBe('unknown');
    expect(worstOf([look('absent')], 's')).toBe('unknown');
    expect(worstOf([look('dead')], 'another')).toBe('unknown');
  });
});
