/** Hears from CloudTrail who started an offboarding in the AWS console, so that nobody approves what they began themselves. Starts and stops nothing. */
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { callStep } from '@gatehouse/runtime/call';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { caseIdOf } from './case.ts';
import { startIn } from './console-start.ts';
import { rememberInitiator } from './initiator.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), STEP_ADMIT_PERSON_ARN: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-console-start' },
  async (event, { env }) => {
    const start = startIn(event.detail);
    if (!start.ok) return log.info('start not heard', { id: event.id, reason: start.refusal });
    const { execution_arn, principal, names } = start.value;
    const person = await firstKnown(env.STEP_ADMIT_PERSON_ARN, names);
    const case_id = caseIdOf(execution_arn);
    const initiator = { principal, told_by: 'cloudtrail' as const, ...(person !== undefined && { person }) };
    const isNew = await rememberInitiator(env.TABLE_LIFECYCLE, case_id, initiator);
    log.info('start heard', { case_id, principal, person, told_already: !isNew });
  },
);

/** Two people of one name are nobody. */
async function firstKnown(arn: string, names: readonly string[]): Promise<string | undefined> {
  for (const lookup of names) {
    const found = await callStep(admitPerson, arn, { lookup });
    if (found.outcome === 'known') return found.person;
  }
  return undefined;
}
