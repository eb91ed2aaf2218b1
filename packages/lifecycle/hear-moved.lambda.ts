/** Hears that somebody won or lost groups, or that a new policy looks upon theirs otherwise: losing all that entitles is a leaving, winning it back may end a wait. */
import { confirmTruth } from '@gatehouse/contracts/steps/people';
import { entitlementChanged } from '@gatehouse/events/entitlement-changed';
import { personMoved } from '@gatehouse/events/person-moved';
import { callStep } from '@gatehouse/runtime/call';
import { onFact } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { idFrom } from './case.ts';
import { startOffboarding } from './leaving.states.ts';
import { ReturnEnv, welcomeBack } from './return.states.ts';

export const env = ReturnEnv.extend({ MACHINE_OFFBOARDING_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-moved' },
  [personMoved, entitlementChanged],
  async (fact, { env }) => {
    const { person, generation, id } = fact;
    if ('grants' in fact && fact.grants) return log.info('policy does nothing', { person, reason: 'it admits them as before' });
    const { truth, entitled } = await callStep(confirmTruth, env.STEP_CONFIRM_TRUTH_ARN, { case_id: id, person });
    if (truth === 'left') return log.info('move does nothing', { person, reason: 'they have left, which is told by itself' });
    if (entitled) return welcomeBack(env, person);
    const moved = 'lost' in fact;
    if (moved ? fact.lost.length === 0 : fact.admitted)
      return log.info('move does nothing', { person, reason: 'they were not entitled before either' });
    const reason = moved ? 'lost the last group that entitles them' : 'the policy no longer admits them';
    const input = { person, reason, trigger: 'entitlement' as const, generation, cause: id };
    await startOffboarding(env.MACHINE_OFFBOARDING_ARN, idFrom('moved', id), input);
  },
);
