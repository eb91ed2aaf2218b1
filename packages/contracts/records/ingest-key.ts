/**
 * A key for exporters and collectors that cannot refresh a token: good for OTLP alone, and dead with its owner. `INGEST-KEY#<igk_>` / `KEY`;
 * gsi1 `INGEST-KEYS` / `<igk_>`; TTL a day after its end. The secret itself is nowhere.
 */
import * as z from 'zod';
import { record } from './record.ts';

export const IngestKey = z.object({
  id: z.string(),
  /** The person who answers for it: it dies with them. */
  owner: z.string(),
  /** The owner's epoch when it was made: whatever shuts the owner's gate ends it for good. */
  epoch: z.int(),
  /** The owner's generation then: it also stays dead when they return before anything was shut. */
  generation: z.int(),
  /** SHA-256 of the secret, hex. */
  hash: z.string(),
  /** Whether its sender may say, per resource, whose usage it is. */
  may_name_persons: z.boolean(),
  /** RFC 3339. */
  ends_at: z.string(),
  created_at: z.string(),
  created_by: z.string(),
  expires_at: z.int(),
});
export type IngestKey = z.infer<typeof IngestKey>;

export const ingestKey = record({
  name: 'ingest-key',
  writer: 'usage',
  readers: ['usage'],
  leadingKeys: ['INGEST-KEY#*'],
  key: (id: string) => ({ pk: `INGEST-KEY#${id}`, sk: 'KEY' }),
  schema: IngestKey,
  example: {
    id: 'igk_01h00000000000000000000000',
    owner: 'per_01h00000000000000000000000',
    epoch: 1,
    generation: 1,
    hash: '0000000000000000000000000000000000000000000000000000000000000000',
    may_name_persons: true,
    ends_at: '2027-11-22T09:00:00.000Z',
    created_at: '2026-11-22T09:00:00.000Z',
    created_by: 'per_01h00000000000000000000000',
    expires_at: 1826960400,
  },
  consistency: 'strong',
  away: 'use what was read in the last 30 s, then refuse, 503',
  reveals: 'who runs collectors; the hash is of 256 random bits',
});
/** All of them, in the index. */
export const ingestKeysPk = 'INGEST-KEYS';
