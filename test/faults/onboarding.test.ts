import { afterAll, afterEach, beforeAll, describe, it, vi } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';
import { calm, play, type Row, rowsOf } from './onboarding-rows.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The gate's part; `npm run test:long` plays every step with every kind of fault. */
const chosen: readonly (readonly [string, Row['kind']])[] = [
  ['grant-virtual-keys', 'dies after its work, once'],
  ['grant-workspaces', 'fails for good'],
  ['withdraw-virtual-keys', 'dies after its work, once'],
  ['close-joining', 'fails for good'],
];
const rows = (await rowsOf()).filter(({ step, kind }) => chosen.some(([one, how]) => one === step && how === kind));
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
});
afterEach(() => calm(stack));
afterAll(() => stack?.stop());

describe('a joiner while one function of their onboarding fails', () => {
  it.each(rows.map((row) => [row.step, row.kind, row] as const))(
    '%s %s: they have everything, or nothing and a human is told',
    async (_, __, row) => {
      await play(stack, row);
    },
  );
});
