/** Our own access token (RFC 9068, ES256): what it carries, and whether one presented here is ours and alive by itself. Session state is the caller's to read. */
import { type KeyObject, verify } from 'node:crypto';
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import { joseToDer } from './es256.ts';
import { checkClaims, checkHeader, decodeObject, malformed, short, splitToken } from './jwt.ts';
import { ok, type Result, refuse } from './result.ts';

/** The token's life. Death does not wait for it: session state is read or polled on every surface. */
export const accessTokenSeconds = 3 * 3600;

/** Far above our own tokens (about 800 bytes), far below what costs anything to refuse. */
const maxAccessTokenBytes = 8_192;

/** RFC 9068 s2.2, and `sid`, `epoch`: which session, and the gate's epoch when it was minted. Groups are kept out of it. */
export interface AccessClaims {
  iss: string;
  /** The gateway's origin. */
  aud: string | readonly string[];
  /** `per_...` */
  sub: string;
  /** What signed in: claude_code, exchange, agent. */
  client_id: string;
  /** Seconds since the epoch, like `exp` and `auth_time`. */
  iat: number;
  exp: number;
  jti: string;
  /** `ses_...` */
  sid: string;
  epoch: number;
  auth_time: number;
  /** Space-separated surfaces: policy otlp inference usage. */
  scope: string;
  /** The acting agent (RFC 8693 s4.1): told, never used to decide. */
  act?: { sub: string };
}

export interface Trust {
  issuer: string;
  audience: string;
  /** Our published keys by `kid`. */
  keys: ReadonlyMap<string, KeyObject>;
}

/** A compact access token's parts before signing, for whoever holds the key. */
export function signingInput(kid: string, claims: AccessClaims): string {
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid });
  return `${header}.${encode({ ...claims })}`;
}

const headerRules = { algorithms: ['ES256'], types: ['at+jwt'] };
const required = ['sub', 'client_id', 'iat', 'jti', 'sid', 'epoch', 'auth_time', 'scope'];

/**
 * The claims of a token that is ours: size, shape, header, signature, then claims; nothing of the payload is parsed before the signature holds.
 * Refuses too_large, malformed, unknown_key, bad_signature, wrong_issuer, wrong_audience, expired, not_yet_valid.
 */
export function checkAccessToken(token: string, trust: Trust, nowSeconds: number): Result<AccessClaims, AdmissionRefusal> {
  const segments = splitToken(token, maxAccessTokenBytes);
  if (!segments.ok) return segments;
  const header = decodeObject(segments.value.header, 'header');
  if (!header.ok) return header;
  const named = checkHeader(header.value, headerRules);
  if (!named.ok) return named;
  const key = trust.keys.get(named.value.kid);
  if (!key) return refuse({ reason: 'unknown_key', kid: short(named.value.kid) });
  const der = joseToDer(Buffer.from(segments.value.signature, 'base64url'));
  const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1');
  if (!der || !verify('sha256', signed, key, der)) return refuse({ reason: 'bad_signature' });
  const payload = decodeObject(segments.value.payload, 'payload');
  if (!payload.ok) return payload;
  const rules = {
    issuer: trust.issuer,
    audiences: [trust.audience],
    required,
    maxLifetimeSeconds: accessTokenSeconds,
    graceSeconds: 0,
  };
  const claims = checkClaims(payload.value, rules, nowSeconds);
  if (!claims.ok) return claims;
  return isAccessClaims(claims.value) ? ok(claims.value) : malformed('a claim has not the type that ours have');
}

function isAccessClaims(claims: Readonly<Record<string, unknown>>): claims is Readonly<Record<string, unknown>> & AccessClaims {
  const texts = [claims.sub, claims.client_id, claims.jti, claims.sid, claims.scope];
  const numbers = [claims.iat, claims.exp, claims.auth_time];
  return (
    texts.every((one) => typeof one === 'string') &&
    numbers.every((one) => Number.isInteger(one)) &&
    Number.isInteger(claims.epoch) &&
    Number(claims.epoch) > 0 &&
    /^per_[0-9a-z]{26}$/.test(String(claims.sub)) &&
    /^ses_[0-9a-z]{26}$/.test(String(claims.sid))
  );
}

function encode(value: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
