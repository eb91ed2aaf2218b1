import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { allEvents, askModel, changePolicy, eventsIn, modelsOf, type SseEvent, spentBy, usageOf } from './inference.fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let models: ReturnType<typeof modelsOf>;
let carol: Person;

beforeAll(async () => {
  stack = await startStack();
  models = modelsOf(stack);
  carol = await stack.as('carol@example.com');
}, 60_000);
afterAll(() => stack?.stop());
beforeEach(() => models.reset());

/** An answer that would run for hours of real time; resolves once it has begun. */
async function openStream(person: Person, model = 'claude-opus-4-8') {
  await models.script({ tokens: 900, chunk_chars: 4, gap_ms: 1_000, usage: { input_tokens: 1_000 } });
  const response = await askModel(person, { stream: true, model });
  const events = eventsIn(response);
  const first = await events.next();
  expect(first.value?.name).toBe('message_start');
  return {
    /** What comes until the end, and how long it took, ms. */
    rest: async (): Promise<{ last: SseEvent | undefined; tookMs: number }> => {
      const began = performance.now();
      let last: SseEvent | undefined;
      for await (const event of events) last = event;
      return { last, tookMs: performance.now() - began };
    },
  };
}

describe('an open answer ends within five seconds', () => {
  it('when the person leaves', async () => {
    const company = companyOf(stack);
    const person = await company.hr<{ id: string }>('POST', '/users', {
      email: 'leaver@example.com',
      name: 'Lea Ver',
      active: true,
      groups: ['engineering'],
    });
    const leaver = await stack.as('leaver@example.com');
    const open = await openStream(leaver);
    await company.hr('PATCH', `/users/${person.id}`, { active: false });
    const { last, tookMs } = await open.rest();
    expect([last?.name, last?.data.error.type]).toEqual(['error', 'authentication_error']);
    expect(tookMs).toBeLessThan(7_000);
    expect((await askModel(leaver)).status).toBe(401);
  });

  it('when the session is revoked', async () => {
    const dave = await stack.as('alice@example.com');
    const open = await openStream(dave);
    await fetch(`${stack.gateway}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token: dave.refreshToken }) });
    const { last, tookMs } = await open.rest();
    expect([last?.name, last?.data.error.type]).toEqual(['error', 'authentication_error']);
    expect(tookMs).toBeLessThan(5_000);
  });

  it('when the policy takes the model away, and says which', async () => {
    const alice = await stack.as('alice@example.com');
    const open = await openStream(alice);
    await changePolicy(carol, (document) => {
      document.policies.find(({ name }: { name: string }) => name === 'engineering').models = { allow: ['haiku'] };
    });
    const { last, tookMs } = await open.rest();
    expect(last?.data.error).toMatchObject({ type: 'permission_error', message: expect.stringContaining('claude-opus-4-8') });
    expect(tookMs).toBeLessThan(5_000);
    await changePolicy(carol, (document) => {
      document.policies.find(({ name }: { name: string }) => name === 'engineering').models = { allow: ['*'] };
    });
  });

  it('when the budget is used up, and the next prompt is told the same', async () => {
    const alice = await stack.as('alice@example.com');
    const spent = (await usageOf(alice)).limits[0]?.used_micros ?? 0;
    expect(spent).toBeGreaterThan(0);
    const open = await openStream(alice);
    await changePolicy(carol, (document) => {
      document.policies.find(({ name }: { name: string }) => name === 'engineering').budgets[0].amount_micros = 1;
    });
    const { last, tookMs } = await open.rest();
    expect(last?.data.error).toMatchObject({
      type: 'billing_error',
      message: expect.stringMatching(/^Your monthly budget of \$0\.00 is used up/),
    });
    expect(tookMs).toBeLessThan(5_000);
    const next = await askModel(alice);
    expect([next.status, next.headers.get('x-should-retry'), next.headers.get('anthropic-ratelimit-unified-status')]).toEqual([
      429,
      'false',
      'rejected',
    ]);
    expect(Number(next.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(next.headers.get('anthropic-ratelimit-unified-overage-period')).toBe('monthly');
    expect(next.headers.get('anthropic-ratelimit-unified-overage-disabled-reason')).toBe('org_spend_cap_reached');
    expect(next.headers.get('anthropic-ratelimit-unified-representative-claim')).toBeNull();
    expect(await next.json()).toMatchObject({ error: { type: 'billing_error' } });
    await changePolicy(carol, (document) => {
      document.policies.find(({ name }: { name: string }) => name === 'engineering').budgets[0].amount_micros = 500_000_000;
    });
  });
});

describe('a budget near its end', () => {
  it('lets as many requests in at once as it has room for, and no more', async () => {
    const bob = await stack.as('bob@example.com');
    await models.script({ first_byte_ms: 300_000, usage: { input_tokens: 10, output_tokens: 10 } });
    await changePolicy(carol, (document) => {
      // Four thousand tokens of Haiku are held for each: two cents.
      document.policies.find(({ name }: { name: string }) => name === 'contractors').budgets[0].amount_micros = 50_000;
    });
    const answers: [number, string | undefined][] = [];
    const asked = Array.from({ length: 8 }, async () => {
      const answer = await askModel(bob, { model: 'claude-haiku-4-5', max_tokens: 4_096 });
      answers.push([answer.status, ((await answer.json()) as { error?: { type: string } }).error?.type]);
    });
    await stack.until(async () => (answers.length === 5 && (await models.asked()).length === 3 ? true : undefined));
    expect(answers).toEqual(Array.from({ length: 5 }, () => [429, 'rate_limit_error']));
    await stack.advance(301);
    await Promise.all(asked);
    expect(answers.slice(5)).toEqual(Array.from({ length: 3 }, () => [200, undefined]));
    await models.reset();
    // What was held is let go of.
    expect((await askModel(bob, { model: 'claude-haiku-4-5' })).status).toBe(200);
  });
});

describe('a long answer', () => {
  it('runs for fourteen minutes, and ends in order half a minute later', async () => {
    const alice = await stack.as('alice@example.com');
    await models.script({ tokens: 900, duration_ms: 13 * 60_000 });
    const whole = askModel(alice, { stream: true }).then(allEvents);
    await stack.until(async () => ((await models.asked()).at(0) ? true : undefined));
    await stack.until(async () => ((await models.asked())[0]?.outcome === 'open' ? undefined : true), {
      stepSeconds: 60,
      timeoutMs: 40_000,
    });
    expect((await whole).at(-1)?.name).toBe('message_stop');

    await models.reset();
    await models.script({ tokens: 900, first_byte_ms: 100_000, duration_ms: 14 * 60_000, usage: { input_tokens: 100 } });
    const before = await spentBy(alice);
    let over = false;
    const cut = askModel(alice, { stream: true })
      .then(allEvents)
      .finally(() => {
        over = true;
      });
    await stack.until(async () => (over ? true : undefined), { stepSeconds: 30, timeoutMs: 50_000 });
    const last = (await cut).at(-1);
    expect([last?.name, last?.data.error.type]).toEqual(['error', 'timeout_error']);
    const after = await spentBy(alice);
    expect([after.requests - before.requests, after.output > before.output]).toEqual([1, true]);
  });
});
