import { describe, expect, it } from 'vitest';
import { listPrices } from './price-book.ts';
import { compare, sentencesOf } from './prices.ts';

const opus = {
  input_cost_per_token: 5e-6,
  output_cost_per_token: 25e-6,
  cache_read_input_token_cost: 5e-7,
  cache_creation_input_token_cost: 6.25e-6,
  cache_creation_input_token_cost_above_1hr: 1e-5,
};
const day = '2026-11-22';

describe('a file of prices', () => {
  it('says nothing where it agrees with the book, and knows only Claude', () => {
    const others = { 'gpt-9': opus, 'us.anthropic.claude-opus-4-8': { ...opus, input_cost_per_token: 5.5e-6 }, sample_spec: { a: 1 } };
    expect(compare(listPrices, { 'claude-opus-4-8': opus, ...others }, day)).toEqual([]);
  });
  it('tells a changed and a new model, in dollars a million tokens', () => {
    const changes = compare(
      listPrices,
      { 'claude-opus-4-8': { ...opus, output_cost_per_token: 30e-6 }, 'claude-next-1-20270101': opus },
      day,
    );
    expect(sentencesOf(changes)).toEqual([
      'claude-next-1 is new:',
      '  input           $5.00 a million tokens',
      '  output          $25.00 a million tokens',
      '  cache_read      $0.50 a million tokens',
      '  cache_write_5m  $6.25 a million tokens',
      '  cache_write_1h  $10.00 a million tokens',
      'claude-opus-4-8 changes:',
      '  output          $25.00 -> $30.00 a million tokens',
    ]);
  });
  it('marks what does not follow the usual multiples, and two prices for one model', () => {
    const odd = { ...opus, cache_creation_input_token_cost_above_1hr: 6e-6 };
    const changes = compare(listPrices, { 'claude-next-1': odd, 'anthropic/claude-next-1': opus }, day);
    expect(changes[0]?.odd).toEqual(['one-hour cache writes are not twice input', expect.stringContaining('two prices')]);
  });
});
