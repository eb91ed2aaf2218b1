/** Whom an issuer's immutable subject means. `IDENTITY#<issuer>#<subject>` / `IDENTITY`; no TTL. */
import * as z from 'zod';
import { record } from './record.ts';

export const Identity = z.object({ person: z.string(), issuer: z.string(), subject: z.string() });
export type Identity = z.infer<typeof Identity>;

export const identity = record({
  name: 'identity',
  writer: 'people',
  readers: ['access', 'lifecycle'],
  leadingKeys: ['IDENTITY#*'],
  key: (issuer: string, subject: string) => ({ pk: `IDENTITY#${issuer}#${subject}`, sk: 'IDENTITY' }),
  schema: Identity,
  example: { person: 'per_01h00000000000000000000000', issuer: 'https://idp.example.com', subject: '00ualice000000000000' },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'which IdP account is which person',
});
