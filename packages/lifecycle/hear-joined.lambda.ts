/**
 * Hears that somebody joined, or has their access again, and starts their onboarding when the policy has something to give them. Whoever became
 * known by signing in has what that takes: an admin onboards them where more is wanted.
 */
import { LifecycleConfig } from '@gatehouse/core/lifecycle-profile';
import { accessRestored } from '@gatehouse/events/access-restored';
import { personJoined } from '@gatehouse/events/person-joined';
import { json } from '@gatehouse/runtime/environment';
import { onFact } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { EntitledEnv, planFor } from './entitled.records.ts';
import { startOnboarding } from './joining.states.ts';

export const env = EntitledEnv.extend({ CONFIG: json(LifecycleConfig), MACHINE_ONBOARDING_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-joined' },
  [personJoined, accessRestored],
  async (fact, { env, type, now }) => {
    const { person, generation, id } = fact;
    const isJoiner = type === personJoined.type;
    const nothing = (reason: string) => log.info('joining does nothing', { person, reason });
    if (!env.CONFIG.onboard_joiners) return nothing('the profile leaves onboarding to admins');
    // Only what the directory tells of has a cause.
    if (isJoiner && fact.cause === undefined) return nothing('they became known by signing in');
    const { give } = await planFor(env, person);
    if (give.length === 0) return nothing('the policy gives them nothing that they lack');
    const reason = isJoiner ? 'joined, by the word of the directory' : 'has their access again';
    await startOnboarding(env, { person, reason, trigger: 'event', generation, cause: id }, { counts: isJoiner, now });
  },
);
