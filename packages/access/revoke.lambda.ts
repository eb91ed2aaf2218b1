/** Ends a session on its own token's word (RFC 7009) and tells a signed-in caller whether a token lives (RFC 7662). Never says why one does not. */

import { checkAccessToken } from '@gatehouse/core/access-token';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { secret } from '@gatehouse/runtime/secret';
import { trustedKeys } from '@gatehouse/runtime/trust';
import { oauthWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { introspect } from './introspect.ts';
import { noStore, type OAuthError, oauthAnswer, oauthError } from './oauth-answer.ts';
import { familyOf } from './refresh.grant.ts';
import type { Family } from './rows.ts';
import { endSession, readFamily, readGate, readSession } from './sessions.dynamodb.ts';
import { surface } from './surface.ts';
import { readForm } from './token-request.ts';

export const env = z.object({
  TABLE_ACCESS: z.string(),
  TABLE_POLICY: z.string(),
  PUBLIC_URL: z.string(),
  SECRET_REFRESH_PEPPER_ARN: z.string(),
});
type Environment = z.infer<typeof env>;

export const handler = http(
  { surface, env, wire: oauthWire },
  {
    async revoke(request, { env, now }) {
      const token = readToken(request.header('content-type'), request.body);
      if (!token.ok) return oauthError(token.refusal);
      const family = await familyOfToken(env, token.value, now);
      // Unknown, foreign and dead tokens are revoked already (RFC 7009 s2.2).
      if (family && (await endSession(env.TABLE_ACCESS, family, { state: 'ended', reason: 'revoked by its holder' }, now))) {
        log.info('session revoked', { person: family.person, session: family.session, request_id: request.requestId });
      }
      return { status: 200, headers: noStore };
    },

    async introspect(request, { env, caller, now }) {
      const token = readToken(request.header('content-type'), request.body);
      if (!token.ok) return oauthError(token.refusal);
      const checked = await check(env, token.value, now);
      if (!checked.ok) return oauthAnswer({ active: false });
      const claims = checked.value;
      const [gate, session] = await Promise.all([readGate(env.TABLE_ACCESS, claims.sub), readSession(env.TABLE_ACCESS, claims.sid)]);
      const mayAsk = claims.sub === caller.person || caller.policy?.effective.administers === true;
      return oauthAnswer(mayAsk ? introspect(claims, gate, session) : { active: false });
    },
  },
);

function readToken(contentType: string | undefined, body: Buffer): Result<string, OAuthError> {
  const form = readForm(contentType, body);
  if (!form.ok) return form;
  const token = form.value.get('token');
  return token === undefined ? refuse({ error: 'invalid_request', description: 'token is missing.' }) : ok(token);
}

/** The hint is not needed: the two kinds cannot be mistaken for each other. */
async function familyOfToken(env: Environment, token: string, nowMs: number): Promise<Family | undefined> {
  if (token.startsWith('fam_')) {
    const found = await familyOf(env.TABLE_ACCESS, await secret(env.SECRET_REFRESH_PEPPER_ARN), token);
    return found.ok ? found.value.family : undefined;
  }
  const checked = await check(env, token, nowMs);
  const session = checked.ok ? await readSession(env.TABLE_ACCESS, checked.value.sid) : undefined;
  return session && readFamily(env.TABLE_ACCESS, session.family);
}

async function check(env: Environment, token: string, nowMs: number) {
  const trust = { issuer: env.PUBLIC_URL, audience: env.PUBLIC_URL, keys: await trustedKeys(nowMs) };
  return checkAccessToken(token, trust, Math.floor(nowMs / 1000));
}
