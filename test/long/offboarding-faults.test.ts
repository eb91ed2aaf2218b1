import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { play, rowsOf } from '../faults/offboarding-rows.ts';
import { type Stack, startStack } from '../support/stack.ts';

const rows = await rowsOf();
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
});
afterEach(() => fetch(`${stack.aws}/_faults`, { method: 'DELETE' }));
afterAll(() => stack?.stop());

describe(`a leaver while one function of their offboarding fails (${rows.length} rows)`, () => {
  it('has a row for each step of the machine and kind of fault', () => {
    expect(rows.length).toBeGreaterThanOrEqual(90);
  });

  it.each(rows.map((row) => [row.step, row.kind, row] as const))(
    '%s %s: they end dead and deleted, or a human is told',
    async (_, __, row) => {
      await play(stack, row);
    },
  );
});
