/**
 * The revocation log that polled surfaces follow: written in the transaction that shuts. `REVOCATION#<shard>` / `<seq, 16 digits>`;
 * TTL when every token it kills has expired. Readers ask each shard for `sk > cursor` every 2 s; a cold reader first reads all of it.
 */
import * as z from 'zod';
import { record } from './record.ts';

export const revocationShards = 4;

export const Revocation = z.object({
  seq: z.string(),
  person: z.string(),
  /** Tokens of the person with an epoch below this are dead. */
  epoch: z.int().optional(),
  /** Or one session only. */
  session: z.string().optional(),
  at: z.string(),
  expires_at: z.int(),
});
export type Revocation = z.infer<typeof Revocation>;

export const revocation = record({
  name: 'revocation',
  writer: 'access',
  readers: ['usage', 'inference', 'policy'],
  leadingKeys: ['REVOCATION#*'],
  key: (shard: number, seq: string) => ({ pk: `REVOCATION#${shard}`, sk: seq }),
  schema: Revocation,
  example: {
    seq: '1795338000000001',
    person: 'per_01h00000000000000000000000',
    epoch: 2,
    at: '2026-11-22T09:00:00.000Z',
    expires_at: 1795348800,
  },
  consistency: 'strong',
  away: 'use the list for 30 s, then refuse, 503',
  reveals: 'who was cut off, and when',
});
