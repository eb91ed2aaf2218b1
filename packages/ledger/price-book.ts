/**
 * What a token costs: list prices by model and day, as integers. A book has a version; every ledger entry names it.
 * An unknown model has no price here, and is never guessed.
 * Source: Anthropic's pricing page (platform.claude.com/docs/en/about-claude/pricing) as of 2026-08-22; Bedrock's regional premium by its pricing page.
 */

/** Micro-dollars for a million tokens. */
export interface Rates {
  input: number;
  output: number;
  cache_read: number;
  cache_write_5m: number;
  cache_write_1h: number;
}

export interface Price {
  /** As `modelName` of the rules spells it: no provider, region, date or speed. */
  model: string;
  /** First day, UTC, that the price holds; the next row of the model ends it. */
  from: string;
  rates: Rates;
  /** Bedrock asks 10 % more for regional and geographic profiles of these. */
  regionalPremium: boolean;
  /** The first-party fast tier, where there is one; cache multipliers apply on top. */
  fast?: { input: number; output: number };
}

export interface PriceBook {
  version: string;
  prices: readonly Price[];
}

const always = '2024-01-01';

/** Cache writes cost 1.25x (5 minutes) and 2x (1 hour) of input, reads 0.1x. */
function rates(inputDollars: number, outputDollars: number): Rates {
  const input = Math.round(inputDollars * 1_000_000);
  return {
    input,
    output: Math.round(outputDollars * 1_000_000),
    cache_read: input / 10,
    cache_write_5m: (input * 5) / 4,
    cache_write_1h: input * 2,
  };
}

function price(
  model: string,
  input: number,
  output: number,
  options: { regional?: boolean; fast?: { input: number; output: number }; from?: string } = {},
): Price {
  return {
    model,
    from: options.from ?? always,
    rates: rates(input, output),
    regionalPremium: options.regional ?? true,
    ...(options.fast && { fast: { input: options.fast.input * 1_000_000, output: options.fast.output * 1_000_000 } }),
  };
}

export const listPrices: PriceBook = {
  version: '2026-08-22',
  prices: [
    price('claude-fable-5', 10, 50),
    price('claude-mythos-5', 10, 50),
    price('claude-opus-5', 5, 25, { fast: { input: 10, output: 50 } }),
    price('claude-opus-4-8', 5, 25, { fast: { input: 10, output: 50 } }),
    price('claude-opus-4-7', 5, 25),
    price('claude-opus-4-6', 5, 25),
    price('claude-opus-4-5', 5, 25),
    price('claude-opus-4-1', 15, 75, { regional: false }),
    price('claude-opus-4', 15, 75, { regional: false }),
    price('claude-sonnet-5', 2, 10),
    price('claude-sonnet-4-6', 3, 15),
    price('claude-sonnet-4-5', 3, 15),
    price('claude-sonnet-4', 3, 15, { regional: false }),
    price('claude-haiku-4-5', 1, 5),
    price('claude-3-5-haiku', 0.8, 4, { regional: false }),
  ],
};

/** The price of a model on a day (`2026-11-22`, UTC); undefined when the book does not know it. */
export function priceOn(book: PriceBook, model: string, day: string): Price | undefined {
  let found: Price | undefined;
  for (const one of book.prices) if (one.model === model && one.from <= day && (!found || one.from >= found.from)) found = one;
  return found;
}
