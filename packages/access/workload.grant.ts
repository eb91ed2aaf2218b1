/**
 * Token exchange for a build or another service: its platform's token, and the rule that it names, for a short session of the person who owns the rule.
 * The owner's standing and gate are read each time and by every call of the token: it dies with its owner, and never opens a gate that is shut.
 */
import type { AccessConfig } from '@gatehouse/core/access-profile';
import { type Result, refuse } from '@gatehouse/core/result';
import type { Issuers } from './issuers.http.ts';
import type { Issued, MintFor } from './mint.ts';
import type { SignInRefusal } from './refusal.ts';
import { signIn, usedOnce } from './sign-in.grant.ts';
import { administers, type Records, standingOf } from './standing.records.ts';
import { verifyIssued } from './subject-token.verify.ts';
import type { ServiceRequest } from './token-request.ts';
import { issuerOfService, matchService } from './workload.ts';

export type ServiceRefusal = SignInRefusal | { reason: 'wider_scope'; held: readonly string[] };

export async function exchangeService(
  env: Records & { TABLE_ACCESS: string; CONFIG: AccessConfig },
  request: Omit<ServiceRequest, 'grant'>,
  issuers: Issuers,
  mintFor: MintFor,
  nowMs: number,
): Promise<Result<Issued, ServiceRefusal>> {
  const service = env.CONFIG.services.find(({ name }) => name === request.rule);
  if (!service) return refuse({ reason: 'unknown_service' });
  const expected = { issuers: [issuerOfService(service)], types: request.subject.types };
  const token = await verifyIssued(request.subject.token, expected, issuers, nowMs);
  if (!token.ok) return token;
  const actor = matchService(service, token.value.claims);
  if (!actor.ok) return actor;
  if (request.scopes?.some((one) => !service.scopes.includes(one))) return refuse({ reason: 'wider_scope', held: service.scopes });
  const standing = await standingOf(env, service.owner);
  if (!standing.ok) return standing;
  // Admin routes ask who somebody is, not what for: no build may be one of them.
  if (await administers(env, standing.value)) return refuse({ reason: 'owner_administers', service: service.name, person: service.owner });
  return signIn(
    env,
    {
      standing: standing.value,
      client: 'service',
      clientId: service.name,
      actor: actor.value,
      scopes: request.scopes ?? service.scopes,
      authTime: Math.trunc(Number(token.value.claims.iat)),
      seconds: service.max_seconds,
      mayOpenGate: false,
      once: () => usedOnce(env.TABLE_ACCESS, token.value.useHash, Math.trunc(Number(token.value.claims.exp))),
    },
    mintFor,
    nowMs,
  );
}
