/** Event patterns against the reference matcher, on a hundred thousand patterns and events. */
import { expect, it } from 'vitest';
import { comparePatterns } from '../conformance/patterns.ts';

it('matches as the reference does, on 100,000 patterns and events', () => {
  const { cases, matched } = comparePatterns(100_000, Number(process.env.SEED ?? 7), (done) => {
    if (done % 20_000 === 0) console.log(`${done} patterns alike`);
  });
  console.log(`${matched} of them matched`);
  expect(cases).toBe(100_000);
});
