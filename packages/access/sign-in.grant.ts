/** Starts a session for somebody whom the identity provider has vouched for: standing, policy, gate, then session and family in one transaction. */

import type { Session } from '@gatehouse/contracts/records/session';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { fresh, freshId, timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import type { Write } from '@gatehouse/runtime/table';
import { familySeconds } from './family.ts';
import { gateForService, gateForSignIn, type Standing } from './gate.ts';
import type { Issued, MintFor } from './mint.ts';
import type { SignInRefusal } from './refusal.ts';
import { type Family, subjectTokenKey } from './rows.ts';
import { readGate, startSession } from './sessions.dynamodb.ts';
import { entitled, type Records } from './standing.records.ts';

export interface SignIn {
  standing: Standing;
  client: string;
  clientId?: string | undefined;
  actor?: string | undefined;
  scopes: readonly string[];
  authTime: number;
  /** A session shorter than a family's usual life. */
  seconds?: number;
  /** False: a sign-in that may not make or open the person's gate. */
  mayOpenGate?: boolean;
  /** The write that makes this sign-in happen once; told the session's id. */
  once: (session: string) => Write;
}

/** @throws Throttled when the gate changed under it three times. */
export async function signIn(
  env: Records & { TABLE_ACCESS: string },
  wish: SignIn,
  mintFor: MintFor,
  nowMs: number,
): Promise<Result<Issued, SignInRefusal>> {
  const admitted = await entitled(env, wish.standing);
  if (!admitted.ok) return admitted;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const before = await readGate(env.TABLE_ACCESS, wish.standing.person);
    const decide = wish.mayOpenGate === false ? gateForService : gateForSignIn;
    const after = decide(before, wish.standing, timestamp(nowMs));
    if (!after.ok) return after;
    const { session, family } = born(wish, after.value.epoch, nowMs);
    const minted = await mintFor(family);
    const outcome = await startSession(env.TABLE_ACCESS, {
      gate: { before, after: after.value },
      session,
      family,
      once: wish.once(session.id),
    });
    if (outcome === 'started') return ok({ family, minted });
    if (outcome === 'used') return refuse({ reason: 'token_used' });
  }
  throw new Throttled('The gate changed three times during one sign-in');
}

/** The single use of a subject token. @param exp its end, seconds: the TTL comes after the last moment at which it could be taken again. */
export function usedOnce(table: string, useHash: string, exp: number): Write {
  return {
    Put: {
      TableName: table,
      Item: { ...subjectTokenKey(useHash), expires_at: exp + 3_600 },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

function born(
  { standing, client, clientId, actor, scopes, authTime, seconds = familySeconds }: SignIn,
  epoch: number,
  nowMs: number,
): { session: Session; family: Family } {
  const ids = { session: freshId('ses'), family: freshId('fam') };
  const shared = {
    person: standing.person,
    client,
    scopes: [...scopes],
    auth_time: authTime,
    created_at: timestamp(nowMs),
    expires_at: Math.floor(nowMs / 1000) + seconds,
  };
  return {
    session: { ...shared, id: ids.session, family: ids.family, state: 'live', ...(actor && { actor }) },
    family: {
      ...shared,
      id: ids.family,
      session: ids.session,
      state: 'live',
      epoch,
      salt: Buffer.from(fresh(16)).toString('base64url'),
      step: 1,
      rotated_at: nowMs,
      ...(clientId !== undefined && { client_id: clientId }),
      ...(actor && { actor }),
    },
  };
}
