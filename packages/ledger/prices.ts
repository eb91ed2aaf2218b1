/** A file of prices against the book: what is new, what changes, what is odd. Pure; it changes no book. */
import { modelName } from '@gatehouse/rules/models';
import * as z from 'zod';
import { type PriceBook, priceOn, type Rates } from './price-book.ts';

/** LiteLLM's `model_prices_and_context_window.json`: dollars a token, by any spelling of a model. */
const Row = z.looseObject({
  input_cost_per_token: z.number().nonnegative(),
  output_cost_per_token: z.number().nonnegative(),
  cache_read_input_token_cost: z.number().nonnegative().optional(),
  cache_creation_input_token_cost: z.number().nonnegative().optional(),
  cache_creation_input_token_cost_above_1hr: z.number().nonnegative().optional(),
});

export interface PriceChange {
  model: string;
  /** Undefined when the book does not know the model. */
  before: Rates | undefined;
  after: Rates;
  /** What a person should look at: rates that do not follow the usual multiples of input. */
  odd: string[];
}

const perMillion = (dollars: number) => Math.round(dollars * 1e12);

/** @param file parsed JSON. @param day from which the prices are to hold, UTC. Models of others, and regional spellings, are passed over. Throws RangeError. */
export function compare(book: PriceBook, file: unknown, day: string): PriceChange[] {
  const rows = z.record(z.string(), z.unknown()).parse(file);
  if (!Object.entries(rows).some(([spelling, value]) => /claude-/.test(spelling) && Row.safeParse(value).success))
    throw new RangeError('The file has no prices of Claude: it is to be an object of models, as LiteLLM writes it');
  const found = new Map<string, PriceChange>();
  for (const [spelling, value] of Object.entries(rows)) {
    const row = Row.safeParse(value);
    // Regional profiles bear a premium of their own, which the book adds itself.
    if (!row.success || !/(^|\/)claude-/.test(spelling) || /[./](us|eu|apac|jp|au)\./.test(spelling)) continue;
    const { name: model } = modelName(spelling);
    const input = perMillion(row.data.input_cost_per_token);
    if (input === 0) continue;
    const after: Rates = {
      input,
      output: perMillion(row.data.output_cost_per_token),
      cache_read: orElse(row.data.cache_read_input_token_cost, input / 10),
      cache_write_5m: orElse(row.data.cache_creation_input_token_cost, (input * 5) / 4),
      cache_write_1h: orElse(row.data.cache_creation_input_token_cost_above_1hr, input * 2),
    };
    const before = priceOn(book, model, day)?.rates;
    const known = found.get(model);
    if (known && JSON.stringify(known.after) !== JSON.stringify(after)) known.odd.push(`the file has two prices; ${spelling} is the other`);
    else if (JSON.stringify(before) !== JSON.stringify(after)) found.set(model, { model, before, after, odd: oddities(after) });
  }
  return [...found.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
}

function orElse(dollars: number | undefined, usual: number): number {
  return dollars === undefined ? usual : perMillion(dollars);
}

function oddities({ input, cache_read, cache_write_5m, cache_write_1h }: Rates): string[] {
  const odd: string[] = [];
  if (cache_read !== input / 10) odd.push('cache reads are not a tenth of input');
  if (cache_write_5m !== (input * 5) / 4) odd.push('five-minute cache writes are not 1.25 of input');
  if (cache_write_1h !== input * 2) odd.push('one-hour cache writes are not twice input');
  return odd;
}

const kinds = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const;

/** For a person to read before it is accepted. */
export function sentencesOf(changes: readonly PriceChange[]): string[] {
  const dollars = (micros: number) => `$${(micros / 1e6).toFixed(micros % 10_000 === 0 ? 2 : 4)}`;
  return changes.flatMap(({ model, before, after, odd }) => [
    before ? `${model} changes:` : `${model} is new:`,
    ...kinds
      .filter((kind) => before?.[kind] !== after[kind])
      .map((kind) => `  ${kind.padEnd(15)} ${before ? `${dollars(before[kind])} -> ` : ''}${dollars(after[kind])} a million tokens`),
    ...odd.map((what) => `  ! ${what}`),
  ]);
}
