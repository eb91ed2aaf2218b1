/** What a presented refresh token gets: the next step, the same answer again, or the end of its family. State is read afresh on every call. */

import type { AccessConfig } from '@gatehouse/core/access-profile';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { log } from '@gatehouse/runtime/log';
import { type Meaning, meaningOf, type Presented, parseRefreshToken, secretHolds } from './family.ts';
import type { Issued, MintFor } from './mint.ts';
import type { SignInRefusal } from './refusal.ts';
import type { Family } from './rows.ts';
import { endSession, readFamily, rotate } from './sessions.dynamodb.ts';
import { type Records, readState } from './standing.records.ts';

export interface Refresh {
  token: string;
  clientId?: string | undefined;
  scopes?: readonly string[] | undefined;
  /** Who asks, as a hash: `traceOf`. */
  by?: string | undefined;
}

export type RefreshRefusal = SignInRefusal | { reason: 'wider_scope'; held: readonly string[] };

/** Finds the family that a token proves to belong to, whatever step it names. */
export async function familyOf(
  table: string,
  pepper: string,
  token: string,
): Promise<Result<{ family: Family; presented: Presented }, SignInRefusal>> {
  const presented = parseRefreshToken(token);
  if (!presented) return refuse({ reason: 'not_a_refresh_token' });
  const family = await readFamily(table, presented.family);
  if (!family) return refuse({ reason: 'unknown_family', family: presented.family });
  // A wrong secret kills nothing: knowing a family's name must not be enough to end it.
  if (!secretHolds(pepper, family, presented)) return refuse({ reason: 'wrong_secret', family: presented.family });
  return ok({ family, presented });
}

/** The tokens of the step that this token leads to, and the family at that step. */
export async function refresh(
  env: Records & { TABLE_ACCESS: string; CONFIG: Pick<AccessConfig, 'refresh'> },
  pepper: string,
  { token, clientId, scopes, by }: Refresh,
  mintFor: MintFor,
  nowMs: number,
): Promise<Result<Issued, RefreshRefusal>> {
  const found = await familyOf(env.TABLE_ACCESS, pepper, token);
  if (!found.ok) return found;
  const { family, presented } = found.value;
  if (clientId !== undefined && clientId !== (family.client_id ?? family.client))
    return refuse({ reason: 'other_client', person: family.person, family: family.id });
  const meaning = (state: Family) => judged(state, presented, by, env.CONFIG.refresh, nowMs);
  const first = meaning(family);
  if (first.act === 'refuse' || first.act === 'reuse') return endOf(env.TABLE_ACCESS, family, presented, first, nowMs);
  if (scopes?.some((one) => !family.scopes.includes(one))) return refuse({ reason: 'wider_scope', held: family.scopes });
  const standing = await stillWelcome(env, family);
  if (!standing.ok) return standing;
  if (first.act === 'repeat') return ok({ family, minted: await mintFor(family, scopes) });

  const next = { ...family, step: family.step + 1, rotated_at: nowMs };
  const minted = await mintFor(next, scopes);
  const { rotated, family: current } = await rotate(env.TABLE_ACCESS, family, nowMs, by);
  if (!current) return refuse({ reason: 'unknown_family', family: family.id });
  if (rotated) return ok({ family: current, minted });
  const second = meaning(current);
  if (second.act === 'repeat') return ok({ family: current, minted: await mintFor(current, scopes) });
  return endOf(env.TABLE_ACCESS, current, presented, second, nowMs);
}

/** A repeat from elsewhere is logged, and where the profile says so it is a thief's. */
function judged(family: Family, { step }: Presented, by: string | undefined, rules: AccessConfig['refresh'], nowMs: number): Meaning {
  const meaning = meaningOf(family, step, nowMs, { idleSeconds: rules.idle_seconds });
  if (meaning.act !== 'repeat' || by === undefined || family.rotated_by === undefined || by === family.rotated_by) return meaning;
  log.warn('a refresh was repeated from another address or user agent', { person: family.person, family: family.id, grace: rules.grace });
  return rules.grace === 'same_client' ? { act: 'reuse' } : meaning;
}

async function endOf(
  table: string,
  family: Family,
  presented: Presented,
  meaning: Meaning,
  nowMs: number,
): Promise<Result<never, SignInRefusal>> {
  const { person, id } = family;
  if (meaning.act === 'reuse') {
    await endSession(table, family, { state: 'reused', presented: presented.step }, nowMs);
    return refuse({ reason: 'reused', person, family: id, presented: presented.step, current: family.step });
  }
  if (meaning.act === 'refuse' && meaning.because === 'idle')
    return refuse({ reason: 'family_idle', person, family: id, since: family.rotated_at });
  if (meaning.act === 'refuse' && meaning.because === 'expired') return refuse({ reason: 'family_expired', person, family: id });
  return refuse({ reason: 'family_ended', person, family: id, state: family.state });
}

/** The gate, the session, the directory's record and the policy, all as they are now. */
async function stillWelcome(env: Records & { TABLE_ACCESS: string }, family: Family): Promise<Result<unknown, SignInRefusal>> {
  const { person, id } = family;
  const { gate, session, standing } = await readState(env, person, family.session);
  if (!gate || gate.state === 'shut') return refuse({ reason: 'gate_shut', person, because: gate?.reason ?? 'no gate' });
  if (family.epoch < gate.epoch) return refuse({ reason: 'stale_family', person, family: id, epoch: family.epoch, current: gate.epoch });
  if (session?.state !== 'live') return refuse({ reason: 'family_ended', person, family: id, state: 'session ended' });
  return standing;
}
