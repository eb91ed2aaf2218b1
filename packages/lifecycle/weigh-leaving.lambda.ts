/** Counts who else is leaving, and says what the guard, a hold and the approvers allow. It holds nothing itself: the machine does as it is told. */
import { weighLeaving } from '@gatehouse/contracts/steps/lifecycle';
import { LifecycleConfig } from '@gatehouse/core/lifecycle-profile';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { approvalId, readApproval } from './approval.dynamo.ts';
import { readCase } from './case.dynamo.ts';
import { stateOf } from './guard.ts';
import { holdOf } from './hold.dynamo.ts';
import { countLeaver } from './wave.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), TABLE_PEOPLE: z.string(), CONFIG: json(LifecycleConfig) });
type Weighed = z.infer<typeof weighLeaving.output>;

export const handler = onStep(weighLeaving, env, async ({ case_id, person, what }, { env, now }): Promise<Weighed> => {
  const table = env.TABLE_LIFECYCLE;
  const one = await readCase(table, case_id);
  if (!one) throw new Misconfigured(`Case ${case_id} does not exist`);
  const tables = { lifecycle: table, people: env.TABLE_PEOPLE };
  const [wave, held] = await Promise.all([countLeaver(tables, one, env.CONFIG.guard, now), holdOf(table, person)]);
  const hold = held !== undefined;
  if (!wave) return { verdict: 'free', hold, approval: null, message: 'Not one of many' };
  const asked = await readApproval(table, approvalId(wave, what));
  if (!asked)
    return { verdict: 'ask', hold, approval: null, message: `One of the many of ${wave}: a person is to be asked about the ${what}` };
  const { id, asked_at, decisions } = asked;
  const state = stateOf(asked, now);
  const verdict = state === 'waiting' ? 'ask' : state;
  return { verdict, hold, approval: { id, what, state, asked_at, decisions }, message: `${id} about the ${what} of ${wave} is ${state}` };
});
