/** The gate's part of what can go wrong at each Task of each machine; `npm run test:long` plays all of it. One stack for all rows. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startStack } from '../support/stack.ts';
import { playJoiners } from './joiners.ts';
import { playLeavers } from './leavers.ts';
import { type Stage, stageOf } from './play.ts';
import { allRows, calm, type Kind, type Row } from './rows.ts';

vi.setConfig({ testTimeout: 120_000 });

const all = await allRows();
let stage: Stage;
beforeAll(async () => {
  stage = stageOf(await startStack({ args: ['--fast'] }));
});
afterEach(() => calm(stage.stack));
afterAll(() => stage?.stack.stop());

function chosen(machine: string, ...wanted: readonly [state: string, kind: Kind][]): Row[] {
  return wanted.map(
    ([state, kind]) =>
      all.get(machine)?.find((row) => row.state === state && row.kind === kind) ?? expect.fail(`${machine} has no Task "${state}"`),
  );
}

it('leavers while a function of their offboarding fails end dead and deleted, or a human is told', async () => {
  const rows = chosen(
    'offboarding',
    ['Open the case', 'fails for good'],
    ['Shut the sessions', 'dies after its work'],
    ['Suspend the Coder account and stop its workspaces', 'is throttled'],
    ['Probe the LiteLLM keys on every replica', 'fails twice'],
  );
  expect(await playLeavers(stage, 'leaver', rows)).toEqual([]);
});

it('a key that LiteLLM claims to have blocked, and that works, is found by the probe', async () => {
  expect(await playLeavers(stage, 'leaver', chosen('offboarding', ['Block LiteLLM keys', 'lies']))).toEqual([]);
});

it('joiners while a function of their onboarding fails have everything, or nothing and a human is told', async () => {
  const rows = chosen(
    'onboarding',
    ['Make their LiteLLM key', 'dies after its work'],
    ['Make their Coder account and workspace', 'fails for good'],
    ['Write down what was given', 'fails for good'],
  );
  expect(await playJoiners(stage, 'joiner', rows)).toEqual([]);
});
