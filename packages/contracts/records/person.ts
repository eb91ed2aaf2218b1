/** A person: the directory's truth as last read. `PERSON#<per_>` / `PERSON`; gsi1 `PEOPLE#<shard>` / `<per_>`; no TTL. */
import * as z from 'zod';
import { record } from './record.ts';

export const Person = z.object({
  id: z.string(),
  status: z.enum(['active', 'suspended', 'left']),
  email: z.string(),
  name: z.string(),
  groups: z.array(z.string()),
  /** The directory's ids of the same groups, where it has any. */
  group_ids: z.array(z.string()).optional(),
  /** Rises whenever the person leaves or returns; never falls. */
  generation: z.int().positive(),
  /** A legal hold: nothing is purged while it is set. */
  hold: z.boolean(),
  subjects: z.array(z.object({ issuer: z.string(), subject: z.string() })),
  /** When the directory was last read, and the directory's own time of last change. RFC 3339. */
  read_at: z.string(),
  truth_at: z.string().optional(),
});
export type Person = z.infer<typeof Person>;

/** All people lie in the index under these, so that they can be read page by page and side by side. */
export const peopleShards = 4;
export function peoplePk(shard: number): string {
  return `PEOPLE#${shard}`;
}
/** Where a person lies in the index: ids are random to their last character. */
export function peopleIndex(id: string): { gsi1pk: string; gsi1sk: string } {
  return { gsi1pk: peoplePk((id.codePointAt(id.length - 1) ?? 0) % peopleShards), gsi1sk: id };
}

export const person = record({
  name: 'person',
  writer: 'people',
  readers: ['access', 'lifecycle', 'keys', 'workspaces', 'usage', 'policy', 'inference'],
  leadingKeys: ['PERSON#*', 'PEOPLE#*'],
  key: (id: string) => ({ pk: `PERSON#${id}`, sk: 'PERSON' }),
  schema: Person,
  example: {
    id: 'per_01h00000000000000000000000',
    status: 'active',
    email: 'alice@example.com',
    name: 'Alice Example',
    groups: ['engineering'],
    generation: 1,
    hold: false,
    subjects: [{ issuer: 'https://idp.example.com', subject: '00ualice000000000000' }],
    read_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'who works here, their e-mail and groups',
});
