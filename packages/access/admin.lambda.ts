/** Administrators end sessions: of a person, of one sign-in, or of everybody in a group. Nobody is shut out here: who is still welcome signs in again. */
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { callStep } from '@gatehouse/runtime/call';
import { freshId } from '@gatehouse/runtime/clock';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { cutPerson, orderGroupCut, readGroupCut } from './cut.dynamodb.ts';
import { readCut, type Wish } from './cut.ts';
import { endSession, readFamily, readGate, readSession } from './sessions.dynamodb.ts';
import { surface } from './surface.ts';

export const env = z.object({ TABLE_ACCESS: z.string(), TABLE_POLICY: z.string(), STEP_ADMIT_PERSON_ARN: z.string() });
type AdminCall = Call<z.infer<typeof env>>;
type Ended = Result<{ people: number; sessions: number }, Reply>;

const fresh = { 'cache-control': 'no-store' };

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'revoke-sessions': async (request, call) => {
      const json = request.json();
      const wish = readCut(json.ok ? json.value : undefined);
      if (!wish.ok) return apiError(400, 'invalid_request_error', wish.refusal, request.requestId);
      const { whose, name, reason } = wish.value;
      if (whose === 'group') return orderGroup(wish.value, call);
      const ended = whose === 'person' ? await endPerson(wish.value, request, call) : await endOne(wish.value, request, call);
      if (!ended.ok) return ended.refusal;
      log.info('sessions revoked', { whose, name: whose === 'person' ? undefined : name, reason, by: call.caller.person, ...ended.value });
      return { status: 200, headers: fresh, body: ended.value };
    },

    'session-revocation': async (request, { env }) => {
      const order = await readGroupCut(env.TABLE_ACCESS, request.pathParameters.id ?? '');
      if (!order) return notFound('There is no such revocation, or it is older than 90 days', request);
      const { id, group, reason, by, state: status, people, sessions, ordered_at } = order;
      return { status: 200, headers: fresh, body: { id, status, group, reason, by, people, sessions, ordered_at } };
    },
  },
);

async function orderGroup({ name: group, reason }: Wish, { env, caller, now }: AdminCall): Promise<Reply> {
  const id = freshId('evt');
  await orderGroupCut(env.TABLE_ACCESS, { id, group, reason, by: caller.person }, now);
  log.info('sessions of a group are being revoked', { id, group, reason, by: caller.person });
  return { status: 202, headers: { ...fresh, location: `/admin/sessions/revocations/${id}` }, body: { id, status: 'working', group } };
}

async function endPerson({ name, reason }: Wish, request: Request, { env, caller, now }: AdminCall): Promise<Ended> {
  const told = { reason, cause: caller.person };
  // By id nobody else is asked: cutting off does not depend on a directory that answers.
  if (name.startsWith('per_') && (await readGate(env.TABLE_ACCESS, name)))
    return counted(await cutPerson(env.TABLE_ACCESS, name, told, now));
  const found = await callStep(admitPerson, env.STEP_ADMIT_PERSON_ARN, { lookup: name });
  if (found.outcome === 'unknown') return refuse(notFound(found.message, request));
  if (found.outcome === 'ambiguous') return refuse(apiError(409, 'invalid_request_error', found.message, request.requestId));
  return counted(await cutPerson(env.TABLE_ACCESS, found.person, told, now));
}

function counted(ended: { sessions: number } | undefined): Ended {
  return ok({ people: ended ? 1 : 0, sessions: ended?.sessions ?? 0 });
}

async function endOne({ whose, name, reason }: Wish, request: Request, { env, now }: AdminCall): Promise<Ended> {
  const table = env.TABLE_ACCESS;
  const family = await readFamily(table, whose === 'family' ? name : ((await readSession(table, name))?.family ?? ''));
  if (!family) return refuse(notFound(`There is no ${whose} of that id, or it ended long ago`, request));
  const ended = await endSession(table, family, { state: 'ended', reason }, now);
  return ok({ people: ended ? 1 : 0, sessions: ended ? 1 : 0 });
}

function notFound(message: string, request: Request): Reply {
  return apiError(404, 'not_found_error', message, request.requestId);
}
