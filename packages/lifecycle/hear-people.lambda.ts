/** Hears of people who leave, move and return, and starts or ends cases. The machine itself re-reads the truth before it cuts. */
import { confirmTruth } from '@gatehouse/contracts/steps/people';
import { personLeft } from '@gatehouse/events/person-left';
import { personMoved } from '@gatehouse/events/person-moved';
import { personReturned } from '@gatehouse/events/person-returned';
import { callStep, startMachine } from '@gatehouse/runtime/call';
import { onFact } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { z } from 'zod';
import { idFrom } from './case.ts';
import { resumeIfBack } from './return.states.ts';
import type { ByFact } from './start.ts';

export const leftEnv = z.object({ TABLE_LIFECYCLE: z.string(), MACHINE_OFFBOARDING_ARN: z.string() });
export const movedEnv = leftEnv.extend({ STEP_CONFIRM_TRUTH_ARN: z.string() });
export const returnedEnv = z.object({ TABLE_LIFECYCLE: z.string(), STEP_CONFIRM_TRUTH_ARN: z.string() });

const table = ({ TABLE_LIFECYCLE }: { TABLE_LIFECYCLE: string }) => TABLE_LIFECYCLE;

/** One case a generation: the same leaving, heard twice, is the same execution. */
export const left = onFact({ env: leftEnv, table, consumer: 'person-left' }, personLeft, async (detail, { env }) => {
  const { person, generation, status, cause, id } = detail;
  const reason = status === 'suspended' ? 'suspended in the directory' : 'deactivated or deleted in the directory';
  await start(env.MACHINE_OFFBOARDING_ARN, idFrom('left', person, generation), {
    person,
    reason,
    trigger: 'event',
    generation,
    cause: cause ?? id,
  });
});

/** A move that takes the last entitling group is a leaving; a move that gives one back may end a wait. */
export const moved = onFact({ env: movedEnv, table, consumer: 'person-moved' }, personMoved, async (detail, { env }) => {
  const { person, generation, lost, id } = detail;
  const { truth, entitled } = await callStep(confirmTruth, env.STEP_CONFIRM_TRUTH_ARN, { case_id: id, person });
  if (truth === 'left') return log.info('move does nothing', { person, reason: 'they have left, which is told by itself' });
  if (entitled) return resumeIfBack(env, person);
  if (lost.length === 0) return log.info('move does nothing', { person, reason: 'they were not entitled before either' });
  const reason = 'lost the last group that entitles them';
  await start(env.MACHINE_OFFBOARDING_ARN, idFrom('moved', id), { person, reason, trigger: 'entitlement', generation, cause: id });
});

export const returned = onFact({ env: returnedEnv, table, consumer: 'person-returned' }, personReturned, (detail, { env }) =>
  resumeIfBack(env, detail.person),
);

async function start(machineArn: string, name: string, input: ByFact): Promise<void> {
  const { execution_arn, existed } = await startMachine(machineArn, name, input);
  log.info('offboarding started', { execution_arn, existed, person: input.person, trigger: input.trigger, cause: input.cause });
}
