import { GuardConfig } from '@gatehouse/core/guard-profile';
import { describe, expect, it } from 'vitest';
import { type Decision, decide, isWave, type Question, type Subject } from './guard.ts';

const guard = GuardConfig.parse({});
const at = '2026-11-22T10:00:00.000Z';
const now = Date.parse(at);
const question: Question = { state: 'waiting', decide_by: '2026-11-23T09:00:00.000Z', decisions: [] };
const subject: Subject = { person: 'per_leaver', trigger: 'event' };
const byCarol: Decision = { by: 'per_carol', decision: 'approve', reason: 'the branch was sold', at };

describe('how many are a wave', () => {
  it.each([
    [10, 11, false],
    [11, 55, false],
    [11, 54, true],
    [25, 126, false],
    [26, 100_000, true],
  ])('%i leavers of %i people: %s', async (leaving, here, expected) => {
    expect(await isWave(leaving, async () => here, guard)).toBe(expected);
  });

  it('does not count everybody for a few', async () => {
    const counted = () => Promise.reject(new Error('counted everybody'));
    expect(await isWave(10, counted, guard)).toBe(false);
    expect(await isWave(26, counted, guard)).toBe(true);
  });
});

describe('a decision', () => {
  it('of one approver is enough for people whom facts tell of', () => {
    expect(decide(question, [subject], byCarol, now)).toEqual({
      ok: true,
      value: { ...question, state: 'approved', decisions: [byCarol] },
    });
  });

  it('needs two where somebody unknown started a case in the console, and one rejection ends it', () => {
    const unknown: Subject = { person: 'per_leaver', trigger: 'manual' };
    const first = decide(question, [subject, unknown], byCarol, now);
    if (!first.ok) throw new Error('Carol was refused');
    expect(first.value.state).toBe('waiting');
    expect(decide(first.value, [unknown], byCarol, now)).toMatchObject({ refusal: { reason: 'again' } });
    expect(decide(first.value, [unknown], { ...byCarol, by: 'per_helen' }, now)).toMatchObject({ value: { state: 'approved' } });
    expect(decide(first.value, [unknown], { ...byCarol, by: 'per_helen', decision: 'reject' }, now)).toMatchObject({
      value: { state: 'rejected' },
    });
    expect(decide(question, [{ ...unknown, initiator: 'per_dan' }], byCarol, now)).toMatchObject({ value: { state: 'approved' } });
  });

  it('does not count an approval of whom CloudTrail names as the initiator later, and counts one that was short of a second', () => {
    const unknown: Subject = { person: 'per_leaver', trigger: 'manual' };
    const first = decide(question, [unknown], byCarol, now);
    if (!first.ok) throw new Error('Carol was refused');
    const carols = [
      { ...unknown, initiator: 'per_carol' },
      { ...unknown, person: 'per_other' },
    ];
    expect(decide(first.value, carols, { ...byCarol, by: 'per_helen' }, now)).toMatchObject({ value: { state: 'waiting' } });
    const dans = [{ ...unknown, initiator: 'per_dan' }];
    expect(decide(first.value, dans, byCarol, now)).toMatchObject({ value: { state: 'approved' } });
  });

  it.each<[string, Question, Subject[], string]>([
    ['once decided', { ...question, state: 'rejected' }, [subject], 'decided'],
    ['when the day is over', { ...question, decide_by: at }, [subject], 'expired'],
    ['by one of those whom it is about', question, [subject, { ...subject, person: 'per_carol' }], 'subject'],
    ['by who started one of the cases', question, [{ ...subject, trigger: 'manual', initiator: 'per_carol' }], 'initiator'],
  ])('is refused %s', (_, asked, subjects, reason) => {
    expect(decide(asked, subjects, byCarol, now)).toMatchObject({ ok: false, refusal: { reason } });
  });
});
