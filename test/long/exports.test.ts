/** A hundred thousand exports, 30 % of them sent again, in disorder, at once, through kills of the store: the ledger is exact. */
import { expect, it } from 'vitest';
import { killedExports } from '../bench/exports-tally.ts';

const exports = Number(process.env.EXPORTS ?? 100_000);

it('counts every export once through kills of the store', { timeout: 3 * 3_600_000 }, async () => {
  const tally = await killedExports(exports, Number(process.env.SEED ?? 11), (line) => console.log(line));
  console.log(
    `${tally.sent} exports, ${tally.kills} kills, ${tally.killed} transactions killed: the ledger is off by ${tally.errorMicros} micro-dollars`,
  );
  expect(tally.sent).toBeGreaterThan(exports * 1.25);
  expect(tally.killed).toBeGreaterThanOrEqual(exports / 100);
  expect(tally.errorMicros).toBe(0);
});
