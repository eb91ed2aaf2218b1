/**
 * Whether the claims of a verified token make it a logout token of now, and whose sessions it ends (OpenID Connect Back-Channel Logout 1.0,
 * sections 2.4 and 2.6). It looks at no signature, issuer or audience: those have been checked before.
 */
import type { JsonObject } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { timeIn } from './claim-time.ts';

/** RFC 8417's claim names the kind by this member; its value is an object, usually empty. */
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** Section 2.6, step 2: the type is recommended, so that older providers send none, or that of any JWT. What an ID token has then gives it away: `nonce`, and no `events`. */
export const logoutTypes = ['logout+jwt', 'jwt', undefined] as const;
/** Section 4 wants tokens that live for two minutes at most; providers with one lifetime for all their short tokens are borne with. */
const maxLifeSeconds = 600;
const logoutSkewSeconds = 120;
const maxSubject = 255;

export interface Logout {
  subject: string;
  /** Epoch seconds after which the token proves nothing. */
  ends: number;
}

/** @returns the subject, or what is wrong in a sentence for the provider's own log. */
export function readLogout(claims: JsonObject, nowSeconds: number): Result<Logout, string> {
  const [iat, exp] = [timeIn(claims, 'iat'), timeIn(claims, 'exp')];
  if (iat === undefined || exp === undefined) return refuse('iat and exp are required, in seconds');
  if (iat > nowSeconds + logoutSkewSeconds) return refuse('The token is not from now: iat lies in the future');
  if (exp + logoutSkewSeconds <= nowSeconds) return refuse('The token has expired');
  if (exp < iat || exp - iat > maxLifeSeconds) return refuse(`The token may live for ${maxLifeSeconds} seconds at most`);
  if (Object.hasOwn(claims, 'nonce')) return refuse('A token with a nonce is no logout token');
  if (!isLogout(claims.events)) return refuse(`events has no member ${logoutEvent} that is an object`);
  const { sub, sid } = claims;
  if (sid !== undefined && typeof sid !== 'string') return refuse('sid is no string');
  if (sub === undefined && sid !== undefined)
    return refuse('A sid alone names nobody here: no session ids of the provider are kept. Have it send sub');
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubject) return refuse('sub is missing, or no usable string');
  return ok({ subject: sub, ends: exp + logoutSkewSeconds });
}

function isLogout(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent)) return false;
  const event = (events as Record<string, unknown>)[logoutEvent];
  return typeof event === 'object' && event !== null && !Array.isArray(event);
}
