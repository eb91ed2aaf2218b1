import type { StepOutput, Target } from '@gatehouse/contracts/steps/step';
import { describe, expect, it } from 'vitest';
import { flawOf, gradesOf } from './proof.ts';

function answer(grades: (Target['grade'] | undefined)[], outcome: StepOutput['outcome'] = 'done'): StepOutput {
  const targets = grades.map((grade, index) => ({
    system: 'litellm' as const,
    kind: 'virtual-key' as const,
    id_hash: `sha256:${index}`,
    before: 'live',
    after: 'blocked',
    at: '2026-11-22T09:00:00.000Z',
    ...(grade && { grade }),
  }));
  return { outcome, targets, message: 'as it is' };
}

describe('a proof', () => {
  it('is as good as its weakest target, and attested never counts as probed', () => {
    const results = [
      { step: 'probe-sessions', result: answer(['probed', 'probed']) },
      { step: 'probe-virtual-keys', result: answer(['probed', 'attested']) },
      { step: 'probe-workspaces', result: answer(['observed']) },
      { step: 'probe-seats', result: answer([], 'nothing_to_do') },
    ];
    expect(gradesOf(results)).toEqual({ sessions: 'probed', 'virtual-keys': 'attested', workspaces: 'observed' });
    expect(flawOf(results)).toBeUndefined();
  });

  it.each(['not_yet', 'needs_human', 'delegated'] as const)('is none while a step answers %s', (outcome) => {
    expect(flawOf([{ step: 'probe-sessions', result: answer(['probed'], outcome) }])).toBe('probe-sessions: as it is');
  });

  it('is none when a target has no grade', () => {
    expect(flawOf([{ step: 'probe-sessions', result: answer(['probed', undefined]) }])).toMatch(/without a grade/);
  });
});
