/** The public keys that our tokens verify with. `SIGNING-KEYS` / `<kid>`; no TTL while a token of the key may live. */
import * as z from 'zod';
import { record } from './record.ts';

export const SigningKey = z.object({
  kid: z.string(),
  state: z.enum(['next', 'current', 'previous']),
  /** Public members only (RFC 7517). */
  jwk: z.object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string(),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  }),
  key_arn: z.string(),
  created_at: z.string(),
});
export type SigningKey = z.infer<typeof SigningKey>;

export const signingKey = record({
  name: 'signing-key',
  writer: 'access',
  readers: ['policy', 'usage', 'inference', 'people', 'lifecycle', 'console', 'keys', 'operations'],
  leadingKeys: ['SIGNING-KEYS'],
  key: (kid: string) => ({ pk: 'SIGNING-KEYS', sk: kid }),
  schema: SigningKey,
  example: {
    kid: 'q7S0',
    state: 'current',
    jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'q7S0', alg: 'ES256', use: 'sig' },
    key_arn: 'arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000',
    created_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'verify with the keys already read; refuse an unknown kid, 503',
  reveals: 'nothing: public keys',
});
