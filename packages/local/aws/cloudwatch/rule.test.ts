import { describe, expect, it } from 'vitest';
import { childrenOf, holds, parseRule } from './rule.ts';

const states: Record<string, string> = { a: 'ALARM', b: 'OK', 'c d': 'ALARM', e: 'INSUFFICIENT_DATA', 'x"y': 'ALARM' };
const judge = (source: string) => holds(parseRule(source), (alarm, state) => states[alarm] === state);

describe('rules', () => {
  it.each([
    ['ALARM(a)', true],
    ['ALARM("a")', true],
    ['ALARM(b)', false],
    ['OK(b)', true],
    ['INSUFFICIENT_DATA(e)', true],
    ['ALARM(c d)', true],
    ['ALARM( "c d" ) AND ALARM(a)', true],
    ['ALARM("x\\"y")', true],
    ['NOT ALARM(a)', false],
    ['NOT NOT ALARM(a)', true],
    ['ALARM(b) OR ALARM(a)', true],
    ['ALARM(a) OR ALARM(a) AND ALARM(b)', true],
    ['(ALARM(a) OR ALARM(a)) AND ALARM(b)', false],
    ['NOT ALARM(b) AND ALARM(a)', true],
    ['NOT (ALARM(b) AND ALARM(a))', true],
    ['TRUE AND NOT FALSE', true],
    ['ALARM(nobody)', false],
  ])('%s: %s', (source, expected) => {
    expect(judge(source)).toBe(expected);
  });

  it.each(['', 'ALARM()', 'ALARM(a', 'ALARM(a) ALARM(b)', 'ALARM(a) AND', 'NOT', '(ALARM(a)', 'WARNING(a)', 'a AND b', 'alarm(a)'])(
    'refuses "%s"',
    (source) => {
      expect(() => parseRule(source)).toThrow(/cannot be read/);
    },
  );

  it('says that AT_LEAST is not in the embedded stack', () => {
    expect(() => parseRule('AT_LEAST(2, ALARM, (a, b))')).toThrow(/is not in the embedded stack/);
  });

  it('names its children', () => {
    expect(childrenOf(parseRule('ALARM(a) AND (OK(b) OR NOT ALARM("c d")) OR TRUE'))).toEqual(['a', 'b', 'c d']);
  });
});
