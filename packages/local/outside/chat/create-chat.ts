/**
 * Slack's incoming webhook and PagerDuty's Events API v2, as far as a sender sees them. What arrived is shown at `/slack/_messages` and
 * `/pagerduty/_incidents`; it is kept in memory alone.
 */
import { type Answer, type Call, route, type System } from '../http.ts';

/** The path that stands for the workspace's secret, and the integration key, which has 32 characters. */
export const slackPath = '/services/T000/B000/gatehouse';
export const pagerdutyKey = '0123456789abcdef0123456789abcdef';

interface Incident {
  dedup_key: string;
  state: 'triggered' | 'resolved';
  severity: string;
  summary: string;
  events: number;
}

const text = (status: number, body: string): Answer => ({ status, body, headers: { 'content-type': 'text/plain' } });
const kept = 1_000;

export function createChat(): System[] {
  const messages: string[] = [];
  const incidents = new Map<string, Incident>();

  function post({ body }: Call): Answer {
    if (typeof body.text !== 'string' || body.text === '') return text(400, 'no_text');
    messages.push(body.text);
    if (messages.length > kept) messages.shift();
    return text(200, 'ok');
  }

  function enqueue({ body }: Call): Answer {
    const wrong = mistakesOf(body);
    if (wrong.length > 0) return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors: wrong } };
    const dedup_key = String(body.dedup_key);
    const payload = (body.payload ?? {}) as { severity?: unknown; summary?: unknown };
    const before = incidents.get(dedup_key);
    incidents.set(dedup_key, {
      dedup_key,
      state: body.event_action === 'resolve' ? 'resolved' : 'triggered',
      severity: String(payload.severity ?? before?.severity),
      summary: String(payload.summary ?? before?.summary),
      events: (before?.events ?? 0) + 1,
    });
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key } };
  }

  return [
    {
      prefix: '/slack',
      routes: [route('POST', slackPath, post), route('GET', '/_messages', () => ({ status: 200, body: { messages } }))],
      refuse: (status) => text(status, status === 404 ? 'no_service' : 'invalid_payload'),
    },
    {
      prefix: '/pagerduty',
      routes: [
        route('POST', '/v2/enqueue', enqueue),
        route('GET', '/_incidents', () => ({ status: 200, body: { incidents: [...incidents.values()] } })),
      ],
      refuse: (status, message) => ({ status, body: { status: 'error', message } }),
    },
  ];
}

/** @see PagerDuty Events API v2, "Send an alert event" */
function mistakesOf(body: Call['body']): string[] {
  const payload = body.payload as { summary?: unknown; source?: unknown; severity?: unknown } | undefined;
  const wrong: string[] = [];
  if (body.routing_key !== pagerdutyKey) wrong.push("'routing_key' is missing or unknown");
  if (!['trigger', 'acknowledge', 'resolve'].includes(String(body.event_action)))
    wrong.push("'event_action' must be trigger, acknowledge or resolve");
  if (typeof body.dedup_key !== 'string' && body.event_action !== 'trigger') wrong.push("'dedup_key' is missing");
  if (body.event_action !== 'trigger') return wrong;
  for (const member of ['summary', 'source', 'severity'] as const)
    if (typeof payload?.[member] !== 'string') wrong.push(`'payload.${member}' is missing or blank`);
  if (!['critical', 'error', 'warning', 'info'].includes(String(payload?.severity)))
    wrong.push("'payload.severity' is not one of the four");
  return wrong;
}
