/** The two interpreters of the Amazon States Language, on a hundred thousand generated machines. */
import { expect, it } from 'vitest';
import { compareInterpreters } from '../conformance/two-interpreters.ts';

it('ends as the second interpreter does on 100,000 machines', async () => {
  const progress = (done: number) => {
    if (done % 10_000 === 0) console.log(`${done} machines alike`);
  };
  const { cases, ends } = await compareInterpreters(100_000, Number(process.env.SEED ?? 7), progress);
  console.log(ends);
  expect(cases).toBe(100_000);
});
