import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTokens, amountMicros, listTerms, noTokens, type Tokens, tokenKinds } from './price.ts';
import { listPrices, priceOn } from './price-book.ts';

const opus = priceOn(listPrices, 'claude-opus-4-8', '2026-11-22')!;
const fastRatesOf = ({ input, output }: { input: number; output: number }) => ({
  input,
  output,
  cache_read: input / 10,
  cache_write_5m: input * 1.25,
  cache_write_1h: input * 2,
});
const tokens: Tokens = { input: 100, output: 50, cache_read: 5000, cache_write_5m: 2000, cache_write_1h: 0 };

describe('a price', () => {
  it('is the list price of each kind of token', () => {
    expect(amountMicros(tokens, opus)).toBe(100 * 5 + 50 * 25 + 5000 * 0.5 + 2000 * 6.25);
  });
  it('asks 10 % more for a regional profile', () => {
    expect(amountMicros(tokens, opus, { ...listTerms, regional: true })).toBe(Math.round(16_750 * 1.1));
  });
  it('asks no premium where the provider asks none', () => {
    const old = priceOn(listPrices, 'claude-opus-4-1', '2026-11-22')!;
    expect(amountMicros(tokens, old, { ...listTerms, regional: true })).toBe(amountMicros(tokens, old));
  });
  it('doubles in the fast tier, caches included', () => {
    expect(amountMicros(tokens, opus, { ...listTerms, fast: true })).toBe(2 * amountMicros(tokens, opus));
  });
  it('halves in a batch', () => {
    expect(amountMicros(tokens, opus, { ...listTerms, batch: true })).toBe(amountMicros(tokens, opus) / 2);
  });
  it('is exact for any counts and terms', () => {
    const count = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 36n }).map(Number));
    const terms = fc.record({
      regional: fc.boolean(),
      fast: fc.boolean(),
      batch: fc.boolean(),
      multiplierPpm: fc.constantFrom(1_000_000, 850_000),
    });
    const some = fc.record({ input: count, output: count, cache_read: count, cache_write_5m: count, cache_write_1h: count });
    fc.assert(
      fc.property(some, terms, fc.constantFrom(...listPrices.prices), (used, wish, price) => {
        const { rates } = wish.fast && price.fast ? { rates: fastRatesOf(price.fast) } : price;
        let over = 0n;
        for (const kind of tokenKinds) over += BigInt(used[kind]) * BigInt(rates[kind]);
        over *= BigInt(wish.multiplierPpm) * (wish.regional && price.regionalPremium ? 11n : 10n);
        const under = 10n * 1_000_000_000_000n * (wish.batch ? 2n : 1n);
        const twice = (2n * over) / under;
        expect(BigInt(amountMicros(used, price, wish))).toBe(twice / 2n + (twice % 2n));
      }),
    );
  });
  it('rounds half up, once', () => {
    const haiku = priceOn(listPrices, 'claude-haiku-4-5', '2026-11-22')!;
    expect(amountMicros({ ...noTokens, cache_read: 5 }, haiku)).toBe(1);
    expect(amountMicros({ ...noTokens, cache_read: 4 }, haiku)).toBe(0);
  });
  it('applies the negotiated multiplier', () => {
    expect(amountMicros(tokens, opus, { ...listTerms, multiplierPpm: 850_000 })).toBe(Math.round(16_750 * 0.85));
  });
  it('refuses a count that is no count', () => {
    expect(() => amountMicros({ ...noTokens, input: -1 }, opus)).toThrow(RangeError);
    expect(() => amountMicros({ ...noTokens, input: 0.5 }, opus)).toThrow(RangeError);
  });
  it('of a sum differs from the sum of prices by less than a micro-dollar a part', () => {
    const count = fc.integer({ min: 0, max: 10_000_000 });
    const some = fc.record({ input: count, output: count, cache_read: count, cache_write_5m: count, cache_write_1h: count });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 8 }), (parts) => {
        const whole = amountMicros(parts.reduce(addTokens, noTokens), opus);
        const sum = parts.reduce((total, part) => total + amountMicros(part, opus), 0);
        expect(Math.abs(whole - sum)).toBeLessThanOrEqual(parts.length);
      }),
    );
  });
});

describe('the price book', () => {
  it('knows nothing of a model it does not list', () => {
    expect(priceOn(listPrices, 'claude-unheard-of-9', '2026-11-22')).toBeUndefined();
  });
  it('takes the row that held on the day', () => {
    const book = { version: 'test', prices: [opus, { ...opus, from: '2026-12-01', rates: { ...opus.rates, input: 4_000_000 } }] };
    expect(priceOn(book, 'claude-opus-4-8', '2026-11-30')?.rates.input).toBe(5_000_000);
    expect(priceOn(book, 'claude-opus-4-8', '2026-12-01')?.rates.input).toBe(4_000_000);
  });
  it('has whole micro-dollars for a million tokens everywhere', () => {
    for (const { rates } of listPrices.prices) for (const rate of Object.values(rates)) expect(Number.isSafeInteger(rate)).toBe(true);
  });
});
