/** What an issuer's configuration demands of a subject token, and whom its claims mean. Never an e-mail: addresses are renamed and re-used. */

import type { Issuer } from '@gatehouse/core/access-profile';
import { type ClaimRules, type JsonObject, short, skewSeconds } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { SignInRefusal } from './refusal.ts';

/** Entra ID's longest-lived tokens, under continuous access evaluation, last 28 hours. */
const maxLifetimeSeconds = 28 * 3600;

/** An issuer of ours, and its name as the token spells it. */
export interface Named {
  issuer: Issuer;
  iss: string;
}

/** @param audiences other than the issuer's own list: the client_id at our own login. */
export function claimRules({ issuer, iss }: Named, audiences: readonly string[] = issuer.audiences): ClaimRules {
  return { issuer: iss, audiences, required: ['sub', 'iat'], maxLifetimeSeconds, graceSeconds: skewSeconds };
}

/** The issuer that a token names, when it is one of ours: exact, no slash added or taken. */
export function issuerOf(issuers: readonly Issuer[], claims: JsonObject): Result<Named, SignInRefusal> {
  const iss = text(claims.iss);
  if (!iss) return refuse({ reason: 'malformed', detail: 'iss is missing or no string' });
  const issuer = issuers.find((one) => spellings(one).includes(iss));
  return issuer ? ok({ issuer, iss }) : refuse({ reason: 'unknown_issuer', iss: short(iss) });
}

/** Google's tokens write its name with and without the scheme; Entra ID's name the tenant. */
function spellings({ kind, issuer, tenants = [] }: Issuer): readonly string[] {
  if (kind === 'google') return [issuer, issuer.replace('https://', '')];
  return issuer.includes('{tenantid}') ? tenants.map((tenant) => issuer.replace('{tenantid}', tenant)) : [issuer];
}

/** The claims as the general rules read them. Cognito's access tokens name the client in `client_id` and have no `aud`. */
export function asUsual({ kind }: Issuer, claims: JsonObject): JsonObject {
  return kind === 'cognito' && claims.token_use === 'access' && claims.aud === undefined ? { ...claims, aud: claims.client_id } : claims;
}

/** What an issuer of this kind demands beyond the general rules. */
export function checkKind({ issuer, iss }: Named, claims: JsonObject): Result<JsonObject, SignInRefusal> {
  switch (issuer.kind) {
    case 'entra': {
      const tenant = text(claims.tid);
      // The tenant is a segment of the name, in v1 (sts.windows.net) and v2 alike.
      if (!tenant || !iss.split('/').includes(tenant)) return refuse({ reason: 'wrong_tenant', tenant: short(tenant ?? 'none') });
      return ok(claims);
    }
    case 'google': {
      const domain = text(claims.hd);
      return domain === issuer.hosted_domain ? ok(claims) : refuse({ reason: 'wrong_tenant', tenant: short(domain ?? 'none') });
    }
    case 'cognito':
      if (claims.token_use === 'id' || claims.token_use === 'access') return ok(claims);
      return refuse({ reason: 'malformed', detail: 'token_use is neither id nor access' });
    case 'oidc':
    case 'okta':
    case 'authentik':
    case 'auth0':
      return ok(claims);
  }
}

/** Entra ID's keys may name the only issuer whose tokens they sign; those of a common endpoint say `{tenantid}` for all. */
export function keyMaySign(jwk: Readonly<Record<string, unknown>>, { issuer, iss }: Named, claims: JsonObject): boolean {
  if (issuer.kind !== 'entra' || typeof jwk.issuer !== 'string') return true;
  const tenant = text(claims.tid) ?? '';
  const named = jwk.issuer.replace('{tenantid}', tenant);
  // Keys name version 2 even where they sign for version 1.
  return named === iss || (iss.startsWith('https://sts.windows.net/') && named.endsWith(`/${tenant}/v2.0`));
}

export interface Subject {
  issuer: Issuer;
  /** Immutable at the issuer. */
  subject: string;
  /** Used only where no directory is the truth about this issuer's people. */
  claims: { email?: string; name?: string; groups?: string[] };
  /** Set when the token says that it does not list all groups. `entra`: whom Microsoft Graph can be asked about. */
  groupsLeftOut?: { detail: string; entra?: { tenant: string; object: string } };
  authTime: number;
  /** What makes this token this one: its own id, else undefined. Seconds until which it could come again. */
  tokenId: string | undefined;
  exp: number;
}

/** Refuses tokens of applications: they have no person behind them. */
export function subjectOf(issuer: Issuer, claims: JsonObject): Result<Subject, SignInRefusal> {
  const service = serviceMark(issuer, claims);
  if (service) return refuse({ reason: 'not_a_person', detail: service });
  const subject = immutableId(issuer, claims);
  if (!subject) return refuse({ reason: 'malformed', detail: 'claims that name the person are missing' });
  const { email, name, auth_time, iat, exp } = claims;
  const groups = claims[issuer.groups_claim];
  const leftOut = groupsLeftOut(issuer, claims);
  return ok({
    issuer,
    subject,
    claims: {
      ...(typeof email === 'string' && { email }),
      ...(typeof name === 'string' && { name }),
      ...(Array.isArray(groups) && { groups: groups.filter((group) => typeof group === 'string') }),
    },
    ...(leftOut && { groupsLeftOut: leftOut }),
    authTime: Math.trunc(Number(typeof auth_time === 'number' && Number.isFinite(auth_time) ? auth_time : iat)),
    tokenId: tokenIdOf(claims),
    exp: Math.trunc(Number(exp)),
  });
}

/** `jti`, or Entra ID's `uti`. */
export function tokenIdOf({ jti, uti }: JsonObject): string | undefined {
  return text(jti) ?? text(uti);
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

/** Okta lists a hundred groups at most; Entra ID points elsewhere above 200 (150 in SAML, 6 in the implicit flow). */
const oktaLists = 100;

function groupsLeftOut({ kind, groups_claim }: Issuer, claims: JsonObject): Subject['groupsLeftOut'] {
  const groups = claims[groups_claim];
  if (kind === 'okta' && Array.isArray(groups) && groups.length >= oktaLists)
    return { detail: `${groups.length} groups: the list may be cut off` };
  if (kind !== 'entra') return undefined;
  const elsewhere = typeof claims._claim_names === 'object' && claims._claim_names !== null && Object.hasOwn(claims._claim_names, 'groups');
  if (!elsewhere && claims.hasgroups !== true && claims.hasgroups !== 'true') return undefined;
  const [tenant, object] = [text(claims.tid), text(claims.oid)];
  return { detail: 'too many groups for a token', ...(tenant && object && { entra: { tenant, object } }) };
}

/** How the tokens of applications and builds differ from people's; the claims of one vendor mean nothing in another's. */
function serviceMark({ kind }: Issuer, claims: JsonObject): string | undefined {
  const sub = text(claims.sub) ?? '';
  if (claims.idtyp === 'app') return 'idtyp is app';
  // `idtyp` is optional: a token for an API that no person's scope is in was got by the application itself.
  if (kind === 'entra' && (text(claims.azp) || text(claims.appid)) && !text(claims.scp))
    return 'an application without a scope of a person';
  if (claims.gty === 'client-credentials') return 'gty is client-credentials';
  if (text(claims.cid) && !text(claims.uid)) return 'cid without uid';
  if (kind === 'cognito' && sub === claims.client_id) return 'sub is the client';
  if (/^(repo|project_path):/.test(sub)) return 'sub is a build';
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 1_024 ? value : undefined;
}
