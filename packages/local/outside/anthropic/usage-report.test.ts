import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { ask } from '../ask.ts';
import { createOutside, type Outside } from '../create-outside.ts';

const clock = createClock();
let outside: Outside;
const day = '2026-11-20';

beforeAll(async () => {
  outside = await createOutside({
    port: 0,
    clock,
    litellm: { masterKey: 'sk-unused' },
    coder: { token: 'unused' },
    anthropic: { adminKey: 'admin-key' },
    people: [],
  });
  const emails = ['a@example.com', 'b@example.com', 'a@example.com', 'c@example.com'];
  const used = emails.map((email) => ({ day, email, model: 'claude-opus-4-8', cents: 12.5 }));
  expect((await ask(outside.origin, 'POST', '/anthropic/_billing', { used })).status).toBe(204);
});
afterAll(() => outside.close());

const report = (path: string, headers: Record<string, string> = {}) =>
  ask(`${outside.origin}/anthropic/v1/organizations`, 'GET', path, undefined, {
    'x-api-key': 'admin-key',
    'anthropic-version': '2023-06-01',
    ...headers,
  });
const claudeCode = (more: string) => report(`/usage_report/claude_code?starting_at=${day}${more}`);

it('reports an hour late, by actor and terminal, page by page', async () => {
  expect((await claudeCode('')).body).toEqual({ data: [], has_more: false, next_page: null });
  clock.advance(3_601);
  const first = (await claudeCode('&limit=2')).body;
  expect(first).toMatchObject({
    has_more: true,
    data: [
      {
        date: `${day}T00:00:00Z`,
        actor: { type: 'user_actor', email_address: 'a@example.com' },
        model_breakdown: [{ estimated_cost: { currency: 'USD', amount: 12.5 } }, {}],
      },
      {},
    ],
  });
  const second = (await claudeCode(`&limit=2&page=${first.next_page}`)).body;
  expect(second).toMatchObject({ has_more: false, next_page: null, data: [{ actor: { email_address: 'c@example.com' } }] });
});

it('tells what the organization owes, in cents as text', async () => {
  const { body } = await report('/cost_report?starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-22T00:00:00Z');
  expect(body.data).toHaveLength(2);
  expect(body.data[0]).toMatchObject({ starting_at: '2026-11-20T00:00:00Z', ending_at: '2026-11-21T00:00:00Z' });
  expect(body.data[0].results.map(({ amount }: { amount: string }) => amount)).toEqual(['50.00000']);
});

it.each([
  ['without a day', '/usage_report/claude_code', 400],
  ['for a day that is none', '/usage_report/claude_code?starting_at=today', 400],
  ['for too much at once', `/usage_report/claude_code?starting_at=${day}&limit=1001`, 400],
  ['for a page that is none', `/usage_report/claude_code?starting_at=${day}&page=x`, 400],
])('refuses to report %s', async (_, path, status) => {
  expect((await report(path)).status).toBe(status);
});

it('asks for the admin key, and for no more than a hundred calls a minute', async () => {
  expect((await report('/cost_report', { 'x-api-key': 'other' })).status).toBe(401);
  for (let asked = 0; asked < 100; asked++) await claudeCode('');
  expect(await claudeCode('')).toMatchObject({ status: 429, body: { error: { type: 'rate_limit_error' } } });
});
