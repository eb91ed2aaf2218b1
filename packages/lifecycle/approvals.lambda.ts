/** Admins see what the guard asks and answer it, and set or lift a hold. The waiting cases are told from the table's stream. */
import { timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { type Approval, approvals, keepDecision, type Member, readApproval, subjects } from './approval.dynamo.ts';
import { approversFor, type DecisionRefusal, decide, stateOf } from './guard.ts';
import { liftHold, setHold } from './hold.dynamo.ts';
import { caseNamed } from './joined.dynamo.ts';
import { surface } from './surface.ts';
import { peopleIn } from './wave.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), TABLE_ACCESS: z.string(), TABLE_POLICY: z.string() });

const reason = z.string().trim().min(1).max(500);
const Answer = z.strictObject({ decision: z.enum(['approve', 'reject']), reason });
const HoldWish = z.strictObject({ hold: z.boolean(), reason });

const fresh = { 'cache-control': 'no-store' };
/** What an answer lists; the rest are counted. */
const shownPeople = 200;
const maxRaces = 5;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'list-approvals': async (_request, { env: { TABLE_LIFECYCLE: table }, now }) => {
      const shown = await Promise.all((await approvals(table)).map(async (one) => show(table, one, await subjects(table, one.id), now)));
      return { status: 200, headers: fresh, body: { approvals: shown } };
    },

    'decide-approval': async (request, { env: { TABLE_LIFECYCLE: table }, caller, now }) => {
      const answer = Answer.safeParse(bodyOf(request));
      if (!answer.success) return invalid(request, 'Write {"decision": "approve" or "reject", "reason": "why"}');
      for (let race = 1; race <= maxRaces; race++) {
        const asked = await readApproval(table, request.pathParameters.id ?? '');
        if (!asked) return apiError(404, 'not_found_error', 'There is no such question', request.requestId);
        const members = await subjects(table, asked.id);
        const decided = decide(asked, members, { by: caller.person, ...answer.data, at: timestamp(now) }, now);
        if (!decided.ok) return refusalOf(request, asked.what, decided.refusal);
        if (!(await keepDecision(table, asked, decided.value))) continue;
        log.info('wave decided', {
          approval: asked.id,
          what: asked.what,
          decision: answer.data.decision,
          by: caller.person,
          cases: members.length,
        });
        return {
          status: 200,
          headers: fresh,
          body: await show(table, { ...asked, ...decided.value, decisions: [...decided.value.decisions] }, members, now),
        };
      }
      throw new Throttled(`Others decided about ${request.pathParameters.id} ${maxRaces} times meanwhile`);
    },

    'hold-offboarding': async (request, { env: { TABLE_LIFECYCLE: table }, caller, now }) => {
      const wish = HoldWish.safeParse(bodyOf(request));
      if (!wish.success) return invalid(request, 'Write {"hold": true or false, "reason": "why"}');
      const one = await caseNamed(table, request.pathParameters.id ?? '');
      if (!one) return apiError(404, 'not_found_error', 'There is no such offboarding', request.requestId);
      const { hold, reason } = wish.data;
      if (hold) await setHold(table, one.person, { by: caller.person, reason, at: timestamp(now) });
      else await liftHold(table, one.person);
      log.info(hold ? 'hold set' : 'hold lifted', { case_id: one.id, person: one.person, by: caller.person, reason });
      return { status: 200, headers: fresh, body: { id: one.id, person: one.person, hold, status: one.status } };
    },
  },
);

async function show(table: string, one: Approval, members: readonly Member[], now: number): Promise<Record<string, unknown>> {
  const { id, wave, what, asked_at, decide_by, decisions } = one;
  return {
    id,
    what,
    state: stateOf(one, now),
    asked_at,
    decide_by,
    people: await peopleIn(table, wave),
    waiting: members.slice(0, shownPeople).map(({ case_id, person, trigger }) => ({
      ...(what === 'move' ? { move: case_id } : { offboarding: case_id }),
      person,
      trigger,
    })),
    approvers_needed: approversFor(members),
    decisions,
  };
}

function refusalOf(request: Request, what: Approval['what'], refusal: DecisionRefusal): Reply {
  const { requestId } = request;
  switch (refusal.reason) {
    case 'decided':
      return apiError(409, 'invalid_request_error', `This is ${refusal.state} already`, requestId);
    case 'expired':
      return apiError(
        409,
        'invalid_request_error',
        `Nobody decided until ${refusal.decide_by}: nothing is deleted, nobody is cut or moved by it`,
        requestId,
      );
    case 'again':
      return apiError(409, 'invalid_request_error', 'You have approved this; another person is needed', requestId);
    case 'subject':
      return apiError(403, 'permission_error', 'You are one of those whom this is about', requestId);
    case 'initiator':
      return apiError(
        403,
        'permission_error',
        `You ${what === 'move' ? 'published that policy' : 'started one of these offboardings'}: another person decides`,
        requestId,
      );
  }
}

function bodyOf(request: Request): unknown {
  const json = request.json();
  return json.ok ? json.value : undefined;
}

function invalid(request: Request, message: string): Reply {
  return apiError(400, 'invalid_request_error', message, request.requestId);
}
