/** Hears that the execution of a rollout ended without having closed it (aborted, timed out, broken, lied to), so that the template is not locked for ever and somebody is told. */
import { timestamp } from '@gatehouse/runtime/clock';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { end, readRollout } from './rollout.dynamo.ts';

export const env = z.object({ TABLE_WORKSPACES: z.string() });

const Ended = z.object({ executionArn: z.string(), status: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_WORKSPACES }) => TABLE_WORKSPACES, consumer: 'hear-rollout-ended' },
  async (event, { env, now }) => {
    const { executionArn, status } = Ended.parse(event.detail);
    const rollout = await readRollout(env.TABLE_WORKSPACES, executionArn.slice(executionArn.lastIndexOf(':') + 1));
    // Whoever starts one sees it fail before it began.
    if (!rollout || rollout.closed_at) return log.info('ending does nothing', { executionArn, reason: 'no rollout is open by it' });
    const message = `The execution ended ${status} before the rollout was over. Start it again for ${rollout.template}: it goes on from what it finds.`;
    await end(env.TABLE_WORKSPACES, rollout, { status: 'needs_human', message, at: timestamp(now) });
    measure([{ dimensions: {}, values: { RolloutsStuck: { unit: 'Count', value: 1 } }, properties: { rollout: rollout.id } }], now);
  },
);
