/** Admins start an offboarding, see its plan, and watch it. Nothing is cut here: the machine does that. */
import type { Case } from '@gatehouse/contracts/records/case';
import { findHomes } from '@gatehouse/contracts/steps/homes';
import { admitPerson, confirmTruth } from '@gatehouse/contracts/steps/people';
import { findSeats } from '@gatehouse/contracts/steps/seats';
import { findSessions } from '@gatehouse/contracts/steps/sessions';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { findVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { findWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { callStep, startMachine } from '@gatehouse/runtime/call';
import { freshId, pause, timestamp } from '@gatehouse/runtime/clock';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { casesOf, readCase, readLock, type Stored } from './case.dynamo.ts';
import { idFrom, show } from './case.ts';
import { setHold } from './hold.dynamo.ts';
import { rememberInitiator } from './initiator.dynamo.ts';
import { caseNamed } from './joined.dynamo.ts';
import { readStart, type Start } from './start.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_LIFECYCLE: z.string(),
  TABLE_ACCESS: z.string(),
  TABLE_POLICY: z.string(),
  MACHINE_OFFBOARDING_ARN: z.string(),
  STEP_ADMIT_PERSON_ARN: z.string(),
  STEP_CONFIRM_TRUTH_ARN: z.string(),
  STEP_FIND_SESSIONS_ARN: z.string(),
  STEP_FIND_VIRTUAL_KEYS_ARN: z.string(),
  STEP_FIND_WORKSPACES_ARN: z.string(),
  STEP_FIND_SEATS_ARN: z.string(),
  STEP_FIND_HOMES_ARN: z.string(),
});
type Env = z.infer<typeof env>;

const pageSize = 50;
const looks = 20;
const lookEveryMs = 250;
const fresh = { 'cache-control': 'no-store' };

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'start-offboarding': async (request, { env, caller, now }) => {
      const start = readBody(request);
      if (!start.ok) return apiError(400, 'invalid_request_error', start.refusal, request.requestId);
      const found = await find(env, request, start.value.person);
      if (!found.ok) return found.refusal;
      const { person } = found.value;
      if (start.value.dry_run) return plan(env, person, found.value.generation, start.value);
      const lock = await readLock(env.TABLE_LIFECYCLE, person);
      const open = lock?.state === 'held' ? await readCase(env.TABLE_LIFECYCLE, lock.case_id) : undefined;
      if (open) {
        const { hold, reason } = start.value;
        if (hold) await setHold(env.TABLE_LIFECYCLE, person, { by: caller.person, reason, at: timestamp(now) });
        return { status: 200, headers: fresh, body: { ...show(open), ...(hold && { hold }) } };
      }
      const started = await startOne(env, person, start.value, lock?.case_id, caller.person);
      log.info('offboarding asked for', { case_id: started.id, person, by: caller.person });
      // An event may have been a moment ahead: then it is that case which is run.
      const one = await opening(env.TABLE_LIFECYCLE, started.id);
      if (one) return { status: started.existed || one.id !== started.id ? 200 : 202, headers: fresh, body: show(one) };
      const { id, execution_arn } = started;
      const body = { id, person, status: 'waiting', trigger: 'manual', started_at: timestamp(now), execution_arn };
      return { status: 202, headers: fresh, body };
    },

    'list-offboardings': async (request, { env }) => {
      const wanted = request.query.get('person')?.trim();
      if (!wanted) return apiError(400, 'invalid_request_error', 'Write whose: ?person=alice@example.com', request.requestId);
      const found = await find(env, request, wanted);
      if (!found.ok) return found.refusal;
      const { cases, next } = await casesOf(env.TABLE_LIFECYCLE, found.value.person, pageSize, request.query.get('next') ?? undefined);
      return { status: 200, headers: fresh, body: { offboardings: cases.map((one: Case) => show(one)), ...(next && { next }) } };
    },
  },
);

function readBody(request: Request): Result<Start, string> {
  const json = request.json();
  const start = readStart(json.ok ? json.value : undefined);
  return start.ok && start.value.fact ? refuse('"trigger", "generation" and "cause" are for events; leave them out.') : start;
}

async function find(env: Env, request: Request, wanted: string): Promise<Result<{ person: string; generation: number }, Reply>> {
  const found = await callStep(admitPerson, env.STEP_ADMIT_PERSON_ARN, { lookup: wanted });
  if (found.outcome === 'known') return ok(found);
  if (found.outcome === 'unknown') return refuse(apiError(404, 'not_found_error', found.message, request.requestId));
  return refuse(apiError(409, 'invalid_request_error', found.message, request.requestId));
}

/** The execution is named after the person's case before it: two requests at once make one execution. */
async function startOne(env: Env, person: string, { reason, ticket, hold }: Start, before: string | undefined, by: string) {
  const input = { person, reason, ...(ticket !== undefined && { ticket }), ...(hold && { hold }) };
  const id = idFrom('by hand', person, before ?? 'first');
  const initiator = { person: by, told_by: 'api' as const };
  // Before the start: nobody approves what they began themselves.
  await rememberInitiator(env.TABLE_LIFECYCLE, id, initiator);
  const started = await startMachine(env.MACHINE_OFFBOARDING_ARN, id, input);
  if (!started.existed) return { id, ...started };
  const one = await opening(env.TABLE_LIFECYCLE, id);
  if (one && !one.closed_at) return { id, ...started };
  // That execution ended without a case, or its case is closed: this is another one.
  const other = freshId('cas');
  await rememberInitiator(env.TABLE_LIFECYCLE, other, initiator);
  return { id: other, ...(await startMachine(env.MACHINE_OFFBOARDING_ARN, other, input)) };
}

/** The execution is there, its case is about to be. Undefined: its first state is being tried again; the id stands for its case all the same. */
async function opening(table: string, id: string): Promise<Stored | undefined> {
  for (let look = 1; ; look++) {
    const one = await caseNamed(table, id);
    if (one || look === looks) return one;
    await pause(lookEveryMs);
  }
}

/** What the machine would find, asked of the same steps now. Nothing is kept. */
async function plan(env: Env, person: string, generation: number, { reason }: Start): Promise<Reply> {
  const input = { case_id: freshId('cas'), person, generation, dry_run: true, reason };
  const [truth, sessions, keys, workspaces, seats, homes] = await Promise.all([
    callStep(confirmTruth, env.STEP_CONFIRM_TRUTH_ARN, { case_id: input.case_id, person }),
    callStep(findSessions, env.STEP_FIND_SESSIONS_ARN, input),
    callStep(findVirtualKeys, env.STEP_FIND_VIRTUAL_KEYS_ARN, input),
    callStep(findWorkspaces, env.STEP_FIND_WORKSPACES_ARN, input),
    callStep(findSeats, env.STEP_FIND_SEATS_ARN, input),
    callStep(findHomes, env.STEP_FIND_HOMES_ARN, input),
  ]);
  const results: { step: string; result: StepOutput }[] = [
    { step: findSessions.name, result: sessions },
    { step: findVirtualKeys.name, result: keys },
    { step: findWorkspaces.name, result: workspaces },
    { step: findSeats.name, result: seats },
    { step: findHomes.name, result: homes },
  ];
  const goes = truth.truth === 'left' || (truth.truth === 'active' && !truth.entitled);
  return { status: 200, headers: fresh, body: { dry_run: true, person, would_cut: goes, truth, plan: results } };
}
