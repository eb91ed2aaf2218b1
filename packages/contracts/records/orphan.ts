/** Something that a system gave out and that belongs to nobody here. `ORPHANS` / `orp_...`; TTL thirty days after it was last seen, and never the check. */
import * as z from 'zod';
import { Holder } from '../steps/orphans.ts';
import { record } from './record.ts';

export const Orphan = z.object({
  /** Of the system, the kind and the system's own id: the same one is the same orphan. */
  id: z.string(),
  system: Holder.shape.system,
  kind: Holder.shape.kind,
  ref: z.string(),
  /** unknown: its owner is nobody here; left: its owner has left, and it lives; ownerless: the system names no owner. */
  reason: z.enum(['unknown', 'left', 'ownerless']),
  names: z.array(z.string()),
  first_seen_at: z.string(),
  last_seen_at: z.string(),
  /** Since when it is one: seen twice, at least an hour apart. */
  told_at: z.string().optional(),
  /** What an admin decided of it. */
  decision: z.enum(['block', 'keep']).optional(),
  decided_by: z.string().optional(),
  decision_reason: z.string().optional(),
  blocked_at: z.string().optional(),
});
export type Orphan = z.infer<typeof Orphan>;

export const orphan = record({
  name: 'orphan',
  writer: 'people',
  readers: ['operations'],
  leadingKeys: ['ORPHANS'],
  key: (id: string) => ({ pk: 'ORPHANS', sk: id }),
  schema: Orphan,
  example: {
    id: 'orp_01h00000000000000000000000',
    system: 'litellm',
    kind: 'virtual-key',
    ref: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    reason: 'unknown',
    names: ['ghost@example.com'],
    first_seen_at: '2026-11-22T09:00:00.000Z',
    last_seen_at: '2026-11-22T10:00:00.000Z',
    told_at: '2026-11-22T10:00:00.000Z',
  },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'which keys, seats and workspaces have no owner here, and what their systems call the owner; no credential',
});
