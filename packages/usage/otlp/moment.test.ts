import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNever, momentOfHalves, momentOfJson, never } from './moment.ts';

describe('a moment', () => {
  it('keeps every nanosecond of 64 bits, in either encoding', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (nanos) => {
        const expected = { ms: Number(nanos / 1_000_000n), ns: Number(nanos % 1_000_000n) };
        expect(momentOfJson(String(nanos))).toEqual(expected);
        expect(momentOfHalves(Number(nanos & 0xffff_ffffn), Number(nanos >> 32n))).toEqual(expected);
      }),
    );
  });
  it('is the same by a bare number, to the microsecond', () => {
    expect(momentOfJson(1_795_299_839_318_000_000)).toEqual(momentOfJson('1795299839318000000'));
  });
  it('is never when it is not said', () => {
    for (const said of [undefined, null, '0', 0]) expect(isNever(momentOfJson(said) ?? { ms: 1, ns: 1 }), String(said)).toBe(true);
    expect(isNever(never)).toBe(true);
  });
  it.each([-1, Number.NaN, '-5', 'now', '1e18', '', true, {}])('is nothing by %j', (said) => {
    expect(momentOfJson(said)).toBeUndefined();
  });
});
