/** Every Task of the workspace rollout and of the key rotation with every kind of fault; and no machine of the product is without such rows. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stageOf } from '../faults/play.ts';
import { allRows, calm, titleOf } from '../faults/rows.ts';
import { playRollout, playRotation } from '../faults/templates-and-keys.ts';
import { everythingKept, leaksIn, secretsOf } from '../support/secrets.ts';
import { startStack } from '../support/stack.ts';

const all = await allRows();
let stage: Stage;
beforeAll(async () => {
  stage = stageOf(await startStack({ args: ['--fast'] }));
});
afterEach(() => calm(stage.stack));
afterAll(() => stage?.stack.stop());

it('every machine has rows, and a file that plays them', () => {
  expect([...all.keys()].sort()).toEqual(['key-rotation', 'mover', 'offboarding', 'onboarding', 'workspace-rollout']);
});

describe.each([
  ['workspace-rollout', playRollout],
  ['key-rotation', playRotation],
] as const)('%s', (machine, play) => {
  const rows = all.get(machine) ?? [];
  describe(`whose steps fail (${rows.length} rows)`, () => {
    it.each(rows.map((row) => [titleOf(row), row] as const))('%s', async (_, row) => {
      expect(await play(stage, row)).toEqual([]);
    });
  });
});

it('no secret of all these rows is in any row, object, event, log or history', async () => {
  expect(leaksIn(await everythingKept(stage.stack), await secretsOf(stage.stack))).toEqual([]);
});
