/** The kill switch, one a person: read with every session call. `GATE#<per_>` / `GATE`; no TTL. Its epoch never falls. */
import * as z from 'zod';
import { record } from './record.ts';

export const Gate = z.object({
  person: z.string(),
  state: z.enum(['open', 'shut']),
  /** Rises with each shutting; a token of an older epoch is dead. */
  epoch: z.int().positive(),
  /** Why it is shut: a case's id, an admin's act. */
  reason: z.string().optional(),
  /** The person's generation at the last write: an older one never writes. */
  generation: z.int().positive(),
  groups: z.array(z.string()),
  /** For answers to the person only. */
  email: z.string(),
  name: z.string(),
  changed_at: z.string(),
});
export type Gate = z.infer<typeof Gate>;

export const gate = record({
  name: 'gate',
  writer: 'access',
  readers: ['policy', 'usage', 'inference', 'people', 'lifecycle', 'console'],
  leadingKeys: ['GATE#*'],
  key: (person: string) => ({ pk: `GATE#${person}`, sk: 'GATE' }),
  schema: Gate,
  example: {
    person: 'per_01h00000000000000000000000',
    state: 'open',
    epoch: 1,
    generation: 1,
    groups: ['engineering'],
    email: 'alice@example.com',
    name: 'Alice Example',
    changed_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'refuse, 503; policy delivery falls back to the last body served',
  reveals: 'who may sign in, and their groups',
});
