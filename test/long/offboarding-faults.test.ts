/** Every Task of the offboarding with every kind of fault: the person ends dead and deleted, or a human is told. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mostAtOnce, playLeavers, scenarioOf } from '../faults/leavers.ts';
import { type Stage, stageOf } from '../faults/play.ts';
import { allRows, batchesOf, batchTitle, calm } from '../faults/rows.ts';
import { everythingKept, leaksIn, secretsOf } from '../support/secrets.ts';
import { startStack } from '../support/stack.ts';

const rows = (await allRows()).get('offboarding') ?? [];
let stage: Stage;
beforeAll(async () => {
  stage = stageOf(await startStack({ args: ['--fast'] }));
});
afterEach(() => calm(stage.stack));
afterAll(() => stage?.stack.stop());

describe(`an offboarding whose steps fail (${rows.length} rows)`, () => {
  it.each(batchesOf(rows, scenarioOf, mostAtOnce).map((batch) => [batchTitle(batch), batch] as const))('%s', async (_, batch) => {
    expect(await playLeavers(stage, batch.scenario, batch.rows)).toEqual([]);
  });
});

it('no secret of all these rows is in any row, object, event, log or history', async () => {
  expect(leaksIn(await everythingKept(stage.stack), await secretsOf(stage.stack))).toEqual([]);
});
