/** A copy of what verifies tokens and of what killed them, for the minutes in which the tables are away. Decides who is refused by it; reads no store. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import type { Bearer } from './bearer.ts';

export const TrustCopy = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string(), y: z.string() })),
  /** Person -> the lowest epoch that still lives. */
  epochs: z.record(z.string(), z.int()),
  sessions: z.array(z.string()),
});
export type TrustCopy = z.infer<typeof TrustCopy>;

export function trustCopy(
  keys: ReadonlyMap<string, KeyObject>,
  revoked: { epochs: ReadonlyMap<string, number>; sessions: ReadonlySet<string> },
): TrustCopy {
  return {
    keys: [...keys].map(([kid, key]) => {
      const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
      return { kid, kty, crv, x, y };
    }),
    epochs: Object.fromEntries(revoked.epochs),
    sessions: [...revoked.sessions],
  };
}

export interface Trusted {
  keys: ReadonlyMap<string, KeyObject>;
  /** Whether the list, as it was last known, holds this bearer. */
  revoked(bearer: Bearer): boolean;
}

export function readTrust(copy: TrustCopy): Trusted {
  const sessions = new Set(copy.sessions);
  const epochs = new Map(Object.entries(copy.epochs));
  return {
    keys: new Map(copy.keys.map(({ kid, ...jwk }) => [kid, createPublicKey({ key: jwk, format: 'jwk' })])),
    revoked: ({ person, session, epoch }) => sessions.has(session) || epoch < (epochs.get(person) ?? 0),
  };
}
