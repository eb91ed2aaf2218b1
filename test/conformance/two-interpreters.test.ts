/** Control flow of our Step Functions against an interpreter that we did not write, on generated machines. */
import { expect, it } from 'vitest';
import { compareInterpreters } from './two-interpreters.ts';

it('ends as the second interpreter does, with the same output or error, after the same task calls, on 1,500 machines', async () => {
  const { cases, ends } = await compareInterpreters(1500, 20_261_122);
  expect(cases).toBe(1500);
  // All that was compared: machines that finish, that fail by a task or a Fail state, and that find no choice.
  for (const end of ['output', 'Busy', 'Broken', 'Gone', 'States.NoChoiceMatched']) expect(ends[end]).toBeGreaterThan(10);
});
