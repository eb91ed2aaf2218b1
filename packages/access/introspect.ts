/** What introspection says of a token that verified: its claims while its session lives, else exactly `{active: false}` (RFC 7662 s2.2). */
import type { Gate } from '@gatehouse/contracts/records/gate';
import type { Session } from '@gatehouse/contracts/records/session';
import type { AccessClaims } from '@gatehouse/core/access-token';

export function introspect(claims: AccessClaims, gate: Gate | undefined, session: Session | undefined): Readonly<Record<string, unknown>> {
  const alive = gate?.state === 'open' && claims.epoch >= gate.epoch && session?.state === 'live' && session.person === claims.sub;
  if (!alive) return { active: false };
  const { iss, aud, sub, client_id, iat, exp, jti, sid, auth_time, scope, act } = claims;
  return { active: true, token_type: 'Bearer', iss, aud, sub, client_id, iat, exp, jti, sid, auth_time, scope, ...(act && { act }) };
}
