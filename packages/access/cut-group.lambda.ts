/** Does the orders to end a group's sessions as the table's stream tells of them, a turn a call. Everything else in the stream is others' to read. */
import { onRecords } from '@gatehouse/runtime/stream';
import * as z from 'zod';
import { cutSomeOfGroup } from './cut.dynamodb.ts';
import { GroupCut } from './rows.ts';

export const env = z.object({ TABLE_ACCESS: z.string() });

export const handler = onRecords(env, async ({ name, keys, after }, { env, now }) => {
  if (name === 'REMOVE' || !keys.pk.startsWith('GROUP-CUT#')) return;
  await cutSomeOfGroup(env.TABLE_ACCESS, GroupCut.parse(after), now);
});
