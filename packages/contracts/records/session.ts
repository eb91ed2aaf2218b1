/** A session: what an access token's `sid` points at. `SESSION#<ses_>` / `SESSION`; gsi1 `SESSIONS#<per_>` / `<ses_>`; TTL at the family's absolute end. */
import * as z from 'zod';
import { record } from './record.ts';

export const Session = z.object({
  id: z.string(),
  person: z.string(),
  family: z.string(),
  state: z.enum(['live', 'ended']),
  scopes: z.array(z.string()),
  /** What signed in: claude_code, exchange, agent. */
  client: z.string(),
  /** The acting agent of a token exchange with an actor token. */
  actor: z.string().optional(),
  auth_time: z.int(),
  created_at: z.string(),
  ended_at: z.string().optional(),
  expires_at: z.int(),
});
export type Session = z.infer<typeof Session>;

export const session = record({
  name: 'session',
  writer: 'access',
  readers: ['policy', 'usage', 'inference', 'people', 'lifecycle', 'console'],
  leadingKeys: ['SESSION#*'],
  key: (id: string) => ({ pk: `SESSION#${id}`, sk: 'SESSION' }),
  schema: Session,
  example: {
    id: 'ses_01h00000000000000000000000',
    person: 'per_01h00000000000000000000000',
    family: 'fam_01h00000000000000000000000',
    state: 'live',
    scopes: ['policy', 'otlp', 'inference', 'usage'],
    client: 'claude_code',
    auth_time: 1795338000,
    created_at: '2026-11-22T09:00:00.000Z',
    expires_at: 1797930000,
  },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'when a person signed in and from what; no token',
});
