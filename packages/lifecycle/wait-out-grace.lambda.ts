/** Parks a case for its grace period. Somebody who came back before the token was parked does not wait it out. */
import { waitOutGrace } from '@gatehouse/contracts/steps/lifecycle';
import { onStep } from '@gatehouse/runtime/step';
import { park } from './grace.dynamo.ts';
import { resumeIfBack, WaitEnv } from './return.states.ts';

export const env = WaitEnv;

export const handler = onStep(waitOutGrace, env, async ({ case_id, person, task_token }, { env, now }) => {
  await park(env.TABLE_LIFECYCLE, person, { case_id, task_token }, now);
  await resumeIfBack(env, person);
  return { parked: true as const };
});
