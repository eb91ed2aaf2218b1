/** Filter patterns against lines, a row for each thing that a pattern can say. */
import { describe, expect, it } from 'vitest';
import { compileFilter } from './filter.ts';

const line = JSON.stringify({
  level: 'ERROR',
  ms: 250,
  cold: true,
  cause: null,
  error: { name: 'Unavailable', tries: [1, 2] },
  'with.dot': 'x',
  path: '10.1.2.3',
});

describe('a pattern of conditions', () => {
  it.each([
    ['{ $.level = "ERROR" }', true],
    ['{ $.level = ERROR }', true],
    ['{$.level="error"}', false],
    ['{ $.level != "INFO" }', true],
    ['{ $.level != "ERROR" }', false],
    ['{ $.level = "ERR*" }', true],
    ['{ $.path = 10.1.* }', true],
    ['{ $.path != 10.2.* }', true],
    ['{ $.level = * }', true],
    ['{ $.ms = 250 }', true],
    ['{ $.ms = 2.5e2 }', true],
    ['{ $.ms > 249 && $.ms <= 250 }', true],
    ['{ $.ms < 250 }', false],
    ['{ $.ms = "250" }', false],
    ['{ $.level > 1 }', false],
    ['{ $.cold IS TRUE }', true],
    ['{ $.cold IS FALSE }', false],
    ['{ $.cause IS NULL }', true],
    ['{ $.none IS NULL }', false],
    ['{ $.none NOT EXISTS }', true],
    ['{ $.cause NOT EXISTS }', false],
    ['{ $.none != "x" }', false],
    ['{ $.error.name = "Unavailable" }', true],
    ['{ $.error.tries[1] = 2 }', true],
    ['{ $.error.tries[2] NOT EXISTS }', true],
    ['{ $.["with.dot"] = "x" }', true],
    ['{ $.level = "INFO" || $.ms > 1 && $.cold IS TRUE }', true],
    ['{ ($.level = "INFO" || $.ms > 1) && $.cold IS FALSE }', false],
    ['{ $.__proto__.x NOT EXISTS }', true],
  ])('%s: %s', (pattern, expected) => {
    expect(compileFilter(pattern)(line)).toBe(expected);
  });

  it('meets no line that is no JSON object', () => {
    const matches = compileFilter('{ $.level NOT EXISTS }');
    expect(['{}', 'level', '{"a":', '[1]', ''].map(matches)).toEqual([true, false, false, false, false]);
  });

  it.each([
    ['{'],
    ['{ }'],
    ['{ $.a }'],
    ['{ $.a = }'],
    ['{ $.a > "x" }'],
    ['{ ($.a = 1 }'],
    ['{ $.a = 1 } x'],
    ['{ $.a = %x% }'],
    ['{ a = 1 }'],
  ])('%s is refused', (pattern) => {
    expect(() => compileFilter(pattern)).toThrow('Invalid filter pattern');
  });
});

describe('a pattern of terms', () => {
  it.each([
    ['', 'x', true],
    ['a b', 'b a', true],
    ['"a b"', 'b a', false],
    ['?a ?b', 'b', true],
    ['a -b', 'ab', false],
    ['"\\"x\\""', 'say "x"', true],
    ['error', 'ERROR', false],
  ])('%s against %s: %s', (pattern, message, expected) => {
    expect(compileFilter(pattern)(message)).toBe(expected);
  });

  it.each([['%ERR.*%'], ['[ip, user]']])('%s is refused in words', (pattern) => {
    expect(() => compileFilter(pattern)).toThrow('not in the embedded stack');
  });
});
