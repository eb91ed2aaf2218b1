/** Asks one person about all whom a version of the policy moves, once, and parks this move under the question. It decides nothing. */
import { askMove } from '@gatehouse/contracts/steps/joining';
import { timestamp } from '@gatehouse/runtime/clock';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { ask, readApproval, wait } from './approval.dynamo.ts';
import { stateOf } from './guard.ts';
import { markWaiting } from './joining.dynamo.ts';
import { resume } from './resume.states.ts';
import { joinWave } from './wave.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });

export const handler = onStep(askMove, env, async ({ case_id, person, wave, task_token }, { env, now }) => {
  const table = env.TABLE_LIFECYCLE;
  await joinWave(table, wave.id, case_id);
  const { id, decide_by } = await ask(table, { wave: wave.id, what: 'move', people: wave.people }, now);
  await markWaiting(
    table,
    case_id,
    `The policy moves many people at once. POST /admin/approvals/${id} decides about it until ${decide_by}.`,
  );
  const initiator = wave.author;
  await wait(table, id, { case_id, person, trigger: 'entitlement', ...(initiator !== undefined && { initiator }), task_token }, now);
  // Somebody may have decided before this move was listed.
  const asked = await readApproval(table, id);
  if (asked && stateOf(asked, now) !== 'waiting') await resume({ case_id, task_token }, `${id} is decided at ${timestamp(now)}`);
  return { parked: true as const, approval: id };
});
