/** Ends the wait of a machine's task. A token that is used up or timed out is an answer: the machine has gone on by itself. */
import { awsJson } from '@gatehouse/runtime/aws-call';
import { Misconfigured, Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import type { Waiting } from './grace.dynamo.ts';

const over = new Set(['TaskDoesNotExist', 'TaskTimedOut', 'InvalidToken']);

export async function resume({ case_id, task_token }: Waiting, because: string): Promise<'resumed' | 'over'> {
  const wish = { taskToken: task_token, output: JSON.stringify({ returned: true, because }) };
  try {
    await awsJson('states', 'SendTaskSuccess', wish, { timeoutMs: 5_000 });
    log.info('wait ended early', { case_id, because });
    return 'resumed';
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (over.has(name)) return 'over';
    if (name === 'AccessDeniedException')
      throw new Misconfigured('This function may not answer waiting tasks: give it states:SendTaskSuccess', { cause: error });
    throw new Unavailable('Step Functions did not answer', { cause: error });
  }
}
