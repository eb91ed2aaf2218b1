/** Admins start an onboarding, see its plan, and watch it. Nothing is given here: the machine does that. */
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { callStep, startMachine } from '@gatehouse/runtime/call';
import { freshId, timestamp } from '@gatehouse/runtime/clock';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { idFrom } from './case.ts';
import { EntitledEnv, planFor } from './entitled.records.ts';
import { readJoinStart } from './join-start.ts';
import { joiningsOf, lastJoining } from './joining.dynamo.ts';
import { showJoining } from './joining.ts';
import { shown } from './plan-grants.lambda.ts';
import { surface } from './surface.ts';

export const env = EntitledEnv.extend({ TABLE_ACCESS: z.string(), MACHINE_ONBOARDING_ARN: z.string(), STEP_ADMIT_PERSON_ARN: z.string() });
type Env = z.infer<typeof env>;

const fresh = { 'cache-control': 'no-store' };

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'start-onboarding': async (request, { env, caller, now }) => {
      const json = request.json();
      const start = readJoinStart(json.ok ? json.value : undefined);
      if (!start.ok) return apiError(400, 'invalid_request_error', start.refusal, request.requestId);
      if (start.value.fact)
        return apiError(
          400,
          'invalid_request_error',
          '"trigger", "generation" and "cause" are for events; leave them out.',
          request.requestId,
        );
      const found = await find(env, request, start.value.person);
      if (!found.ok) return found.refusal;
      const { person } = found.value;
      if (start.value.dry_run)
        return { status: 200, headers: fresh, body: { dry_run: true, person, plan: shown(await planFor(env, person)) } };
      const last = await lastJoining(env.TABLE_LIFECYCLE, person);
      if (last?.open) return { status: 200, headers: fresh, body: showJoining(last.one) };
      const { reason, ticket } = start.value;
      const input = { person, reason, ...(ticket !== undefined && { ticket }) };
      // Named after the one before it: two requests at once make one execution.
      const named = idFrom('onboarding by hand', person, last?.one.id ?? 'first');
      const first = await startMachine(env.MACHINE_ONBOARDING_ARN, named, input);
      const id = first.existed ? freshId('cas') : named;
      const { execution_arn } = first.existed ? await startMachine(env.MACHINE_ONBOARDING_ARN, id, input) : first;
      log.info('onboarding asked for', { case_id: id, person, by: caller.person });
      return {
        status: 202,
        headers: fresh,
        body: { id, person, status: 'waiting', trigger: 'manual', started_at: timestamp(now), execution_arn },
      };
    },

    'list-onboardings': async (request, { env }) => {
      const wanted = request.query.get('person')?.trim();
      if (!wanted) return apiError(400, 'invalid_request_error', 'Write whose: ?person=alice@example.com', request.requestId);
      const found = await find(env, request, wanted);
      if (!found.ok) return found.refusal;
      const all = await joiningsOf(env.TABLE_LIFECYCLE, found.value.person, 'onboarding');
      return { status: 200, headers: fresh, body: { onboardings: all.map(showJoining) } };
    },
  },
);

async function find(env: Env, request: Request, wanted: string): Promise<Result<{ person: string }, Reply>> {
  const found = await callStep(admitPerson, env.STEP_ADMIT_PERSON_ARN, { lookup: wanted });
  if (found.outcome === 'known') return ok(found);
  const status = found.outcome === 'unknown' ? 404 : 409;
  return refuse(apiError(status, status === 404 ? 'not_found_error' : 'invalid_request_error', found.message, request.requestId));
}
