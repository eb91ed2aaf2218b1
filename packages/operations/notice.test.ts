/** How a notification reads where people see it. */
import { expect, it } from 'vitest';
import { type Notice, pagerdutyEvent, slackMessage } from './notice.ts';

const notice: Notice = {
  alarm: 'gatehouse-prod-access-refresh-reuse',
  severity: 'page',
  state: 'raised',
  says: 'A token of <somebody> was used again & again.',
  runbook: 'docs/alarms.md#access-refresh-reuse',
  value: 3,
  threshold: 0,
  since: '2026-11-22T09:00:00.000Z',
};

it('tells Slack what happened, the numbers and the runbook, and lets no text steer it', () => {
  const { text } = slackMessage(notice);
  expect(text.split('\n')).toEqual([
    ':rotating_light: *gatehouse-prod-access-refresh-reuse*',
    'A token of &lt;somebody&gt; was used again &amp; again.',
    'It is 3; the mark is 0.',
    'Runbook: docs/alarms.md#access-refresh-reuse',
  ]);
});

it('tells Slack that it is over', () => {
  expect(slackMessage({ ...notice, state: 'cleared' }).text).toContain(':white_check_mark: *gatehouse-prod-access-refresh-reuse is over*');
});

it('triggers and resolves one incident of PagerDuty by the name of the alarm', () => {
  expect(pagerdutyEvent(notice, 'https://claude.acme.example')).toMatchObject({
    event_action: 'trigger',
    dedup_key: notice.alarm,
    payload: { severity: 'critical', source: 'https://claude.acme.example', timestamp: notice.since },
  });
  expect(pagerdutyEvent({ ...notice, state: 'cleared' }, '')).toMatchObject({ event_action: 'resolve', dedup_key: notice.alarm });
});

it('keeps its summary within what PagerDuty takes', () => {
  const { payload } = pagerdutyEvent({ ...notice, says: 'x'.repeat(3000) }, '') as { payload: { summary: string } };
  expect(payload.summary).toHaveLength(1024);
});
