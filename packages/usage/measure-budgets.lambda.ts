/** Makes a gauge of each budget's mark passed, so that an alarm can watch it. The ledger decides, the metric only shows. */
import { budgetCrossed } from '@gatehouse/events/budget-crossed';
import { usedPercent } from '@gatehouse/ledger/budget';
import { onFact } from '@gatehouse/runtime/event';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';

export const env = z.object({ TABLE_USAGE: z.string().min(1) });

export const handler = onFact(
  { env, table: ({ TABLE_USAGE }) => TABLE_USAGE, consumer: 'measure-budgets' },
  budgetCrossed,
  async ({ budget, scope, state, limit_micros, used_micros }, { now }) => {
    measure(
      [
        {
          dimensions: { scope },
          sets: [[], ['scope']],
          values: { BudgetUsedPercent: { unit: 'Percent', value: usedPercent(limit_micros, used_micros) } },
          properties: { budget, state, limit_micros, used_micros },
        },
      ],
      now,
    );
  },
);
