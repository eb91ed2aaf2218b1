/** Asks one person about a whole wave, once, and parks this case under the question. It decides nothing. */
import { askApproval } from '@gatehouse/contracts/steps/lifecycle';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { ask, readApproval, wait } from './approval.dynamo.ts';
import { markHeld, readCase } from './case.dynamo.ts';
import { park } from './grace.dynamo.ts';
import { stateOf } from './guard.ts';
import { initiatorOf } from './initiator.dynamo.ts';
import { resume } from './resume.states.ts';
import { resumeIfBack, WaitEnv } from './return.states.ts';
import { peopleIn, waveOf } from './wave.dynamo.ts';

export const env = WaitEnv;

export const handler = onStep(askApproval, env, async ({ case_id, person, what, task_token }, { env, now }) => {
  const table = env.TABLE_LIFECYCLE;
  const [one, wave, begun] = await Promise.all([readCase(table, case_id), waveOf(table, case_id), initiatorOf(table, case_id)]);
  if (!one || !wave) throw new Misconfigured(`Case ${case_id} does not exist, or is not one of many: there is nothing to ask`);
  const { id, decide_by } = await ask(table, { wave, what, people: await peopleIn(table, wave) }, now);
  const act = what === 'cut' ? 'cutting' : 'deleting what they have';
  await markHeld(table, case_id, `Many people are leaving at once. POST /admin/approvals/${id} decides, until ${decide_by}, about ${act}.`);
  await park(table, person, { case_id, task_token }, now);
  const initiator = begun?.person;
  await wait(table, id, { case_id, person, trigger: one.trigger, ...(initiator !== undefined && { initiator }), task_token }, now);
  // Somebody may have decided before this case was listed.
  const asked = await readApproval(table, id);
  if (asked && stateOf(asked, now) !== 'waiting') await resume({ case_id, task_token }, `${id} is decided at ${timestamp(now)}`);
  else await resumeIfBack(env, person);
  return { parked: true as const, approval: id };
});
