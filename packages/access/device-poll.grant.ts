/** What a poll with a device code gets: OAuth's waiting words, or a session for the person who approved. */

import { type Result, refuse } from '@gatehouse/core/result';
import { deviceByCode, notePoll, redeem } from './device.dynamodb.ts';
import { expired, poll } from './device.ts';
import type { Issued, MintFor } from './mint.ts';
import type { OAuthError } from './oauth-answer.ts';
import type { SignInRefusal } from './refusal.ts';
import { endSession, readFamily, readSession } from './sessions.dynamodb.ts';
import { signIn } from './sign-in.grant.ts';
import { type Records, standingOf } from './standing.records.ts';
import { scopes } from './token-request.ts';

export type PollRefusal = { kind: 'waiting'; error: OAuthError } | { kind: 'refused'; refusal: SignInRefusal };

export async function redeemDevice(
  env: Records & { TABLE_ACCESS: string },
  { deviceCode, clientId }: { deviceCode: string; clientId?: string },
  mintFor: MintFor,
  nowMs: number,
): Promise<Result<Issued, PollRefusal>> {
  const device = await deviceByCode(env.TABLE_ACCESS, deviceCode);
  if (!device) return refuse({ kind: 'waiting', error: expired });
  const told = poll(device, clientId, nowMs);
  switch (told.act) {
    case 'wait':
      await notePoll(env.TABLE_ACCESS, device.hash, told.interval, nowMs);
      return refuse({ kind: 'waiting', error: told.error });
    case 'again':
      await takeBack(env.TABLE_ACCESS, told.session, nowMs);
      return refuse({ kind: 'waiting', error: expired });
    case 'refuse':
      return refuse({ kind: 'waiting', error: told.error });
    case 'redeem': {
      const standing = await standingOf(env, told.person);
      if (!standing.ok) return refuse({ kind: 'refused', refusal: standing.refusal });
      const { client, client_id } = device;
      const wish = { standing: standing.value, client, clientId: client_id, scopes, authTime: told.authTime };
      const once = (session: string) => redeem(env.TABLE_ACCESS, device.hash, session);
      const given = await signIn(env, { ...wish, once }, mintFor, nowMs);
      return given.ok ? given : refuse({ kind: 'refused', refusal: given.refusal });
    }
  }
}

/** RFC 6749 s4.1.2 for codes used twice: revoke what was issued on them. */
async function takeBack(table: string, session: string | undefined, nowMs: number): Promise<void> {
  const known = session === undefined ? undefined : await readSession(table, session);
  const family = known && (await readFamily(table, known.family));
  if (family) await endSession(table, family, { state: 'ended', reason: 'device code used twice' }, nowMs);
}
