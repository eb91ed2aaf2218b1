/** When an alarm is news: once for each time that it goes off and is over, whatever order and however often its events come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlarmChange, readAlarm } from './alarm-event.ts';
import { type Known, newsOf } from './alert.ts';

const detail = {
  alarmName: 'gatehouse-prod-access-refresh-reuse',
  configuration: {
    description: 'A refresh token was used again. Find out whose. [page] Runbook: docs/alarms.md#access-refresh-reuse',
    metrics: [],
  },
  previousState: { value: 'OK', timestamp: '2026-11-22T08:00:00.000+0000' },
  state: {
    value: 'ALARM',
    reason: 'Threshold Crossed',
    reasonData: '{"version":"1.0","recentDatapoints":[null,3.0],"threshold":0.0}',
    timestamp: '2026-11-22T09:00:00.000+0000',
  },
};
const change: AlarmChange = {
  alarm: 'gatehouse-prod-access-refresh-reuse',
  state: 'ALARM',
  since: '2026-11-22T09:00:00.000Z',
  severity: 'page',
  says: 'A refresh token was used again. Find out whose.',
  runbook: 'docs/alarms.md#access-refresh-reuse',
  value: 3,
  threshold: 0,
};

describe("CloudWatch's event", () => {
  it('is read with its severity, its runbook and its numbers', () => {
    expect(readAlarm(detail)).toEqual({ ok: true, value: change });
  });
  it('of an alarm that is not ours has the usual severity and no runbook', () => {
    const read = readAlarm({ ...detail, configuration: { description: 'CPU' } });
    expect(read).toMatchObject({ ok: true, value: { severity: 'notify', runbook: '', says: 'CPU' } });
  });
  it.each([
    ['no data of its reason', { ...detail.state, reasonData: undefined }],
    ['data that is no JSON', { ...detail.state, reasonData: 'because' }],
    ["a composite's data", { ...detail.state, reasonData: '{"triggeringAlarms":[]}' }],
  ])('with %s has no numbers', (_, state) => {
    const read = readAlarm({ ...detail, state });
    expect(read.ok && [read.value.value, read.value.threshold]).toEqual([undefined, undefined]);
  });
  it.each([
    ['another state', { ...detail, state: { ...detail.state, value: 'BROKEN' } }],
    ['no time', { ...detail, state: { ...detail.state, timestamp: 'now' } }],
    ['no name', { ...detail, alarmName: '' }],
    ['nothing at all', null],
  ])('with %s is refused', (_, wrong) => {
    expect(readAlarm(wrong)).toMatchObject({ ok: false, refusal: { reason: 'not_an_alarm' } });
  });
});

describe('news', () => {
  const raised: Known = { state: 'raised', since: '2026-11-22T08:00:00.000Z' };

  it('is an alarm that goes off', () => {
    expect(newsOf(change, undefined)).toEqual({ word: 'raised' });
    expect(newsOf(change, { ...raised, state: 'cleared' })).toEqual({ word: 'raised' });
  });
  it('is an alarm that is over', () => {
    expect(newsOf({ ...change, state: 'OK' }, raised)).toEqual({ word: 'cleared' });
  });
  it.each([
    ['an alarm that was raised already', change, raised],
    ['an alarm that is well and was never raised', { ...change, state: 'OK' as const }, undefined],
    ['an alarm without data', { ...change, state: 'INSUFFICIENT_DATA' as const }, raised],
    ['an older change', { ...change, state: 'OK' as const, since: '2026-11-22T07:00:00.000Z' }, raised],
    ['the same change again', { ...change, since: raised.since }, raised],
  ])('is not %s', (_, one, before) => {
    expect(newsOf(one, before).word).toMatch(/nothing|noted/);
  });

  it('ends in the state of the latest change, whatever order they come in', () => {
    const states = fc.array(fc.constantFrom<AlarmChange['state']>('ALARM', 'OK', 'INSUFFICIENT_DATA'), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(states, fc.infiniteStream(fc.nat()), (all, random) => {
        const changes = all.map((state, index) => ({
          ...change,
          state,
          since: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
        }));
        const shuffled = changes.map((one) => ({ one, at: random.next().value })).sort((a, b) => a.at - b.at);
        let known: Known | undefined;
        for (const { one } of shuffled) {
          const news = newsOf(one, known);
          if (news.word !== 'nothing') known = { state: news.word === 'noted' ? news.state : news.word, since: one.since };
        }
        const last = changes.findLast(({ state }) => state !== 'INSUFFICIENT_DATA')?.state;
        expect(known?.state === 'raised').toBe(last === 'ALARM');
      }),
    );
  });
});
