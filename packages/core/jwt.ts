/**
 * The strict layer of every JWT check: size, shape, canonical encoding, header and claims (RFC 7515, 7519, 8725). It decides what a token
 * may look like; it never fetches a key, never follows what a token points at, and never puts a token's text into a refusal.
 */
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import { hasDuplicateMember } from './json-members.ts';
import { ok, type Result, refuse } from './result.ts';

export type TokenRefusal = Exclude<
  AdmissionRefusal,
  {
    reason:
      | 'no_token'
      | 'insufficient_scope'
      | 'gate_shut'
      | 'stale_epoch'
      | 'session_ended'
      | 'not_entitled'
      | 'not_admin'
      | 'state_unknown';
  }
>;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The three segments as they were sent, each canonical base64url. */
export interface Segments {
  header: string;
  payload: string;
  signature: string;
}

/** Before anything is parsed: JSON and base64 work grows with what an unknown caller sends. */
const maxTokenBytes = 16_384;

/** Clocks of the parties may differ by this much (RFC 7519 s4.1.4 allows "no more than a few minutes"). */
export const skewSeconds = 60;

const segment = /^[A-Za-z0-9_-]+$/;

/** Cuts a compact JWS into exactly three canonical segments. Refuses `too_large` before it looks at anything else. */
export function splitToken(token: string, maxBytes: number = maxTokenBytes): Result<Segments, TokenRefusal> {
  if (token.length > maxBytes) return refuse({ reason: 'too_large', bytes: token.length, maxBytes });
  const parts = token.split('.');
  if (parts.length !== 3) return malformed(`${parts.length} parts, expected 3`);
  const [header, payload, signature] = parts as [string, string, string];
  if (!isCanonical(header)) return malformed('header is not canonical base64url');
  if (!isCanonical(payload)) return malformed('payload is not canonical base64url');
  if (!isCanonical(signature)) return malformed('signature is not canonical base64url');
  return ok({ header, payload, signature });
}

/** No padding, no white space, zero tail bits: one byte string has one spelling (RFC 7515 s2, RFC 4648 s3.5). */
function isCanonical(text: string): boolean {
  if (!segment.test(text) || text.length % 4 === 1) return false;
  return text.length % 4 === 0 || Buffer.from(text, 'base64url').toString('base64url') === text;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A segment's JSON object. Refuses bad UTF-8, a byte order mark, anything but an object, and a member named twice at any depth. */
export function decodeObject(text: string, what: 'header' | 'payload'): Result<JsonObject, TokenRefusal> {
  let json: string;
  try {
    json = utf8.decode(Buffer.from(text, 'base64url'));
  } catch {
    return malformed(`${what} is not UTF-8`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return malformed(`${what} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(`${what} is not a JSON object`);
  // Our own tokens are what JSON.stringify writes, and that never names a member twice: the scan is for everybody else's.
  if (!isAsWeWrite(value, json) && hasDuplicateMember(json)) return malformed(`${what} names a member twice`);
  return ok(value as JsonObject);
}

/** JSON.parse takes nesting that JSON.stringify has not the stack for: such text is not ours, and no error of ours either. */
function isAsWeWrite(value: unknown, json: string): boolean {
  try {
    return JSON.stringify(value) === json;
  } catch {
    return false;
  }
}

export interface HeaderRules {
  /** From configuration, never from the token (RFC 8725 s3.1). */
  algorithms: readonly string[];
  /** Media types without `application/`, lower case; `undefined` among them admits a token without `typ`. */
  types: readonly (string | undefined)[];
}

/** Key material or addresses inside a token are an attacker's wish (RFC 8725 s3.10); `b64` and `zip` change what is signed or read. */
const refusedMembers = ['jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip', 'crit'] as const;

/** Answers the header's `kid`. */
export function checkHeader(header: JsonObject, rules: HeaderRules): Result<{ alg: string; kid: string }, TokenRefusal> {
  for (const name of refusedMembers) if (Object.hasOwn(header, name)) return malformed(`header has "${name}"`);
  const { alg, kid } = header;
  if (typeof alg !== 'string' || !rules.algorithms.includes(alg)) return malformed('algorithm is not one that this issuer uses');
  if (!rules.types.includes(mediaType(header.typ))) return malformed('typ is not that of the token expected here');
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return malformed('kid is missing or no usable string');
  return ok({ alg, kid });
}

/** `application/at+jwt` and `AT+JWT` are one type (RFC 7515 s4.1.9). Something that is no string is no type at all. */
function mediaType(typ: unknown): string | undefined {
  if (typ === undefined) return undefined;
  if (typeof typ !== 'string') return 'not a string';
  return typ.toLowerCase().replace(/^application\//, '');
}

export interface ClaimRules {
  issuer: string;
  audiences: readonly string[];
  /** Claims that must be there beside iss, aud and exp: a non-empty string or a finite number. */
  required: readonly string[];
  /** Longest `exp - iat` (or `exp - now` without iat) admitted. */
  maxLifetimeSeconds: number;
  /** Tolerance for exp and nbf; iat in the future is always allowed `skewSeconds`. */
  graceSeconds: number;
}

/** iss exact, aud a member, exp there and finite, nbf and iat sane, life not longer than ours or the issuer's rule. */
export function checkClaims(claims: JsonObject, rules: ClaimRules, nowSeconds: number): Result<JsonObject, TokenRefusal> {
  if (typeof claims.iss !== 'string') return malformed('iss is missing or no string');
  if (claims.iss !== rules.issuer) return refuse({ reason: 'wrong_issuer', iss: short(claims.iss) });
  const audiences = audiencesOf(claims.aud);
  if (!audiences) return malformed('aud is missing, or neither a string nor a list of strings');
  if (!audiences.some((one) => rules.audiences.includes(one))) {
    return refuse({ reason: 'wrong_audience', aud: short(audiences.join(' ')) });
  }
  for (const name of rules.required) if (!isPresent(claims[name])) return malformed(`claim "${name}" is missing or empty`);
  return checkTimes(claims, rules, nowSeconds);
}

function checkTimes(claims: JsonObject, rules: ClaimRules, now: number): Result<JsonObject, TokenRefusal> {
  const { exp, nbf, iat } = claims;
  if (!isTime(exp)) return malformed('exp is missing or no finite number');
  if (nbf !== undefined && !isTime(nbf)) return malformed('nbf is no finite number');
  if (iat !== undefined && !isTime(iat)) return malformed('iat is no finite number');
  if (now >= exp + rules.graceSeconds) return refuse({ reason: 'expired', exp, now });
  if (nbf !== undefined && now + rules.graceSeconds < nbf) return refuse({ reason: 'not_yet_valid', at: nbf, now });
  if (iat !== undefined && iat > now + skewSeconds) return refuse({ reason: 'not_yet_valid', at: iat, now });
  if (exp - (iat ?? now) > rules.maxLifetimeSeconds) {
    return malformed(`lives ${exp - (iat ?? now)} s, at most ${rules.maxLifetimeSeconds} s are admitted`);
  }
  return ok(claims);
}

function audiencesOf(aud: unknown): readonly string[] | undefined {
  if (typeof aud === 'string') return [aud];
  if (Array.isArray(aud) && aud.length > 0 && aud.every((one) => typeof one === 'string')) return aud;
  return undefined;
}

/** `1e400` parses as Infinity, and a negative time is nobody's clock. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isPresent(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value));
}

export function malformed(detail: string): Result<never, TokenRefusal> {
  return refuse({ reason: 'malformed', detail });
}

/** What a token says of itself goes to the log only in a bounded piece. */
export function short(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}...` : text;
}
