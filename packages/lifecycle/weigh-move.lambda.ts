/** Says what was decided about a whole wave of moves. It asks nobody and holds nothing: the machine does as it is told. */
import { weighMove } from '@gatehouse/contracts/steps/joining';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { approvalId, readApproval } from './approval.dynamo.ts';
import { stateOf } from './guard.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });
type Weighed = z.infer<typeof weighMove.output>;

export const handler = onStep(weighMove, env, async ({ wave }, { env, now }): Promise<Weighed> => {
  const approval = approvalId(wave.id, 'move');
  const asked = await readApproval(env.TABLE_LIFECYCLE, approval);
  if (!asked) return { verdict: 'ask', approval, message: `A person is to be asked about the ${wave.people} people of ${wave.id}` };
  const state = stateOf(asked, now);
  return { verdict: state === 'waiting' ? 'ask' : state, approval, message: `${approval} about the move of ${wave.id} is ${state}` };
});
