/**
 * Hears that somebody won or lost groups, or that a new policy looks upon theirs otherwise, and starts a move when that changes what they should
 * have in other systems. Losing all that entitles is a leaving, which others hear. Whoever was never onboarded and wins their first entitling group
 * has joined: directories often add the groups a moment after the account.
 */
import { LifecycleConfig } from '@gatehouse/core/profile';
import { entitlementChanged } from '@gatehouse/events/entitlement-changed';
import { personMoved } from '@gatehouse/events/person-moved';
import { startMachine } from '@gatehouse/runtime/call';
import { json } from '@gatehouse/runtime/environment';
import { onFact } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { idFrom } from './case.ts';
import { EntitledEnv, entitledIn, planFor } from './entitled.records.ts';
import { grantsOf } from './grant.dynamo.ts';
import { isNothing } from './grant-plan.ts';
import type { JoinByFact } from './join-start.ts';
import { startOnboarding } from './joining.states.ts';

export const env = EntitledEnv.extend({ CONFIG: json(LifecycleConfig), MACHINE_MOVER_ARN: z.string(), MACHINE_ONBOARDING_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-regrouped' },
  [personMoved, entitlementChanged],
  async (fact, { env, now }) => {
    const { person, generation, id } = fact;
    const nothing = (reason: string) => log.info('move gives and takes nothing', { person, reason });
    if (!env.CONFIG.onboard_joiners) return nothing('the profile leaves moves to admins');
    const plan = await planFor(env, person);
    if ((await grantsOf(env.TABLE_LIFECYCLE, person)).length === 0) {
      if (!('lost' in fact) || plan.give.length === 0) return nothing('they were never onboarded');
      const before = [...fact.groups.filter((group) => !fact.gained.includes(group)), ...fact.lost];
      if ((await entitledIn(env, person, before)).length > 0) return nothing('they were never onboarded');
      const input: JoinByFact = { person, reason: 'won the first group that entitles them', trigger: 'event', generation, cause: id };
      return startOnboarding(env, input, { counts: true, now });
    }
    if (isNothing(plan) && plan.restate.length === 0) return nothing('what they have is what they should have');
    const reason = 'lost' in fact ? 'is in other groups' : 'the policy has changed for them';
    const input: JoinByFact = { person, reason, trigger: 'entitlement', generation, cause: id };
    const { execution_arn, existed } = await startMachine(env.MACHINE_MOVER_ARN, idFrom('regrouped', id), input);
    log.info('move started', { execution_arn, existed, person });
  },
);
