/** Does the orders to end a group's sessions, a turn a call. */
import { onFact } from '@gatehouse/runtime/event';
import * as z from 'zod';
import { cutSomeOfGroup } from './cut.dynamodb.ts';
import { groupCutOrdered } from './group-cut-ordered.ts';

export const env = z.object({ TABLE_ACCESS: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_ACCESS }) => TABLE_ACCESS, consumer: 'cut-group' },
  groupCutOrdered,
  ({ order, turn }, { env, now }) => cutSomeOfGroup(env.TABLE_ACCESS, { id: order, turn }, now),
);
