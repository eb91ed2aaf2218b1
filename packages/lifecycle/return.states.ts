/**
 * What is done for somebody who is back, by the directory's word of now: the grace period of their case ends, or, when their last case is closed
 * already, what it had blocked is given back. What an event says is not enough.
 */
import { confirmTruth } from '@gatehouse/contracts/steps/people';
import { unblockSeats } from '@gatehouse/contracts/steps/seats';
import { restoreSessions } from '@gatehouse/contracts/steps/sessions';
import { unblockVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { unblockWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { accessRestored } from '@gatehouse/events/access-restored';
import { callStep } from '@gatehouse/runtime/call';
import { Throttled, Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { readCase, readLock } from './case.dynamo.ts';
import { waitingCase } from './grace.dynamo.ts';
import { resume } from './resume.states.ts';

export const WaitEnv = z.object({ TABLE_LIFECYCLE: z.string(), STEP_CONFIRM_TRUTH_ARN: z.string() });
export const ReturnEnv = WaitEnv.extend({
  STEP_RESTORE_SESSIONS_ARN: z.string(),
  STEP_UNBLOCK_VIRTUAL_KEYS_ARN: z.string(),
  STEP_UNBLOCK_WORKSPACES_ARN: z.string(),
  STEP_UNBLOCK_SEATS_ARN: z.string(),
});

/** Ends the wait of the case that waits for this person, if one does and they are back. */
export async function resumeIfBack(env: z.infer<typeof WaitEnv>, person: string): Promise<void> {
  const waiting = await waitingCase(env.TABLE_LIFECYCLE, person);
  if (!waiting) return;
  const truth = await backBy(env, person, waiting.case_id);
  const outcome = truth && (await resume(waiting, `the directory says ${truth.detail}`));
  // Its grace is over and it is not closed yet: what it leaves blocked can be given back only then.
  if (outcome === 'over') throw new Unavailable(`Case ${waiting.case_id} has gone on from its wait; look again once it is closed`);
}

/** As above; and without a case that waits, undoes what is left of their last one. A case that is open sees to it itself. */
export async function welcomeBack(env: z.infer<typeof ReturnEnv>, person: string): Promise<void> {
  if (await waitingCase(env.TABLE_LIFECYCLE, person)) return resumeIfBack(env, person);
  const lock = await readLock(env.TABLE_LIFECYCLE, person);
  const last = lock?.state === 'free' ? await readCase(env.TABLE_LIFECYCLE, lock.case_id) : undefined;
  if (!last) return;
  const truth = await backBy(env, person, last.id);
  if (!truth) return;
  const { generation } = truth;
  const input = { case_id: last.id, person, generation, dry_run: false, reason: 'came back' };
  const results = await Promise.all([
    callStep(restoreSessions, env.STEP_RESTORE_SESSIONS_ARN, input),
    callStep(unblockVirtualKeys, env.STEP_UNBLOCK_VIRTUAL_KEYS_ARN, input),
    callStep(unblockWorkspaces, env.STEP_UNBLOCK_WORKSPACES_ARN, input),
    callStep(unblockSeats, env.STEP_UNBLOCK_SEATS_ARN, input),
  ]);
  log.info('given back after the case was closed', {
    case_id: last.id,
    person,
    results: results.map(({ outcome, message }) => ({ outcome, message })),
  });
  const waiting = results.find(({ outcome }) => outcome === 'not_yet');
  if (waiting) throw new Throttled(`${person} is not given everything back yet: ${waiting.message}`);
  if (results.some(({ outcome }) => outcome === 'done'))
    await transact([publish(env.TABLE_LIFECYCLE, accessRestored, { person, generation, case_id: last.id, cause: last.id })]);
}

async function backBy(env: z.infer<typeof WaitEnv>, person: string, caseId: string) {
  const truth = await callStep(confirmTruth, env.STEP_CONFIRM_TRUTH_ARN, { case_id: caseId, person });
  if (truth.truth === 'unreadable') throw new Unavailable(`Whether ${person} is back cannot be read: ${truth.detail}`);
  return truth.truth === 'active' && truth.entitled ? truth : undefined;
}
