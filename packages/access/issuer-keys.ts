/** Reads an issuer's documents: which of its keys may sign what, and where it lives. Refuses a discovery document of somebody else and a key that changed under its name. */
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import * as z from 'zod';

const Jwk = z.looseObject({
  kty: z.string(),
  kid: z.string().min(1),
  use: z.string().optional(),
  alg: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
});
export type IssuerJwk = z.infer<typeof Jwk>;
const Jwks = z.looseObject({ keys: z.array(z.unknown()) });

export interface KeySet {
  keys: ReadonlyMap<string, IssuerJwk>;
  /** Every kid ever seen here and the thumbprint it had: a kid is never reused. */
  seen: ReadonlyMap<string, string>;
  /** Kids whose key changed: neither the old nor the new one is used. */
  swapped: readonly string[];
}

export const maxDocumentBytes = 256 * 1024;

/** The usable signature keys of a JWKS. Keys without kid, for encryption, symmetric or weak are left out. */
export function readKeySet(body: unknown, before: KeySet | undefined): KeySet {
  const seen = new Map(before?.seen);
  const swapped = new Set(before?.swapped);
  const keys = new Map<string, IssuerJwk>();
  for (const raw of Jwks.parse(body).keys) {
    const parsed = Jwk.safeParse(raw);
    if (!parsed.success || !mayVerify(parsed.data)) continue;
    const jwk = parsed.data;
    const print = thumbprint(jwk);
    const known = seen.get(jwk.kid);
    if (known !== undefined && known !== print) swapped.add(jwk.kid);
    seen.set(jwk.kid, known ?? print);
    keys.set(jwk.kid, jwk);
  }
  for (const kid of swapped) keys.delete(kid);
  return { keys, seen, swapped: [...swapped] };
}

function mayVerify(jwk: IssuerJwk): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) return false;
  return isStrong(jwk) && isKey(jwk);
}

function isStrong(jwk: IssuerJwk): boolean {
  switch (jwk.kty) {
    case 'RSA':
      return rsaBits(jwk.n) >= 2048 && jwk.e === 'AQAB';
    case 'EC':
      return jwk.crv === 'P-256';
    case 'OKP':
      return jwk.crv === 'Ed25519';
    default:
      return false;
  }
}

/** Whether the numbers are a key at all, e.g. a point on its curve. */
function isKey(jwk: IssuerJwk): boolean {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).type === 'public';
  } catch {
    return false;
  }
}

function rsaBits(modulus: unknown): number {
  return typeof modulus === 'string' ? Buffer.from(modulus, 'base64url').length * 8 : 0;
}

/** RFC 7638: SHA-256 over the required members in lexicographic order. */
export function thumbprint(jwk: Readonly<Record<string, unknown>>): string {
  const names = jwk.kty === 'RSA' ? ['e', 'kty', 'n'] : jwk.kty === 'EC' ? ['crv', 'kty', 'x', 'y'] : ['crv', 'kty', 'x'];
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]]))))
    .digest('base64url');
}

const Discovery = z.looseObject({
  issuer: z.string(),
  jwks_uri: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
});
export type Discovery = z.infer<typeof Discovery>;

/** Where an issuer's discovery document is (OpenID Connect Discovery s4). */
export function discoveryUrl(issuer: string): string {
  // Entra ID has one document for all tenants of organizations; it spells the issuer with the placeholder.
  return `${issuer.replace('{tenantid}', 'organizations').replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** @throws RangeError when the document is another issuer's, or sends us to an address that may not be asked. */
export function readDiscovery(body: unknown, issuer: string, allowLoopbackHttp: boolean): Discovery {
  const document = Discovery.parse(body);
  if (document.issuer !== issuer) throw new RangeError(`The discovery document of ${issuer} names another issuer`);
  for (const url of [document.jwks_uri, document.authorization_endpoint, document.token_endpoint]) {
    if (!mayAsk(url, allowLoopbackHttp)) throw new RangeError(`The discovery document of ${issuer} has an address that is not https`);
  }
  return document;
}

/** https; plain http only to this machine, and only where the profile says so. */
export function mayAsk(address: string, allowLoopbackHttp: boolean): boolean {
  const url = new URL(address);
  if (url.username || url.password) return false;
  if (url.protocol === 'https:') return true;
  return allowLoopbackHttp && url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
}
