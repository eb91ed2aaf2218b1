/**
 * Starts the onboarding of somebody whom the directory tells of. Another directory, or the first sweep of one, looks like many joiners: beyond the
 * guard's count within an hour they are left to admins, for each may cost a seat.
 */
import type { LifecycleConfig } from '@gatehouse/core/lifecycle-profile';
import { startMachine } from '@gatehouse/runtime/call';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { idFrom } from './case.ts';
import type { JoinByFact } from './join-start.ts';
import { countJoiner } from './joiners.dynamo.ts';

export interface Starting {
  TABLE_LIFECYCLE: string;
  CONFIG: LifecycleConfig;
  MACHINE_ONBOARDING_ARN: string;
}

/** @param counts whether they are new: who has come back is not. */
export async function startOnboarding(env: Starting, input: JoinByFact, { counts, now }: { counts: boolean; now: number }): Promise<void> {
  const { person, cause } = input;
  const most = env.CONFIG.guard.max_people;
  if (counts && (await countJoiner(env.TABLE_LIFECYCLE, now)) > most) {
    measure([{ dimensions: {}, values: { JoinersLeft: { unit: 'Count', value: 1 } }, properties: { person } }], now);
    return log.warn('joiner left to an admin', { person, reason: `more than ${most} within an hour` });
  }
  const { execution_arn, existed } = await startMachine(env.MACHINE_ONBOARDING_ARN, idFrom('joined', cause), input);
  log.info('onboarding started', { execution_arn, existed, person });
}
