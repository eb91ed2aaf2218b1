/** A case: one coming or going of one person. `CASE#<cas_>` / `CASE`; gsi1 `CASES#<per_>` / `<started_at>#<cas_>`; no TTL: evidence outlives people. */
import * as z from 'zod';
import { record } from './record.ts';

export const CaseStatus = z.enum(['waiting', 'cutting', 'cut', 'proven', 'held', 'purging', 'done', 'needs_human', 'cancelled']);
export type CaseStatus = z.infer<typeof CaseStatus>;

export const Case = z.object({
  id: z.string(),
  kind: z.enum(['offboarding']),
  person: z.string(),
  generation: z.int().positive(),
  status: CaseStatus,
  /** manual: an admin started it; event: the directory did; entitlement: the last entitling group was lost. */
  trigger: z.enum(['manual', 'event', 'entitlement']),
  reason: z.string(),
  ticket: z.string().optional(),
  dry_run: z.boolean(),
  hold: z.boolean(),
  execution_arn: z.string(),
  started_at: z.string(),
  cut_at: z.string().optional(),
  proven_at: z.string().optional(),
  closed_at: z.string().optional(),
  /** What a person should do, when the status is needs_human. */
  message: z.string().optional(),
});
export type Case = z.infer<typeof Case>;

export const lifecycleCase = record({
  name: 'case',
  writer: 'lifecycle',
  readers: ['people'],
  leadingKeys: ['CASE#*'],
  key: (id: string) => ({ pk: `CASE#${id}`, sk: 'CASE' }),
  schema: Case,
  example: {
    id: 'cas_01h00000000000000000000000',
    kind: 'offboarding',
    person: 'per_01h00000000000000000000000',
    generation: 2,
    status: 'cutting',
    trigger: 'event',
    reason: 'deactivated in the directory',
    dry_run: false,
    hold: false,
    execution_arn: 'arn:aws:states:eu-central-1:123456789012:execution:gatehouse-prod-offboarding:cas_01h00000000000000000000000',
    started_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'who left, when and why',
});
