/** Whether a JWT that somebody pushes is genuine and meant for us: the strict layer, one configured transmitter, its keys, the signature. */
import { verify as verifySignature } from 'node:crypto';
import { checkHeader, decodeObject, type JsonObject, malformed, short, splitToken, type TokenRefusal } from '@gatehouse/core/jwt';
import type { Transmitter } from '@gatehouse/core/people-profile';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { keyAt } from './transmitter-keys.http.ts';

export interface Signed {
  transmitter: Transmitter;
  claims: JsonObject;
  jti: string;
}

/** @param types of the header that are admitted, without `application/`; undefined among them admits none at all. @throws Unavailable when the keys cannot be had. */
export async function readSigned(
  token: string,
  types: readonly (string | undefined)[],
  transmitters: readonly Transmitter[],
  nowMs: number,
): Promise<Result<Signed, TokenRefusal>> {
  const segments = splitToken(token);
  if (!segments.ok) return segments;
  const { header, payload, signature } = segments.value;
  const head = decodeObject(header, 'header');
  if (!head.ok) return head;
  const claims = decodeObject(payload, 'payload');
  if (!claims.ok) return claims;
  const { iss, aud, jti } = claims.value;
  const transmitter = transmitters.find((one) => one.issuer === iss);
  if (!transmitter) return refuse({ reason: 'wrong_issuer', iss: short(String(iss)) });
  const checked = checkHeader(head.value, { algorithms: transmitter.algorithms, types });
  if (!checked.ok) return checked;
  if (![aud].flat().includes(transmitter.audience)) return refuse({ reason: 'wrong_audience', aud: short(String(aud)) });
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) return malformed('jti is missing or no usable string');
  const { kid, alg } = checked.value;
  const key = await keyAt(transmitter.jwks_uri, kid, alg, nowMs);
  if (!key) return refuse({ reason: 'unknown_key', kid: kid.slice(0, 128) });
  const bytes = Buffer.from(signature, 'base64url');
  const options = alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
  const genuine = verifySignature(alg === 'EdDSA' ? null : 'sha256', Buffer.from(`${header}.${payload}`), options, bytes);
  return genuine ? ok({ transmitter, claims: claims.value, jti }) : refuse({ reason: 'bad_signature' });
}
