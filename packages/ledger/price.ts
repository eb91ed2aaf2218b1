/** Tokens and a price make an amount: exact in between, rounded half up to whole micro-dollars once, at the end. */
import type { Price, Rates } from './price-book.ts';

/** Disjoint counts, as Claude reports them: `input` holds no cache tokens. */
export interface Tokens {
  input: number;
  output: number;
  cache_read: number;
  cache_write_5m: number;
  cache_write_1h: number;
}

export const noTokens: Tokens = { input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 };
export const tokenKinds = [
  'input',
  'output',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
] as const satisfies readonly (keyof Tokens)[];

export interface Terms {
  /** A regional or geographic Bedrock profile, not `global.`. */
  regional: boolean;
  fast: boolean;
  batch: boolean;
  /** The negotiated share of the list price, in millionths: 1,000,000 is the list price. */
  multiplierPpm: number;
}

export const listTerms: Terms = { regional: false, fast: false, batch: false, multiplierPpm: 1_000_000 };

const million = 1_000_000n;

/** Micro-dollars, a safe integer. Throws RangeError on counts that are not whole and non-negative. */
export function amountMicros(tokens: Tokens, price: Price, terms: Terms = listTerms): number {
  const rates = terms.fast && price.fast ? fastRates(price.fast) : price.rates;
  let sum = 0;
  for (const kind of tokenKinds) {
    const count = tokens[kind];
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${kind}: ${count} is no count of tokens`);
    sum += count * rates[kind];
  }
  const premium = terms.regional && price.regionalPremium;
  // Nearly always all factors fit a double exactly; then so does the quotient's floor.
  if (sum <= exactly && terms.multiplierPpm === 1_000_000) {
    const divisor = 1_000_000 * (premium ? 10 : 1) * (terms.batch ? 2 : 1);
    return Math.floor((sum * (premium ? 11 : 1) * 2 + divisor) / (divisor * 2));
  }
  return amountOfLarge(tokens, rates, premium, terms);
}

/** Leaves room for the factors above below 2^53. */
const exactly = 2 ** 48;

function amountOfLarge(tokens: Tokens, rates: Rates, premium: boolean, terms: Terms): number {
  let scaled = 0n;
  for (const kind of tokenKinds) scaled += BigInt(tokens[kind]) * BigInt(rates[kind]);
  // Each factor is a fraction of a million; the division comes last.
  let divisor = million;
  if (premium) {
    scaled *= 11n;
    divisor *= 10n;
  }
  if (terms.batch) divisor *= 2n;
  scaled *= BigInt(terms.multiplierPpm);
  divisor *= million;
  return Number((scaled * 2n + divisor) / (divisor * 2n));
}

function fastRates({ input, output }: { input: number; output: number }): Rates {
  return { input, output, cache_read: input / 10, cache_write_5m: (input * 5) / 4, cache_write_1h: input * 2 };
}

export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cache_read: a.cache_read + b.cache_read,
    cache_write_5m: a.cache_write_5m + b.cache_write_5m,
    cache_write_1h: a.cache_write_1h + b.cache_write_1h,
  };
}
