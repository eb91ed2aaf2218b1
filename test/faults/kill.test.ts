/** A stack that is killed under load keeps what it promised: three kills here, a hundred in test/long. */
import { expect, it } from 'vitest';
import { killRounds } from './kill-rounds.ts';

it('keeps every confirmed write, execution and leaver through three kills under load', { timeout: 120_000 }, async () => {
  const { broken, kills, writes, executions, leavers } = await killRounds(3, 20_261_122);
  expect(broken).toEqual([]);
  expect(kills).toBe(3);
  expect(Math.min(writes, executions, leavers)).toBeGreaterThan(0);
});
