/** The gate's part of what can go wrong at each Task of each machine; `npm run test:long` plays all of it. One stack for all rows. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { everythingKept, leaksIn, secretsOf } from '../support/secrets.ts';
import { startStack } from '../support/stack.ts';
import { playJoiners } from './joiners.ts';
import { playLeavers } from './leavers.ts';
import { type Stage, stageOf, startMachine } from './play.ts';
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

it('no secret is in any row, object, event, log or history of them all, and one that is put there is found', async () => {
  const { stack, company } = stage;
  const kept = await everythingKept(stack);
  const secrets = await secretsOf(stack);
  expect([kept.size > 30, secrets.length > 40], 'there is much to look for, in much').toEqual([true, true]);
  expect(leaksIn(kept, secrets)).toEqual([]);

  const [inRow, inEvent] = ['planted-in-a-row-1', 'planted-in-an-event'];
  const nobodySaw = `sk-${'planted'.repeat(4)}`;
  await company.aws('DynamoDB_20120810', 'PutItem', {
    TableName: 'gatehouse-local-lifecycle',
    Item: { pk: { S: 'PLANTED' }, sk: { S: 'PLANTED' }, text: { S: `Bearer ${inRow}` } },
  });
  await company.aws('AWSEvents', 'PutEvents', {
    Entries: [
      { EventBusName: 'gatehouse-local', Source: 'gatehouse.lifecycle', DetailType: 'planted', Detail: JSON.stringify({ inEvent }) },
    ],
  });
  const execution = await startMachine(company, 'offboarding', { person: 'nobody@example.com', reason: nobodySaw });
  await stack.settled();
  const found = leaksIn(await everythingKept(stack), [...secrets, inRow, inEvent]);
  expect(found).toContainEqual('planted-in-a... is in gatehouse-local-lifecycle');
  expect(found).toContainEqual(expect.stringMatching(/^planted-in-a\.\.\. is in events\/archives/));
  expect(found).toContainEqual(`sk-plantedpl... looks like a secret in ${execution}`);
});
