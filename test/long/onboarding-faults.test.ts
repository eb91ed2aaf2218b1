/** Every Task of the onboarding and of the mover with every kind of fault: all or nothing and a human told; what the group gives, or a human told. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mostAtOnce, playJoiners, scenarioOf } from '../faults/joiners.ts';
import { type Stage, stageOf } from '../faults/play.ts';
import { allRows, batchesOf, batchTitle, calm } from '../faults/rows.ts';
import { everythingKept, leaksIn, secretsOf } from '../support/secrets.ts';
import { startStack } from '../support/stack.ts';

const all = await allRows();
let stage: Stage;
beforeAll(async () => {
  stage = stageOf(await startStack({ args: ['--fast'] }));
});
afterEach(() => calm(stage.stack));
afterAll(() => stage?.stack.stop());

describe.each(['onboarding', 'mover'])('%s', (machine) => {
  const rows = all.get(machine) ?? [];
  describe(`whose steps fail (${rows.length} rows)`, () => {
    it.each(batchesOf(rows, scenarioOf, mostAtOnce).map((batch) => [batchTitle(batch), batch] as const))('%s', async (_, batch) => {
      expect(await playJoiners(stage, batch.scenario, batch.rows)).toEqual([]);
    });
  });
});

it('no secret of all these rows is in any row, object, event, log or history', async () => {
  expect(leaksIn(await everythingKept(stage.stack), await secretsOf(stage.stack))).toEqual([]);
});
