/** A hundred kills under load, one after another on the same folder. */
import { expect, it } from 'vitest';
import { killRounds } from '../faults/kill-rounds.ts';

it('keeps every confirmed write, execution and leaver through a hundred kills', { timeout: 3_600_000 }, async () => {
  const tally = await killRounds(100, Number(process.env.SEED ?? 7), ({ kills, writes, executions, leavers, broken }) => {
    if (kills % 10 === 0)
      console.log(`${kills} kills: ${writes} writes, ${executions} executions, ${leavers} leavers; ${broken.length} broken`);
  });
  expect(tally.broken).toEqual([]);
  expect(tally.kills).toBe(100);
});
