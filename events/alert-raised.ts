/** An alarm went off: something needs somebody. Told once however often the alarm's event is delivered. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const alertShape = {
  /** The alarm's own name: raised and cleared carry the same. */
  alarm: z.string(),
  severity: z.enum(['page', 'notify', 'note']),
  /** What happened and what to do about it, as the alarm says it. */
  says: z.string(),
  /** Page and heading, e.g. `docs/alarms.md#access-refresh-reuse`; empty for alarms of others. */
  runbook: z.string(),
  /** The last value that CloudWatch looked at. */
  value: z.number().optional(),
  threshold: z.number().optional(),
  /** When the alarm's state changed, RFC 3339. */
  since: z.iso.datetime(),
};

export const alertRaised = fact('alert-raised', 'operations', alertShape, {
  alarm: 'gatehouse-prod-access-refresh-reuse',
  severity: 'page',
  says: 'A refresh token was used again after its successor. The family is dead; find out whose machine it was.',
  runbook: 'docs/alarms.md#access-refresh-reuse',
  value: 1,
  threshold: 0,
  since: '2026-11-22T09:00:00.000Z',
});
