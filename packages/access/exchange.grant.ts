/** Token exchange (RFC 8693): a token of the company's identity provider for a session of ours, once. */

import type { Result } from '@gatehouse/core/result';
import type { Issuers } from './issuers.http.ts';
import type { Issued, MintFor } from './mint.ts';
import type { SignInRefusal } from './refusal.ts';
import { signIn, usedOnce } from './sign-in.grant.ts';
import { type Admitting, standingOfSubject } from './standing.records.ts';
import { verifySubjectToken } from './subject-token.verify.ts';
import type { ExchangeRequest } from './token-request.ts';

export async function exchange(
  env: Admitting & { TABLE_ACCESS: string },
  request: Omit<ExchangeRequest, 'grant'>,
  issuers: Issuers,
  mintFor: MintFor,
  nowMs: number,
): Promise<Result<Issued, SignInRefusal>> {
  const trusted = env.CONFIG.issuers;
  const subject = await verifySubjectToken(request.subject.token, { issuers: trusted, types: request.subject.types }, issuers, nowMs);
  if (!subject.ok) return subject;
  const actor =
    request.actor && (await verifySubjectToken(request.actor.token, { issuers: trusted, types: request.actor.types }, issuers, nowMs));
  if (actor && !actor.ok) return actor;
  const acting = actor && `${actor.value.issuer.issuer}#${actor.value.subject}`;
  const standing = await standingOfSubject(env, subject.value);
  if (!standing.ok) return standing;
  const { useHash, exp, authTime } = subject.value;
  return signIn(
    env,
    {
      standing: standing.value,
      client: acting ? 'agent' : 'exchange',
      clientId: request.clientId,
      actor: acting,
      scopes: request.scopes,
      authTime,
      once: () => usedOnce(env.TABLE_ACCESS, useHash, exp),
    },
    mintFor,
    nowMs,
  );
}
