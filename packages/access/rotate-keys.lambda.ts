/** Starts a key rotation when the schedule says so: one a day at most, however often the schedule's event comes. */
import { startMachine } from '@gatehouse/runtime/call';
import { timestamp } from '@gatehouse/runtime/clock';
import { onEvent } from '@gatehouse/runtime/event';
import * as z from 'zod';

export const env = z.object({ TABLE_ACCESS: z.string(), MACHINE_KEY_ROTATION_ARN: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_ACCESS }) => TABLE_ACCESS, consumer: 'rotate-keys' },
  async (_event, { env, now }) => {
    const name = `scheduled-${timestamp(now).slice(0, 10)}`;
    await startMachine(env.MACHINE_KEY_ROTATION_ARN, name, { reason: 'the schedule of every 90 days' });
  },
);
