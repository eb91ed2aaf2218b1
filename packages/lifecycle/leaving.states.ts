/** Starts the offboarding machine for a fact. The name says what it is for: the same leaving, heard twice, is the same execution. */
import { startMachine } from '@gatehouse/runtime/call';
import { log } from '@gatehouse/runtime/log';
import type { ByFact } from './start.ts';

export async function startOffboarding(machineArn: string, name: string, input: ByFact): Promise<void> {
  const { execution_arn, existed } = await startMachine(machineArn, name, input);
  log.info('offboarding started', { execution_arn, existed, person: input.person, trigger: input.trigger, cause: input.cause });
}
