/**
 * One browser's way to the identity provider and back. Everything it needs is derived from one random secret in its cookie: state, nonce, PKCE verifier
 * and CSRF token are independent of each other and of the user code, and the table holds only the secret's hash.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const loginCookie = 'gatehouse_login';

/** `secret`: 32 random bytes, base64url. `code`: what the person typed, to be shown again; the table knows its hash alone. */
export interface Browser {
  secret: string;
  code: string;
}

export function readLoginCookie(cookies: Readonly<Record<string, string>>): Browser | undefined {
  const [, secret, code] = /^([A-Za-z0-9_-]{43})\.([A-Z]{4}-[A-Z]{4})$/.exec(cookies[loginCookie] ?? '') ?? [];
  return secret && code ? { secret, code } : undefined;
}

/** Lax: the identity provider sends the browser back by a link of its own. */
export function setLoginCookie(browser: Browser | undefined, origin: string, seconds: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  const value = browser ? `${browser.secret}.${browser.code}` : '';
  return `${loginCookie}=${value}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${seconds}${secure}`;
}

type Part = 'state' | 'nonce' | 'verifier' | 'csrf';

export function partOf(secret: string, part: Part): string {
  return createHmac('sha256', secret).update(`gatehouse login ${part}`).digest('base64url');
}

export function holds(secret: string, part: Part, given: string | null | undefined): boolean {
  const expected = partOf(secret, part);
  return typeof given === 'string' && given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

export interface LoginTarget {
  authorizationEndpoint: string;
  clientId: string;
  scopes: string;
  redirectUri: string;
}

/** The authorization request: code flow, PKCE S256 (RFC 7636), nonce (OpenID Connect Core s3.1.2.1). */
export function authorizationUrl(secret: string, { authorizationEndpoint, clientId, scopes, redirectUri }: LoginTarget): string {
  const url = new URL(authorizationEndpoint);
  const challenge = createHash('sha256').update(partOf(secret, 'verifier')).digest('base64url');
  const parameters = {
    response_type: 'code',
    response_mode: 'query',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes,
    state: partOf(secret, 'state'),
    nonce: partOf(secret, 'nonce'),
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
