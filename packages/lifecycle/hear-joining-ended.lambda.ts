/** Hears that an onboarding or a move ended by other means than its own last state (aborted, timed out, broken), so that it does not hold the person's lock for ever. */
import { caseStuck } from '@gatehouse/events/case-stuck';
import { timestamp } from '@gatehouse/runtime/clock';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { publish } from '@gatehouse/runtime/publish';
import * as z from 'zod';
import { caseIdOf } from './case.ts';
import { closeRow, readJoining } from './joining.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });

const Ended = z.object({ executionArn: z.string(), status: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-joining-ended' },
  async (event, { env, now }) => {
    const { executionArn, status } = Ended.parse(event.detail);
    const table = env.TABLE_LIFECYCLE;
    const one = await readJoining(table, caseIdOf(executionArn));
    if (!one || one.closed_at) return log.info('ending does nothing', { executionArn, reason: one ? 'it is closed' : 'it opened nothing' });
    const message = `The execution ended ${status} before it was closed. Start the ${one.kind === 'mover' ? 'move' : 'onboarding'} again: it goes on from what it finds.`;
    const fact = publish(table, caseStuck, { person: one.person, case_id: one.id, cause: one.id, message });
    await closeRow(table, one, { status: 'needs_human', message, closed_at: timestamp(now), welcome: undefined }, [fact]);
  },
);
