import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, StatesFault } from './fault.ts';
import { nextRetry } from './retry.ts';

const fault = new StatesFault('E');

describe('the next try', () => {
  it('comes after 1, 2 and 4 seconds when the retrier says nothing else, and not a fourth time', () => {
    const attempts: number[] = [];
    const delays = [1, 2, 3, 4].map(() => nextRetry([{ ErrorEquals: ['E'] }], fault, attempts, () => 0));
    expect(delays).toEqual([1000, 2000, 4000, undefined]);
  });

  it('is spread over the whole delay by FULL jitter, and never beyond it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 1, max: 4, noNaN: true }),
        fc.integer({ min: 0, max: 8 }),
        (random, IntervalSeconds, BackoffRate, made) => {
          const retrier = { ErrorEquals: ['E'], IntervalSeconds, BackoffRate, MaxAttempts: 99, MaxDelaySeconds: 100 };
          const full = nextRetry([retrier], fault, [made], () => random) ?? Number.NaN;
          const spread = nextRetry([{ ...retrier, JitterStrategy: 'FULL' }], fault, [made], () => random) ?? Number.NaN;
          expect(full).toBeLessThanOrEqual(100_000);
          expect(spread).toBeCloseTo(full * random);
          expect(spread).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('is ordered by the first retrier that takes the fault, whose count alone goes up', () => {
    const attempts: number[] = [];
    const retriers = [{ ErrorEquals: ['A'] }, { ErrorEquals: ['States.ALL'], IntervalSeconds: 7 }];
    expect(nextRetry(retriers, fault, attempts, () => 0)).toBe(7000);
    expect(attempts).toEqual([0, 1]);
  });
});

describe('which names take which faults', () => {
  const timeout = new StatesFault('States.Timeout');
  const heartbeat = new StatesFault('States.Timeout', undefined, { heartbeat: true });
  const limit = new StatesFault('States.DataLimitExceeded');
  const runtime = new StatesFault('States.Runtime');
  it.each([
    ['E', fault, true],
    ['F', fault, false],
    ['States.ALL', fault, true],
    ['States.ALL', new StatesFault(undefined), true],
    ['States.ALL', timeout, true],
    ['States.ALL', limit, false],
    ['States.ALL', runtime, false],
    ['States.TaskFailed', fault, true],
    ['States.TaskFailed', timeout, false],
    ['States.TaskFailed', limit, false],
    ['States.Timeout', heartbeat, true],
    ['States.HeartbeatTimeout', heartbeat, true],
    ['States.HeartbeatTimeout', timeout, false],
    ['States.DataLimitExceeded', limit, true],
  ])('%s: %s', (name, thrown, expected) => {
    expect(matches([name], thrown)).toBe(expected);
  });
});
