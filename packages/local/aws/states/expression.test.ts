import { describe, expect, it } from 'vitest';
import { createEvaluator } from './expression.ts';
import type { Json } from './json.ts';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const evaluator = createEvaluator({ now: () => at, random: () => 0.25, uuid: () => 'an-id' });
const evaluate = (template: Json, variables: { [name: string]: Json } = {}) => evaluator.evaluate(template, 'Output', variables, {});

describe('the functions that Step Functions adds', () => {
  it.each<[string, Json]>([
    ['$partition([1,2,3,4,5], 2)', [[1, 2], [3, 4], [5]]],
    ['$range(0, 10, 3)', [0, 3, 6, 9]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ["$hash('abc', 'SHA-256')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ["$hash('abc', 'MD5')", '900150983cd24fb0d6963f7d28e17f72'],
    ['$uuid()', 'an-id'],
    ['$random()', 0.25],
    ['$random(7) = $random(7)', true],
    ['$parse(\'{"a": [1]}\')', { a: [1] }],
    ['$millis()', at],
    ['$now()', '2026-03-01T12:00:00.000Z'],
    ["$now('[Y0001]-[M01]')", '2026-03'],
  ])('%s', async (expression, expected) => {
    expect(await evaluate(`{% ${expression} %}`)).toEqual(expected);
  });

  it.each([['$partition([1], 0)'], ['$range(1, 2, 0)'], ["$hash('a', 'CRC')"], ["$parse('{')"], ["$eval('1')"]])(
    '%s fails',
    async (expression) => {
      await expect(evaluate(`{% ${expression} %}`)).rejects.toThrow('threw an error during evaluation');
    },
  );
});

describe('templates', () => {
  it('keep their literals, and name the field of an expression that yields nothing', async () => {
    expect(await evaluate({ a: [1, 'x', null, '{% $v %}'] }, { v: 2 })).toEqual({ a: [1, 'x', null, 2] });
    await expect(evaluate({ a: [1, '{% $none %}'] })).rejects.toMatchObject({ location: 'Output/a[1]' });
  });

  it('yield plain JSON: no sequences, no functions', async () => {
    const value = await evaluate('{% $v.a %}', { v: [{ a: 1 }, { a: 2 }] });
    expect(value).toEqual([1, 2]);
    expect(Object.keys(value ?? {})).toEqual(['0', '1']);
    await expect(evaluate("{% {'f': $sum} %}")).rejects.toThrow('unsupported result type');
  });

  it('end an expression that would not end', async () => {
    await expect(evaluate('{% ($f := function($n) { 1 + $f($n) }; $f(1)) %}')).rejects.toThrow('threw an error');
  });
});
