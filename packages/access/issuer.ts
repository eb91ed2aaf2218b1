/** What an issuer's configuration demands of a subject token, and whom its claims mean. Never an e-mail: addresses are renamed and re-used. */

import { type ClaimRules, type JsonObject, short, skewSeconds } from '@gatehouse/core/jwt';
import type { Issuer } from '@gatehouse/core/profile';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { SignInRefusal } from './refusal.ts';

/** Entra ID's longest-lived tokens, under continuous access evaluation, last 28 hours. */
const maxLifetimeSeconds = 28 * 3600;

/** @param audiences other than the issuer's own list: the client_id at our own login. */
export function claimRules(issuer: Issuer, audiences: readonly string[] = issuer.audiences): ClaimRules {
  return { issuer: issuer.issuer, audiences, required: ['sub', 'iat'], maxLifetimeSeconds, graceSeconds: skewSeconds };
}

export interface Subject {
  issuer: Issuer;
  /** Immutable at the issuer. */
  subject: string;
  /** Used only where no directory is the truth about this issuer's people. */
  claims: { email?: string; name?: string; groups?: string[] };
  authTime: number;
  /** What makes this token this one: its own id, else undefined. Seconds until which it could come again. */
  tokenId: string | undefined;
  exp: number;
}

/** Refuses tokens of applications: they have no person behind them. */
export function subjectOf(issuer: Issuer, claims: JsonObject): Result<Subject, SignInRefusal> {
  const service = serviceMark(claims);
  if (service) return refuse({ reason: 'not_a_person', detail: service });
  const subject = immutableId(issuer, claims);
  if (!subject) return refuse({ reason: 'malformed', detail: 'claims that name the person are missing' });
  const { email, name, groups, auth_time, iat, jti, uti, exp } = claims;
  return ok({
    issuer,
    subject,
    claims: {
      ...(typeof email === 'string' && { email }),
      ...(typeof name === 'string' && { name }),
      ...(Array.isArray(groups) && { groups: groups.filter((group) => typeof group === 'string') }),
    },
    authTime: Math.trunc(Number(typeof auth_time === 'number' && Number.isFinite(auth_time) ? auth_time : iat)),
    tokenId: text(jti) ?? text(uti),
    exp: Math.trunc(Number(exp)),
  });
}

function immutableId(issuer: Issuer, claims: JsonObject): string | undefined {
  switch (issuer.subject) {
    case 'sub':
      return text(claims.sub);
    case 'entra-oid': {
      const tenant = text(claims.tid);
      const object = text(claims.oid);
      return tenant && object ? `${tenant}/${object}` : undefined;
    }
  }
}

/** Entra ID says `idtyp: app`; Okta's client credentials have `cid` and no `uid`; Auth0 says `gty: client-credentials`. */
function serviceMark(claims: JsonObject): string | undefined {
  if (claims.idtyp === 'app') return 'idtyp is app';
  if (claims.gty === 'client-credentials') return 'gty is client-credentials';
  if (text(claims.cid) && !text(claims.uid)) return 'cid without uid';
  return undefined;
}

/** The issuer that a token names, when it is one of ours: exact, no slash added or taken. */
export function issuerOf(issuers: readonly Issuer[], claims: JsonObject): Result<Issuer, SignInRefusal> {
  const iss = text(claims.iss);
  if (!iss) return refuse({ reason: 'malformed', detail: 'iss is missing or no string' });
  const issuer = issuers.find((one) => one.issuer === iss);
  return issuer ? ok(issuer) : refuse({ reason: 'unknown_issuer', iss: short(iss) });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 1_024 ? value : undefined;
}
