/** Whether a verified token is that of a configured service: every claim that its rule demands, in the rule that the caller named. No rule is searched. */

import { Issuer, type Service } from '@gatehouse/core/access-profile';
import type { JsonObject } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { SignInRefusal } from './refusal.ts';

/** A rule's issuer as the verifying code takes it. */
export function issuerOfService({ issuer, audiences, algorithms, jwks_uri }: Service): Issuer {
  return Issuer.parse({ issuer, audiences, algorithms, ...(jwks_uri !== undefined && { jwks_uri }) });
}

/** Answers what acts, for the token's `act` and the session: told, never used to decide. */
export function matchService(service: Service, claims: JsonObject): Result<string, SignInRefusal> {
  for (const [claim, demand] of Object.entries(service.match)) {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    const holds = typeof value === 'string' && ('equals' in demand ? value === demand.equals : value.startsWith(demand.prefix));
    if (!holds) return refuse({ reason: 'not_that_service', service: service.name, claim });
  }
  return ok(`${service.issuer}#${String(claims.sub)}`.slice(0, 512));
}
