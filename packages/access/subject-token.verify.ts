/** Whether a token of the company's identity provider is genuine and meant for us: the strict layer, then aws-jwt-verify, then the person it names. */

import type { Issuer } from '@gatehouse/core/access-profile';
import { checkClaims, checkHeader, decodeObject, type JsonObject, splitToken, type TokenRefusal } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import {
  FailedAssertionError,
  JwkValidationError,
  JwtExpiredError,
  JwtInvalidSignatureError,
  JwtNotBeforeError,
  JwtParseError,
} from 'aws-jwt-verify/error';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import { asUsual, checkKind, claimRules, issuerOf, keyMaySign, type Subject, subjectOf, tokenIdOf } from './issuer.ts';
import type { IssuerJwk } from './issuer-keys.ts';
import type { Issuers } from './issuers.http.ts';
import type { SignInRefusal } from './refusal.ts';
import { digest } from './rows.ts';

export interface Expected {
  issuers: readonly Issuer[];
  /** What `typ` may say. */
  types: readonly (string | undefined)[];
  /** In place of the issuer's configured audiences. */
  audience?: string;
  /** The nonce that a login sent along (OpenID Connect Core s3.1.3.7). */
  nonce?: string;
}

export interface VerifiedSubject extends Subject {
  /** SHA-256 that names this token once for all, whatever its signature's bytes. */
  useHash: string;
}

/** A person's token. @throws Unavailable when the issuer's keys cannot be had. */
export async function verifySubjectToken(
  token: string,
  expected: Expected,
  issuers: Issuers,
  nowMs: number,
): Promise<Result<VerifiedSubject, SignInRefusal>> {
  const issued = await verifyIssued(token, expected, issuers, nowMs);
  if (!issued.ok) return issued;
  const subject = subjectOf(issued.value.issuer, issued.value.claims);
  return subject.ok ? ok({ ...subject.value, useHash: issued.value.useHash }) : subject;
}

/** Anybody's token: whom its claims mean is not looked at. @throws Unavailable when the issuer's keys cannot be had. */
export async function verifyIssued(
  token: string,
  expected: Expected,
  issuers: Issuers,
  nowMs: number,
): Promise<Result<{ issuer: Issuer; claims: JsonObject; useHash: string }, SignInRefusal>> {
  const segments = splitToken(token);
  if (!segments.ok) return segments;
  const header = decodeObject(segments.value.header, 'header');
  if (!header.ok) return header;
  const payload = decodeObject(segments.value.payload, 'payload');
  if (!payload.ok) return payload;
  const named = issuerOf(expected.issuers, payload.value);
  if (!named.ok) return named;
  const { issuer } = named.value;
  const head = checkHeader(header.value, { algorithms: issuer.algorithms, types: expected.types });
  if (!head.ok) return head;
  const rules = claimRules(named.value, expected.audience === undefined ? undefined : [expected.audience]);
  const claims = checkClaims(asUsual(issuer, payload.value), rules, Math.floor(nowMs / 1000));
  if (!claims.ok) return claims;
  const kind = checkKind(named.value, claims.value);
  if (!kind.ok) return kind;
  const { kid, alg } = head.value;
  const jwk = await issuers.keyOf(issuer, kid, nowMs);
  if (!jwk || !keyMaySign(jwk, named.value, claims.value)) return refuse({ reason: 'unknown_key', kid: kid.slice(0, 128) });
  if (!fits(alg, jwk, segments.value.signature)) return refuse({ reason: 'bad_signature' });
  const signed = verifySignature(token, jwk, rules, payload.value.aud === undefined);
  if (!signed.ok) return signed;
  if (expected.nonce !== undefined && claims.value.nonce !== expected.nonce) return refuse({ reason: 'wrong_nonce' });
  const name = tokenIdOf(claims.value) ?? `${segments.value.header}.${segments.value.payload}`;
  return ok({ issuer, claims: claims.value, useHash: digest(`${issuer.issuer}\n${name}`) });
}

/** Key and signature of the algorithm's kind: the library would throw instead of refusing (RFC 7518 s3.4, RFC 8037 s3.1: 64 raw bytes). */
function fits(alg: string, { kty }: IssuerJwk, signature: string): boolean {
  if (alg === 'RS256') return kty === 'RSA';
  return kty === (alg === 'ES256' ? 'EC' : 'OKP') && Buffer.from(signature, 'base64url').length === 64;
}

/** Claims were judged by our clock above; here they are judged again by aws-jwt-verify's own, with the same tolerance. */
function verifySignature(
  token: string,
  jwk: Parameters<typeof verifyJwtSync>[1] | Readonly<Record<string, unknown>>,
  rules: { issuer: string; audiences: readonly string[]; graceSeconds: number },
  audienceIsElsewhere: boolean,
): Result<JsonObject, TokenRefusal> {
  try {
    const payload = verifyJwtSync(token, jwk as Parameters<typeof verifyJwtSync>[1], {
      issuer: rules.issuer,
      // Cognito's access tokens have none; the claim that stands in for it was judged above.
      audience: audienceIsElsewhere ? null : [...rules.audiences],
      graceSeconds: rules.graceSeconds,
    });
    return ok(payload);
  } catch (error) {
    if (error instanceof JwtInvalidSignatureError) return refuse({ reason: 'bad_signature' });
    if (
      error instanceof JwtExpiredError ||
      error instanceof JwtNotBeforeError ||
      error instanceof FailedAssertionError ||
      error instanceof JwtParseError ||
      error instanceof JwkValidationError
    )
      return refuse({ reason: 'malformed', detail: error.name });
    throw error;
  }
}
