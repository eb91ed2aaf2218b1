import type { Watch } from '@gatehouse/contracts/steps/step';
import { describe, expect, it } from 'vitest';
import { judge, type Sight } from './watch.ts';

const patience = { quietMs: 120_000, aliveMs: 60_000 };
const dead: Sight = { state: 'dead', picture: 'blocked, spend 1' };

/** Looks at so many seconds; the last judgement. */
function looked(...looks: [seconds: number, sight: Sight][]) {
  let watch: Watch | undefined;
  let judged: ReturnType<typeof judge> | undefined;
  for (const [seconds, sight] of looks) {
    judged = judge(watch, sight, seconds * 1000, patience);
    watch = judged.watch;
  }
  return judged ?? expect.fail('nothing was looked at');
}

describe('what is under watch', () => {
  it('is dead once it was seen dead, unstirring, for twice the longest cache', () => {
    expect(looked([7, dead])).toMatchObject({ verdict: 'watching', waitSeconds: 120 });
    expect(looked([7, dead], [67, dead])).toMatchObject({ verdict: 'watching', lastedMs: 60_000, waitSeconds: 60 });
    expect(looked([7, dead], [126.5, dead])).toMatchObject({ verdict: 'watching', waitSeconds: 1 });
    expect(looked([7, dead], [67, dead], [127, dead])).toMatchObject({ verdict: 'dead', watch: { since: '1970-01-01T00:00:07.000Z' } });
  });

  it.each<[string, Sight]>([
    ['is seen alive', { state: 'alive', picture: 'live' }],
    ['cannot be seen', { state: 'unknown', picture: 'no answer' }],
    ['stirs: its spend grows, so that some replica still serves it', { state: 'dead', picture: 'blocked, spend 2' }],
  ])('begins anew when it %s', (_, sight) => {
    expect(looked([0, dead], [60, sight], [119, dead], [120, dead]).verdict).toBe('watching');
    expect(looked([0, dead], [60, sight], [119, dead], [239, dead]).verdict).toBe('dead');
  });

  it('is a person’s matter when it lives on and on, and never because it could not be seen', () => {
    const alive: Sight = { state: 'alive', picture: 'live' };
    expect(looked([0, alive], [59, alive])).toMatchObject({ verdict: 'watching', waitSeconds: 1 });
    expect(looked([0, alive], [60, { ...alive, picture: 'live elsewhere' }]).verdict).toBe('alive');
    expect(looked([0, { state: 'unknown', picture: '' }], [9_999, { state: 'unknown', picture: '' }]).verdict).toBe('watching');
  });

  it('keeps only a hash of what was seen', () => {
    expect(JSON.stringify(looked([0, { state: 'alive', picture: 'sk-secret' }]))).not.toContain('sk-secret');
  });
});
