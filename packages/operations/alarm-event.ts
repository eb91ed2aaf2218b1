/** Reads CloudWatch's own event of an alarm's change of state. Decides nothing. @see "CloudWatch Alarm State Change" in the CloudWatch User Guide */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const State = z.object({
  value: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
  /** A JSON string; `reason` is prose and is never parsed. */
  reasonData: z.string().optional(),
  /** e.g. 2026-11-22T09:00:00.000+0000 */
  timestamp: z.string(),
});
const Detail = z.object({
  alarmName: z.string().min(1),
  configuration: z.object({ description: z.string().optional() }).optional(),
  state: State,
});
const ReasonData = z.object({ threshold: z.number().optional(), recentDatapoints: z.array(z.number().nullable()).optional() });

export interface AlarmChange {
  alarm: string;
  state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA';
  /** RFC 3339, UTC, milliseconds. */
  since: string;
  severity: 'page' | 'notify' | 'note';
  says: string;
  runbook: string;
  value?: number;
  threshold?: number;
}

/** What `describe` of the contracts wrote at the end of an alarm's description. */
const ending = /\s*\[(page|notify|note)\] Runbook: (\S+)$/;

export function readAlarm(detail: unknown): Result<AlarmChange, { reason: 'not_an_alarm'; detail: string }> {
  const parsed = Detail.safeParse(detail);
  if (!parsed.success) return refuse({ reason: 'not_an_alarm', detail: z.prettifyError(parsed.error) });
  const { alarmName, configuration, state } = parsed.data;
  const at = Date.parse(state.timestamp.replace(/\+0000$/, 'Z'));
  if (Number.isNaN(at)) return refuse({ reason: 'not_an_alarm', detail: `"${state.timestamp}" is no time` });
  const description = configuration?.description ?? '';
  const [, severity = 'notify', runbook = ''] = ending.exec(description) ?? [];
  return ok({
    alarm: alarmName,
    state: state.value,
    since: new Date(at).toISOString(),
    severity: severity as AlarmChange['severity'],
    says: description.replace(ending, ''),
    runbook,
    ...numbersOf(state.reasonData),
  });
}

/** Composite alarms have other data there, and some have none. */
function numbersOf(text: string | undefined): { value?: number; threshold?: number } {
  const data = ReasonData.safeParse(text === undefined ? {} : parse(text));
  if (!data.success) return {};
  const value = data.data.recentDatapoints?.filter((point) => point !== null).at(-1);
  return { ...(value !== undefined && { value }), ...(data.data.threshold !== undefined && { threshold: data.data.threshold }) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
