import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { calm, play, rowsOf } from '../faults/onboarding-rows.ts';
import { type Stack, startStack } from '../support/stack.ts';

const rows = await rowsOf();
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
});
afterEach(() => calm(stack));
afterAll(() => stack?.stop());

describe(`a joiner while one function of their onboarding fails (${rows.length} rows)`, () => {
  it('has a row for each step of the machine and kind of fault', () => {
    expect(rows.length).toBeGreaterThanOrEqual(50);
  });

  it.each(rows.map((row) => [row.step, row.kind, row] as const))(
    '%s %s: they have everything, or nothing and a human is told',
    async (_, __, row) => {
      await play(stack, row);
    },
  );
});
