/** `POST /admin/spend/reprice`: prices what waited for a price, as of the days it was used on. What was billed before stays as it was billed. */

import { UsageConfig } from '@gatehouse/core/usage-profile';
import { listPrices } from '@gatehouse/ledger/price-book';
import { type Repriced, reprice } from '@gatehouse/ledger/reprice.dynamo';
import { now as clock } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  CONFIG: json(UsageConfig),
});

/** API Gateway waits 29 seconds. */
const budgetMs = 20_000;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    reprice: async (_request, { env, caller, now }) => {
      const models = [...new Set(listPrices.prices.map(({ model }) => model))];
      const terms = { book: listPrices, multiplierPpm: env.CONFIG.price_ppm };
      const done: Repriced[] = [];
      for (const model of models) {
        const deadlineMs = Math.max(0, now + budgetMs - clock());
        const one = await reprice(model, { table: env.TABLE_USAGE, terms, deadlineMs });
        if (one.priced + one.waiting > 0) done.push(one);
      }
      log.info('repriced', { by: caller.person, models: done });
      return { status: 200, body: { models: done, price_book: listPrices.version } };
    },
  },
);
