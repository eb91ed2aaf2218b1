import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Heard, hear, missingOf, mostRanges } from './sequence.ts';

const none: Heard = { ranges: [], lost: 0 };

describe('the numbers of a session', () => {
  it.each([
    [[], 0],
    [[7], 0],
    [[0, 1, 2], 0],
    [[0, 2], 1],
    [[5, 1], 3],
    [[3, 3, 1, 2], 0],
  ])('%j lack %i', (numbers, missing) => {
    expect(missingOf(hear(none, numbers))).toBe(missing);
  });

  it('lack the same in any order, splitting and repetition', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(120), { minLength: 1 }), fc.nat(), (numbers, seed) => {
        const turned = numbers.map((_, index) => numbers[(index + seed) % numbers.length] ?? 0).reverse();
        const parts = [turned.slice(0, 3), numbers, turned.slice(3), turned].reduce(hear, none);
        const expected = Math.max(...numbers) - Math.min(...numbers) + 1 - numbers.length;
        expect(missingOf(parts)).toBe(expected);
        expect(parts).toEqual(hear(none, numbers));
      }),
    );
  });

  it('are kept within bounds, and what is given up stays counted', () => {
    const even = Array.from({ length: mostRanges + 50 }, (_, index) => index * 2);
    const heard = hear(none, even);
    expect(heard.ranges).toHaveLength(mostRanges);
    expect(missingOf(heard)).toBe(even.length - 1);
    expect(missingOf(hear(heard, [1, 3]))).toBe(even.length - 1);
  });
});
