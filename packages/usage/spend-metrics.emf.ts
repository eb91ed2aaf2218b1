/**
 * What was posted, as metrics: one row a model and route, under few dimensions. A model that the price book does not know is `unpriced` there, since senders
 * may write any text. Persons are properties of the log line, never dimensions. The ledger counts; these only show.
 */
import type { Posted } from '@gatehouse/ledger/ledger.dynamo';
import { type Difference, plus } from '@gatehouse/ledger/post';
import type { PriceBook } from '@gatehouse/ledger/price-book';
import type { MetricRow } from '@gatehouse/runtime/metric';

export function spendRows({ spend, unpriced }: Posted, book: PriceBook): MetricRow[] {
  const priced = new Set(book.prices.map(({ model }) => model));
  const rows: MetricRow[] = [];
  for (const [person, places] of spend)
    for (const [name, difference] of byModelAndRoute(places)) {
      const [model = '', route = ''] = name;
      rows.push({
        dimensions: { model: priced.has(model) ? model : 'unpriced', route },
        sets: [[], ['model'], ['route']],
        values: {
          SpendMicros: { unit: 'None', value: difference.amount_micros },
          ModelRequests: { unit: 'Count', value: difference.requests },
          InputTokens: { unit: 'Count', value: difference.tokens.input },
          OutputTokens: { unit: 'Count', value: difference.tokens.output },
          CacheReadTokens: { unit: 'Count', value: difference.tokens.cache_read },
          ...(difference.claimed_micros !== 0 && { ClaimedMicros: { unit: 'None', value: difference.claimed_micros } as const }),
          CacheWriteTokens: { unit: 'Count', value: difference.tokens.cache_write_5m + difference.tokens.cache_write_1h },
        },
        properties: { person, model_name: model },
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
function byModelAndRoute(places: ReadonlyMap<string, Difference>): [string[], Difference][] {
  const sums = new Map<string, Difference>();
  for (const [place, one] of places) {
    const name = place.split('#').slice(1).join('#');
    const sum = sums.get(name);
    sums.set(name, sum ? plus(sum, one) : one);
  }
  return [...sums].map(([name, difference]) => [name.split('#'), difference]);
}

/** One row a request that was read. */
export function ingestRow(counts: {
  signal: string;
  items: number;
  rejected: number;
  repeated: boolean;
  /** Names that a relay gave and nobody has. */
  unknownNames: number;
  person: string;
}): MetricRow {
  const { signal, items, rejected, repeated, unknownNames, person } = counts;
  return {
    dimensions: {},
    values: {
      IngestRequests: { unit: 'Count', value: 1 },
      IngestItems: { unit: 'Count', value: items },
      RejectedItems: { unit: 'Count', value: rejected },
      DuplicateBatches: { unit: 'Count', value: repeated ? 1 : 0 },
      ...(unknownNames > 0 && { UnknownNames: { unit: 'Count', value: unknownNames } as const }),
    },
    properties: { signal, person },
  };
}

export function refusedRow(reason: string, person: string): MetricRow {
  return { dimensions: {}, values: { IngestRefusals: { unit: 'Count', value: 1 } }, properties: { reason, person } };
}
