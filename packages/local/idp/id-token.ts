/** The IdP's signing key, kept across restarts, and the ID tokens made with it outside a sign-in. */
import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { createSnapshot } from '../outside/snapshot.ts';
import type { Directory, Person } from './directory.ts';

export const audience = 'gatehouse';
export const idTokenSeconds = 3600;
export const maxTokenSeconds = 10 * 365 * 24 * 3600;

export interface IdTokenWish {
  audience?: string;
  /** Negative for a token that has expired already. */
  expiresInSeconds?: number;
  /** Laid over the standard claims; null takes a claim away. */
  claims?: Record<string, unknown>;
  /** `typ` of the header, e.g. for a token that announces the end of sessions; none for an ID token. */
  type?: string;
}

/** One private RSA key as a JWK: Okta, like most IdPs, signs with RS256. */
export async function loadSigningKey(folder: string | undefined): Promise<JWK> {
  let key: JWK | undefined;
  const snapshot = createSnapshot(folder, 'idp-keys.json', () => key);
  const saved = snapshot.load();
  if (isPrivateKey(saved)) return saved;
  const pair = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  key = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' };
  await snapshot.save();
  return key;
}

function isPrivateKey(value: unknown): value is JWK {
  return typeof value === 'object' && value !== null && 'kty' in value && 'd' in value && 'kid' in value;
}

/**
 * Signs the ID token that `person` would carry after a sign-in a moment ago. The person's status is not looked at:
 * a token signed before a deactivation reads the same after it, and whoever takes tokens must cope.
 * @param now stack time in milliseconds.
 */
export async function signIdToken(
  key: JWK,
  issuer: string,
  directory: Directory,
  person: Person,
  now: number,
  wish: IdTokenWish = {},
): Promise<string> {
  const iat = Math.floor(now / 1000);
  const lifetime = wish.expiresInSeconds ?? idTokenSeconds;
  const standard: Record<string, unknown> = {
    iss: issuer,
    sub: person.id,
    aud: wish.audience ?? audience,
    iat: lifetime < 0 ? iat + lifetime - idTokenSeconds : iat,
    exp: iat + lifetime,
    jti: `ID.${randomUUID()}`,
    email: person.email,
    name: person.name,
    groups: directory.groupsOf(person).map((group) => group.name),
  };
  const claims = Object.fromEntries(Object.entries({ ...standard, ...wish.claims }).filter(([, value]) => value !== null));
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid ?? '', ...(wish.type !== undefined && { typ: wish.type }) })
    .sign(await importJWK(key, 'RS256'));
}
