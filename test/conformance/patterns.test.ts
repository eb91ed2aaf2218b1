/** Event patterns against a matcher that shares nothing with ours. */
import { expect, it } from 'vitest';
import { comparePatterns } from './patterns.ts';

it('matches as the reference does, on 5,000 patterns and events', () => {
  const { cases, matched } = comparePatterns(5000, 20_261_122);
  expect(cases).toBe(5000);
  expect(Math.min(matched, cases - matched)).toBeGreaterThan(500);
});
