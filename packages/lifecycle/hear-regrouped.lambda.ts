/**
 * Hears that somebody won or lost groups, or that a new policy looks upon theirs otherwise, and starts a move when that changes what they should
 * have in other systems. Whom one version of the policy moves are moved one after the other, and asked about first where they are many. Losing all that entitles is a leaving, which others hear. Whoever was never onboarded and wins their first entitling group
 * has joined: directories often add the groups a moment after the account.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { LifecycleConfig } from '@gatehouse/core/lifecycle-profile';
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
import { isNothing, isWhole } from './grant-plan.ts';
import { isWave } from './guard.ts';
import type { JoinByFact } from './join-start.ts';
import { startOnboarding } from './joining.states.ts';
import { peopleHere } from './wave.dynamo.ts';

export const env = EntitledEnv.extend({ CONFIG: json(LifecycleConfig), MACHINE_MOVER_ARN: z.string(), MACHINE_ONBOARDING_ARN: z.string() });

/** What vendors bear of one version of the policy. */
const movesASecond = 20;

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-regrouped' },
  [personMoved, entitlementChanged],
  async (fact, { env, now }) => {
    const { person, generation, id } = fact;
    const nothing = (reason: string) => log.info('move gives and takes nothing', { person, reason });
    if (!env.CONFIG.onboard_joiners) return nothing('the profile leaves moves to admins');
    const [plan, held] = await Promise.all([planFor(env, person), grantsOf(env.TABLE_LIFECYCLE, person)]);
    if (held.length === 0) {
      if (!('lost' in fact) || plan.give.length === 0) return nothing('they were never onboarded');
      const before = [...fact.groups.filter((group) => !fact.gained.includes(group)), ...fact.lost];
      if ((await entitledIn(env, person, before)).length > 0) return nothing('they were never onboarded');
      const input: JoinByFact = { person, reason: 'won the first group that entitles them', trigger: 'event', generation, cause: id };
      return startOnboarding(env, input, { counts: true, now });
    }
    if (isNothing(plan) && plan.restate.length === 0) return nothing('what they have is what they should have');
    const reason = 'lost' in fact ? 'is in other groups' : 'the policy has changed for them';
    const input: JoinByFact = {
      ...{ person, reason, trigger: 'entitlement', generation, cause: id },
      ...('version' in fact && { wait_seconds: Math.floor((fact.place ?? 0) / movesASecond) }),
      ...('version' in fact && isWhole(plan, held) && (await waveOf(env, fact))),
    };
    const { execution_arn, existed } = await startMachine(env.MACHINE_MOVER_ARN, idFrom('regrouped', id), input);
    log.info('move started', { execution_arn, existed, person });
  },
);

type ByPolicy = z.infer<typeof entitlementChanged.schema>;

/** Each of them asks again what holds before they are moved. */
async function waveOf(
  { TABLE_PEOPLE, CONFIG }: z.infer<typeof env>,
  { version, wave: people, author }: ByPolicy,
): Promise<Pick<JoinByFact, 'wave'>> {
  if (!(await isWave(people, () => peopleHere(TABLE_PEOPLE), CONFIG.guard))) return {};
  const id = encodeId('wav', createHash('sha256').update(`policy ${version}`).digest().subarray(0, 16));
  return { wave: { id, people, ...(author?.startsWith('per_') && { author }) } };
}
