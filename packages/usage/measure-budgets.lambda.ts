/** Makes a gauge of each budget's mark passed, so that an alarm can watch it. The ledger decides, the metric only shows. */
import { budgetCrossed } from '@gatehouse/events/budget-crossed';
import { onFact } from '@gatehouse/runtime/event';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { budgetRow } from './budget-metrics.emf.ts';

export const env = z.object({ TABLE_USAGE: z.string().min(1) });

export const handler = onFact(
  { env, table: ({ TABLE_USAGE }) => TABLE_USAGE, consumer: 'measure-budgets' },
  budgetCrossed,
  async (crossed, { now }) => measure([budgetRow(crossed)], now),
);
