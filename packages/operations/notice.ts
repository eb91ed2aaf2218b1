/** One notification format, and how Slack and PagerDuty write it. Pure: it sends nothing. */

import type { alertRaised } from '@gatehouse/events/alert-raised';
import type { Detail } from '@gatehouse/events/fact';

export interface Notice extends Omit<Detail<typeof alertRaised>, 'id' | 'at'> {
  state: 'raised' | 'cleared';
}

function title({ alarm, state }: Notice): string {
  return state === 'raised' ? alarm : `${alarm} is over`;
}

function numbers({ value, threshold }: Notice): string {
  return value === undefined ? '' : threshold === undefined ? `It is ${value}.` : `It is ${value}; the mark is ${threshold}.`;
}

const marks = { page: ':rotating_light:', notify: ':warning:', note: ':information_source:' } as const;

/** Slack's characters of control (Slack API, "Formatting text"). */
function plain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A message for an incoming webhook (Slack API, "Sending messages using incoming webhooks"). */
export function slackMessage(notice: Notice): { text: string } {
  const mark = notice.state === 'raised' ? marks[notice.severity] : ':white_check_mark:';
  const lines = [
    `${mark} *${plain(title(notice))}*`,
    plain(notice.says),
    numbers(notice),
    notice.runbook && `Runbook: ${plain(notice.runbook)}`,
  ];
  return { text: lines.filter(Boolean).join('\n') };
}

const urgency = { page: 'critical', notify: 'warning', note: 'info' } as const;

/** An event of PagerDuty's Events API v2; the alarm's name joins what belongs together. @param source who speaks: the stage's gateway. */
export function pagerdutyEvent(notice: Notice, source: string): Readonly<Record<string, unknown>> {
  return {
    event_action: notice.state === 'raised' ? 'trigger' : 'resolve',
    dedup_key: notice.alarm,
    payload: {
      // The API cuts at 1,024 characters.
      summary: `${title(notice)}: ${notice.says}`.slice(0, 1024),
      source,
      severity: urgency[notice.severity],
      timestamp: notice.since,
      custom_details: { runbook: notice.runbook, value: notice.value, threshold: notice.threshold },
    },
  };
}
