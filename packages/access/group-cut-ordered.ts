/** What access tells itself: a turn of an order to end a group's sessions is due. Nobody else listens; the order's row says the rest. */
import { fact } from '@gatehouse/events/fact';
import * as z from 'zod';

export const groupCutOrdered = fact(
  'group-cut-ordered',
  'access',
  { order: z.string(), turn: z.int().nonnegative() },
  { order: 'evt_01h00000000000000000000000', turn: 0 },
);
