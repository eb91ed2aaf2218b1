/** Anthropic's reports, asked for over HTTP of the stand-in that pages and limits them as documented. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../packages/local/clock.ts';
import { createOutside, type Outside } from '../../packages/local/outside/create-outside.ts';
import { anthropicLines } from '../../packages/usage/anthropic-report.http.ts';

const clock = createClock();
const day = '2026-11-20';
let outside: Outside;
const url = () => `${outside.origin}/anthropic`;

beforeAll(async () => {
  outside = await createOutside({
    port: 0,
    clock,
    litellm: { masterKey: 'sk-unused' },
    coder: { token: 'unused' },
    anthropic: { adminKey: 'admin-key' },
    people: [],
  });
  const used = Array.from({ length: 1_001 }, (_, n) => ({ day, email: `user${n}@example.com`, model: 'claude-opus-4-8', cents: 1.5 }));
  await fetch(`${url()}/_billing`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ used }) });
  clock.advance(3_600);
});
afterAll(() => outside.close());

const fault = (more: object) =>
  fetch(`${outside.origin}/_faults`, { method: 'POST', body: JSON.stringify({ path: '/anthropic/v1', ...more }) });

it('are read to the last page, and the same lines again', async () => {
  const lines = await anthropicLines(url(), 'admin-key', day);
  const by = (source: string) => lines.filter((line) => line.source === source);
  expect(new Set(by('anthropic').map(({ email }) => email)).size).toBe(1_001);
  expect(by('anthropic-cost').reduce((sum, { amount_micros }) => sum + amount_micros, 0)).toBe(1_001 * 15_000);
  expect(await anthropicLines(url(), 'admin-key', day)).toEqual(lines);
  expect(await anthropicLines(url(), 'admin-key', '2026-11-19')).toEqual([]);
});

it('are a matter for an operator when the key does not do', async () => {
  await expect(anthropicLines(url(), 'another', day)).rejects.toMatchObject({
    name: 'Misconfigured',
    message: expect.stringContaining('admin key'),
  });
});

it.each([
  [503, 'Unavailable'],
  [429, 'Throttled'],
  [404, 'Unavailable'],
])('are asked for again later when the answer is %i', async (status, name) => {
  await fault({ status });
  await expect(anthropicLines(url(), 'admin-key', day)).rejects.toMatchObject({ name });
  await fetch(`${outside.origin}/_faults`, { method: 'DELETE' });
});
