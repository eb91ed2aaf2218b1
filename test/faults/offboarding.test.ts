import { afterAll, afterEach, beforeAll, describe, it, vi } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';
import { play, type Row, rowsOf } from './offboarding-rows.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The gate's part; `npm run test:long` plays every step with every kind of fault. */
const chosen: readonly (readonly [string, Row['kind']])[] = [
  ['open-case', 'fails for good'],
  ['cut-sessions', 'dies after its work, once'],
  ['block-virtual-keys', 'never answers, once'],
  ['probe-virtual-keys', 'fails twice'],
];
const rows = (await rowsOf()).filter(({ step, kind }) => chosen.some(([one, how]) => one === step && how === kind));
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
});
afterEach(() => fetch(`${stack.aws}/_faults`, { method: 'DELETE' }));
afterAll(() => stack?.stop());

describe('a leaver while one function of their offboarding fails', () => {
  it.each(rows.map((row) => [row.step, row.kind, row] as const))(
    '%s %s: they end dead and deleted, or a human is told',
    async (_, __, row) => {
      await play(stack, row);
    },
  );
});
