/** The keys of those who sign what they push, from the address that the profile gives: never from the token. Kept for five minutes; an unknown kid asks again, seldom. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ask } from '@gatehouse/runtime/outside';
import * as z from 'zod';

const keepMs = 5 * 60_000;
const askAgainMs = 10_000;

const Jwks = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), use: z.string().optional() })) });
type Jwk = z.infer<typeof Jwks>['keys'][number];

interface Kept {
  keys: ReadonlyMap<string, KeyObject>;
  readAt: number;
}
const kept = new Map<string, Kept>();

/** Undefined for a kid that the address does not have. @throws Unavailable when it does not answer. */
export async function keyAt(jwksUri: string, kid: string, alg: string, nowMs: number): Promise<KeyObject | undefined> {
  const known = kept.get(jwksUri);
  const age = known ? nowMs - known.readAt : Number.POSITIVE_INFINITY;
  const found = known?.keys.get(kid);
  if (found && age < keepMs) return fits(found, alg) ? found : undefined;
  if (known && age < askAgainMs) return undefined;
  const keys = await readKeys(jwksUri);
  kept.set(jwksUri, { keys, readAt: nowMs });
  const fresh = keys.get(kid);
  return fresh && fits(fresh, alg) ? fresh : undefined;
}

async function readKeys(jwksUri: string): Promise<ReadonlyMap<string, KeyObject>> {
  const answer = await ask(jwksUri, { timeoutMs: 2_000, attempts: 2 });
  const parsed = Jwks.safeParse(answer.status === 200 ? safely(() => answer.json()) : undefined);
  const usable = parsed.success ? parsed.data.keys.filter(({ use }) => use === undefined || use === 'sig') : [];
  return new Map(usable.flatMap((jwk) => keyOf(jwk)));
}

function keyOf(jwk: Jwk): [string, KeyObject][] {
  const key = safely(() => createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }));
  const strong = key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  return key && strong ? [[jwk.kid, key]] : [];
}

const types: Readonly<Record<string, string>> = { RS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

function fits(key: KeyObject, alg: string): boolean {
  if (alg === 'ES256' && key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
  return key.asymmetricKeyType === types[alg];
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
