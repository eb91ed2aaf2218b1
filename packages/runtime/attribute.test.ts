import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributesOf, itemOf } from './attribute.ts';

const number = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, min: -1e9, max: 1e9 })).map((one) => (Object.is(one, -0) ? 0 : one));
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const item = fc.dictionary(fc.string(), anything, { noNullPrototype: true });
/** The SDK's marshaller assigns members one by one and so loses `__proto__`; ours keeps it (its own sentence below). */
const spelledAlike = item.filter((one) => !JSON.stringify(one).includes('__proto__'));

describe('an item', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(item, (one) => {
        expect(itemOf(JSON.parse(JSON.stringify(attributesOf(one))))).toEqual(one);
      }),
    );
  });

  it("is spelled as the AWS SDK's own marshaller spells it", () => {
    fc.assert(
      fc.property(spelledAlike, (one) => {
        expect(attributesOf(one)).toEqual(marshall(one));
        expect(itemOf(attributesOf(one))).toEqual(unmarshall(marshall(one)));
      }),
    );
  });

  it('keeps bytes', () => {
    const bytes = Buffer.from([0, 255, 16]);
    expect(attributesOf({ bytes })).toEqual({ bytes: { B: 'AP8Q' } });
    expect(itemOf({ bytes: { B: 'AP8Q' } })).toEqual({ bytes });
  });

  it('leaves out what is undefined', () => {
    expect(attributesOf({ a: undefined, b: { c: undefined }, d: [undefined, 1] })).toEqual({ b: { M: {} }, d: { L: [{ N: '1' }] } });
  });

  it('keeps a member named __proto__ a member', () => {
    const one = itemOf(JSON.parse('{"__proto__": {"S": "x"}}'));
    expect(Object.getPrototypeOf(one)).toBe(Object.prototype);
    expect(Object.entries(one)).toEqual([['__proto__', 'x']]);
  });

  it.each([
    ['an integer beyond 2^53', 2 ** 53],
    ['not a number', Number.NaN],
    ['an infinite number', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    ['a set', new Set(['a'])],
    ['a map', new Map()],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
  ])('refuses %s', (_, value) => {
    expect(() => attributesOf({ value })).toThrow();
    expect(() => attributesOf({ list: [value] })).toThrow();
  });

  it.each([
    ['an integer beyond 2^53', { N: '9007199254740993' }],
    ['a set', { SS: ['a'] }],
  ])('does not read %s', (_, attribute) => {
    expect(() => itemOf({ attribute } as unknown as Parameters<typeof itemOf>[0])).toThrow();
  });
});
