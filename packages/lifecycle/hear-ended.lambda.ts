/** Hears that an execution ended by other means than its own last state (aborted, timed out, broken), so that its case does not hold the person's lock for ever. */
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { readCase } from './case.dynamo.ts';
import { caseIdOf } from './case.ts';
import { EndingEnv, endCase } from './end-case.kms.ts';

export const env = EndingEnv;

const Ended = z.object({ executionArn: z.string(), status: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-ended' },
  async (event, { env, now }) => {
    const { executionArn, status } = Ended.parse(event.detail);
    const one = await readCase(env.TABLE_LIFECYCLE, caseIdOf(executionArn));
    if (!one || one.closed_at)
      return log.info('ending does nothing', { executionArn, reason: one ? 'its case is closed' : 'it opened no case' });
    const message = `The execution ended ${status} before its case was closed, so not everything may be cut. Start the offboarding again: it goes on from what it finds.`;
    await endCase(env, one.id, { status: 'needs_human', message }, now);
  },
);
