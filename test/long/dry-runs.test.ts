/** B8 at ten times its count: what memory ten thousand dry runs leave. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryAfter } from '../bench/b8.ts';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const hourMs = 3_600_000;

it('keeps within 800 MB after ten thousand dry runs of offboarding', { timeout: hourMs }, async () => {
  expect(await memoryAfter(10_000, stack, console.log)).toBeLessThan(800);
});
