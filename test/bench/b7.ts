/** B7: 10,000 OTLP exports, 30 % sent again, reordered, concurrent, one in a hundred killed in mid-commit: how far the ledger is off. */
import { killedExports } from './exports-tally.ts';
import { atMost, type Measure } from './figure.ts';

const exports = Number(process.env.B7_EXPORTS ?? 10_000);

export const measure: Measure = async (say) => {
  const tally = await killedExports(exports, Number(process.env.SEED ?? 7), say);
  say(
    `${tally.sent} exports in ${Math.round(tally.seconds)} s, ${tally.kills} kills of the store with ${tally.killed} transactions on their way, ${tally.comeBack} asked to come again`,
  );
  if (tally.killed * 100 < exports) throw new Error(`Only ${tally.killed} transactions were killed: that proves too little`);
  return { B7: atMost(0, 'micro-dollars', [tally.errorMicros]) };
};
