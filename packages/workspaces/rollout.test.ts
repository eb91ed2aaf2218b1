import { describe, expect, it } from 'vitest';
import { countsOf, type Due, isFailing, moveOf, type Shown } from './rollout.ts';
import { readRolloutStart } from './rollout-start.ts';

const due: Due = { workspace: 'w', name: 'claude', owner: 'u', state: 'stale' };
const running: Shown = { outdated: true, transition: 'start', job: 'succeeded', error: undefined };

describe('a workspace of a rollout', () => {
  it.each<[string, Due['state'], Partial<Shown> | undefined, boolean, string, Due['state']]>([
    ['is left to its owner before the deadline', 'stale', {}, false, 'none', 'stale'],
    ['is stopped once it is its turn', 'stale', {}, true, 'stop', 'stopping'],
    ['is waited for while it builds', 'stopping', { job: 'running', transition: 'stop' }, true, 'none', 'stopping'],
    ['is started anew when it is down', 'stopping', { transition: 'stop' }, true, 'start', 'starting'],
    ['goes on though the rollout is paused: it must not stay down', 'stopping', { transition: 'stop' }, false, 'start', 'starting'],
    ['is updated when it runs from the new version', 'starting', { outdated: false }, true, 'none', 'updated'],
    ['is updated when its owner did it', 'stale', { outdated: false }, false, 'none', 'updated'],
    ['that its owner deleted is no longer due', 'stale', undefined, true, 'none', 'updated'],
    ['that is stopped takes the version at its next start', 'stale', { transition: 'stop' }, true, 'start-later', 'next_start'],
    ['is parked when our build fails', 'starting', { job: 'failed', outdated: false }, true, 'none', 'parked'],
    ['that had failed before is built anew', 'stale', { job: 'failed' }, true, 'start', 'starting'],
    ['stays parked', 'parked', { job: 'failed' }, true, 'none', 'parked'],
  ])('%s', (_, state, shown, mayBegin, act, after) => {
    expect(moveOf({ ...due, state }, shown && { ...running, ...shown }, mayBegin)).toMatchObject({ act, state: after });
  });
});

it('stops by itself when more break than come through', () => {
  const of = (parked: number, updated: number) =>
    isFailing(countsOf([...Array(parked).fill({ state: 'parked' }), ...Array(updated).fill({ state: 'updated' })]));
  expect([of(2, 0), of(3, 0), of(3, 3), of(4, 3)]).toEqual([false, true, false, true]);
});

it.each([
  [{}, /"template" is missing; "reason" is missing/],
  [{ template: 'claude-code', reason: 'x', deadline_days: 90 }, /"deadline_days" is not what it should be/],
  [{ template: 'claude-code', reason: 'x', now: true }, /"now" is not known here/],
])('says what to write instead of %j', (written, says) => {
  expect(readRolloutStart(written)).toMatchObject({ ok: false, refusal: expect.stringMatching(says) });
});
