/**
 * What was posted, as metric rows: by route and as a whole, and tokens by model and type; never their product, never a person or a session, which are fields of
 * the log line. A model that the price book does not know is `unpriced`, since senders may write any text. The ledger counts; these only show. Pure.
 */
import type { Metric } from '@gatehouse/contracts/surface';
import type { Plan } from './post.ts';
import { plus } from './post.ts';
import { tokenKinds } from './price.ts';
import type { PriceBook } from './price-book.ts';

/** For the surface of whoever posts. */
export const spendMetrics: readonly Metric[] = [
  { name: 'SpendMicros', unit: 'None', sets: [[], ['route']] },
  { name: 'ModelRequests', unit: 'Count', sets: [[], ['route']] },
  { name: 'ClaimedMicros', unit: 'None', sets: [[]] },
  { name: 'InputTokens', unit: 'Count', sets: [[]] },
  { name: 'OutputTokens', unit: 'Count', sets: [[]] },
  { name: 'CacheReadTokens', unit: 'Count', sets: [[]] },
  { name: 'CacheWriteTokens', unit: 'Count', sets: [[]] },
  { name: 'Tokens', unit: 'Count', sets: [['model', 'type']] },
  { name: 'UnpricedTokens', unit: 'Count', sets: [[]] },
];

interface Row {
  dimensions: Readonly<Record<string, string>>;
  sets?: readonly (readonly string[])[];
  values: Readonly<Record<string, { unit: 'Count' | 'None'; value: number }>>;
  properties: Readonly<Record<string, string>>;
}

export function spendRows({ spend, unpriced }: Pick<Plan, 'spend' | 'unpriced'>, book: PriceBook): Row[] {
  const priced = new Set(book.prices.map(({ model }) => model));
  const rows: Row[] = [];
  for (const [person, places] of spend)
    for (const { model, route, difference } of byModelAndRoute(places)) {
      const { amount_micros, requests, tokens, claimed_micros } = difference;
      const properties = { person, model_name: model, route_name: route };
      const claimed: Row['values'] = claimed_micros === 0 ? {} : { ClaimedMicros: { unit: 'None', value: claimed_micros } };
      rows.push({
        dimensions: { route },
        sets: [[], ['route']],
        values: { SpendMicros: { unit: 'None', value: amount_micros }, ModelRequests: { unit: 'Count', value: requests } },
        properties,
      });
      rows.push({
        dimensions: {},
        values: {
          InputTokens: { unit: 'Count', value: tokens.input },
          OutputTokens: { unit: 'Count', value: tokens.output },
          CacheReadTokens: { unit: 'Count', value: tokens.cache_read },
          CacheWriteTokens: { unit: 'Count', value: tokens.cache_write_5m + tokens.cache_write_1h },
          ...claimed,
        },
        properties,
      });
      for (const type of tokenKinds)
        if (tokens[type] !== 0)
          rows.push({
            dimensions: { model: priced.has(model) ? model : 'unpriced', type },
            values: { Tokens: { unit: 'Count', value: tokens[type] } },
            properties: { person },
          });
    }
  for (const { person, model, route, tokens } of unpriced)
    rows.push({
      dimensions: {},
      values: { UnpricedTokens: { unit: 'Count', value: tokens } },
      properties: { person, model_name: model, route_name: route },
    });
  return rows;
}

/** Places differ in their days. */
function byModelAndRoute(places: Plan['spend'] extends Map<string, infer P> ? P : never) {
  const sums = new Map<string, { model: string; route: string; difference: Parameters<typeof plus>[0] }>();
  for (const [place, one] of places) {
    // A model's name is the sender's text and may hold the separator; day and route never do.
    const [, ...rest] = place.split('#');
    const name = rest.join('#');
    const route = rest.pop() ?? '';
    const sum = sums.get(name);
    sums.set(name, { model: rest.join('#'), route, difference: sum ? plus(sum.difference, one) : one });
  }
  return [...sums.values()];
}
