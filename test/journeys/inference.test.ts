import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { allEvents, askModel, changePolicy, modelsOf, prompt, spentBy, usageOf } from './inference.fixture.ts';

let stack: Stack;
let models: ReturnType<typeof modelsOf>;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  stack = await startStack();
  models = modelsOf(stack);
  [alice, bob] = await Promise.all([stack.as('alice@example.com'), stack.as('bob@example.com')]);
}, 60_000);
afterAll(() => stack?.stop());
beforeEach(() => models.reset());

describe('a prompt', () => {
  it('is answered whole, and its usage is in the ledger when the answer is out', async () => {
    await models.script({
      text: 'Hello.',
      usage: { input_tokens: 100, output_tokens: 20, cache_read_input_tokens: 1_000, cache_write_5m_tokens: 10, cache_write_1h_tokens: 4 },
    });
    const before = await spentBy(alice);
    const answer = await askModel(alice);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ type: 'message', content: [{ text: 'Hello.' }], usage: { output_tokens: 20 } });
    const after = await spentBy(alice);
    // 100 at 5 dollars, 20 at 25, 1,000 at 0.50, 10 at 6.25 and 4 at 10 a million.
    expect(after.micros - before.micros).toBe(500 + 500 + 500 + 63 + 40);
    expect(after.requests - before.requests).toBe(1);
  });

  it('is answered as a stream, event by event as upstream sent it', async () => {
    const events = await allEvents(await askModel(alice, { stream: true }));
    const names = events.map(({ name }) => name).filter((name) => name !== 'ping' && name !== 'content_block_delta');
    expect(names).toEqual(['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop']);
  });

  it('reaches upstream with its body untouched and with every header that is not ours', async () => {
    const body = prompt({
      system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' }],
      some_beta: { a: [1] },
      stream: true,
    });
    const headers = { 'anthropic-beta': 'some-beta-2026-01-01', 'x-claude-code-session-id': 'session-1', 'x-app': 'cli' };
    await (await askModel(alice, body, headers)).text();
    const [asked] = await models.asked();
    expect(asked).toMatchObject({
      vendor: 'anthropic',
      body,
      headers: { ...headers, 'credential-kind': 'x-api-key', 'anthropic-version': '2023-06-01' },
    });
    expect(JSON.stringify(asked)).not.toContain(alice.accessToken);
  });

  it("tells the client what is used of the person's budget", async () => {
    const { headers } = await askModel(alice);
    expect(headers.get('anthropic-ratelimit-unified-status')).toBe('allowed');
    expect(headers.get('anthropic-ratelimit-unified-representative-claim')).toBe('overage');
    expect(Number(headers.get('anthropic-ratelimit-unified-overage-utilization'))).toBeLessThan(0.1);
    expect(headers.get('request-id')).toBe(headers.get('x-request-id'));
  });

  it('of a model that the policy denies is refused once, with what to do', async () => {
    const answer = await askModel(bob);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(await answer.json()).toMatchObject({
      error: {
        type: 'permission_error',
        message: 'The model claude-opus-4-8 is not in your policy (contractors). Choose one of haiku with /model.',
      },
    });
    expect(await models.asked()).toEqual([]);
  });

  it.each([
    ['an adviser', { tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-opus-4-8' }] }],
    ['a fallback', { fallbacks: [{ deep: { model: 'us.anthropic.claude-opus-4-8' } }] }],
  ])('that brings a denied model in as %s is refused', async (_, body) => {
    const answer = await askModel(bob, { model: 'claude-haiku-4-5', ...body });
    expect(answer.status).toBe(403);
  });

  it('may speak of a denied model in what a tool was called with', async () => {
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Task', input: { model: 'opus' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'done' }] },
    ];
    const tools = [{ name: 'Task', input_schema: { type: 'object', properties: { model: { type: 'string' } } } }];
    expect((await askModel(bob, { model: 'claude-haiku-4-5', messages, tools })).status).toBe(200);
  });

  it.each([
    ['no JSON', 'hello', 400, 'invalid_request_error'],
    ['no model', '{"messages": []}', 400, 'invalid_request_error'],
    ['more than 4 MiB', `{"a": "${'x'.repeat(4 * 1024 * 1024)}"}`, 413, 'request_too_large'],
  ])('that is %s is refused', async (_, body, status, type) => {
    const answer = await alice.fetch('/v1/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type } });
  });

  it('that is encoded is refused without a word of it in the log', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const encoded = await alice.fetch('/v1/messages', { method: 'POST', headers, body: gzipSync(JSON.stringify(prompt())) });
    expect([encoded.status, await encoded.text()]).toEqual([400, expect.stringContaining('encoded (gzip)')]);
    const broken = await alice.fetch('/v1/messages', { method: 'POST', body: 'between-us {' });
    expect([broken.status, await broken.text()]).toEqual([400, expect.not.stringContaining('between-us')]);
    expect(stack.output()).not.toContain('between-us');
  });

  it.each([
    ['claude-opus-4-8[1m]'],
    ['us.anthropic.claude-opus-4-8'],
    ['arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.anthropic.claude-opus-4-8'],
  ])('is sent on in the words of the upstream: %s', async (model) => {
    expect((await askModel(alice, { model })).status).toBe(200);
    expect((await models.asked()).map(({ vendor, body }) => [vendor, body.model])).toEqual([['anthropic', 'claude-opus-4-8']]);
  });

  it('of a model that no upstream has is 404, in the words of the first', async () => {
    const answer = await askModel(alice, { model: 'claude-unheard-of' });
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      { error: { type: 'not_found_error', message: 'model: claude-unheard-of' } },
    ]);
  });

  it('takes the token as an API key too', async () => {
    const asked = (key: string) =>
      fetch(`${stack.gateway}/v1/messages`, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify(prompt()) });
    expect([(await asked(alice.accessToken)).status, (await asked('sk-ant-nobodys')).status]).toEqual([200, 401]);
    expect(JSON.stringify(await models.asked())).not.toContain(alice.accessToken);
  });

  it('without a token is refused once', async () => {
    const answer = await fetch(`${stack.gateway}/v1/messages`, { method: 'POST', body: JSON.stringify(prompt()) });
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([401, 'false']);
  });
});

describe('beside prompts', () => {
  it('tokens are counted', async () => {
    const answer = await alice.fetch('/v1/messages/count_tokens?beta=true', { method: 'POST', body: JSON.stringify(prompt()) });
    expect([answer.status, await answer.json()]).toEqual([200, { input_tokens: expect.any(Number) }]);
  });

  it('tokens are counted by Bedrock, for whoever speaks Bedrock, and where nobody else can', async () => {
    const body = Buffer.from(JSON.stringify({ ...prompt(), model: undefined, anthropic_version: 'bedrock-2023-05-31' })).toString('base64');
    const count = (id: string) =>
      alice.fetch(`/model/${encodeURIComponent(id)}/count-tokens`, {
        method: 'POST',
        body: JSON.stringify({ input: { invokeModel: { body } } }),
      });
    const counted = await count('us.anthropic.claude-opus-4-8');
    expect([counted.status, await counted.json()]).toEqual([200, { inputTokens: expect.any(Number) }]);
    const opaque = await count('arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc');
    expect([opaque.status, opaque.headers.get('x-should-retry')]).toEqual([400, 'false']);
  });

  it('the models that the policy allows are listed', async () => {
    const list = (await (await bob.fetch('/v1/models?limit=1000')).json()) as { data: { id: string }[] };
    expect(list).toMatchObject({
      data: [{ type: 'model', id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4.5' }],
      has_more: false,
      last_id: 'claude-haiku-4-5',
    });
    expect(((await (await alice.fetch('/v1/models')).json()) as { data: unknown[] }).data.length).toBeGreaterThan(2);
  });

  it('the protocol is told to anybody', async () => {
    const answer = await fetch(`${stack.gateway}/protocol`);
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(await answer.text()).toContain('/v1/messages');
  });
});

describe('one request with two witnesses', () => {
  it('is billed once, whoever speaks first', async () => {
    await models.script({ text: 'Hello.', usage: { input_tokens: 1_000, output_tokens: 100 } });
    const before = (await usageOf(alice)).rows.find(({ key }) => key === 'claude-opus-4-8')?.amount_micros ?? 0;
    const session = 'twice-told';
    await (await askModel(alice, { stream: true }, { 'x-claude-code-session-id': session })).text();
    const time = `${BigInt(Date.now()) * 1_000_000n}`;
    const attribute = (key: string, value: string | number) => ({
      key,
      value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
    });
    const told = {
      'session.id': session,
      'anthropic.provider': 'gateway',
      model: 'claude-opus-4-8',
      input_tokens: 1_000,
      output_tokens: 100,
      'event.name': 'api_request',
    };
    const record = {
      timeUnixNano: time,
      body: { stringValue: 'claude_code.api_request' },
      attributes: Object.entries(told).map(([key, value]) => attribute(key, value)),
    };
    const exported = await alice.fetch('/v1/logs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceLogs: [{ scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords: [record] }] }],
      }),
    });
    expect(exported.status).toBe(200);
    const after = (await usageOf(alice)).rows.find(({ key }) => key === 'claude-opus-4-8')?.amount_micros ?? 0;
    expect(after - before).toBe(1_000 * 5 + 100 * 25);
  });
});

describe('what a policy keeps inside', () => {
  it('stays there, and is told by its kind alone', async () => {
    const carol = await stack.as('carol@example.com');
    await changePolicy(carol, (document) => {
      document.base.guardrails = { secrets: 'block' };
    });
    const token = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`;
    const answer = await askModel(alice, { messages: [{ role: 'user', content: `Why does ${token} not work?` }] });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({
      error: { type: 'permission_error', message: expect.stringContaining('secrets (github)') },
    });
    expect(await models.asked()).toEqual([]);
    expect((await askModel(alice)).status).toBe(200);
    await stack.settled();
    expect(stack.output()).not.toContain(token);
    const card = '4111 1111 1111 1111';
    await changePolicy(carol, (document) => {
      document.base.guardrails = { financial: 'block', pii: 'mask' };
    });
    const held = (message: string) => ({ error: { type: 'permission_error', message: expect.stringContaining(message) } });
    const paid = await askModel(alice, { messages: [{ role: 'user', content: `Why is ${card} declined?` }] });
    expect([paid.status, await paid.json()]).toMatchObject([403, held('financial data (card-number)')]);
    const counted = await alice.fetch('/v1/messages/count_tokens', {
      method: 'POST',
      body: JSON.stringify(prompt({ messages: [{ role: 'user', content: `${card}, of jane@mail.test-bank.com` }] })),
    });
    expect([counted.status, await counted.json()]).toMatchObject([403, held('would mask personal data, which only LiteLLM can do')]);
    expect((await askModel(alice, { messages: [{ role: 'user', content: 'I am alice@example.com.' }] })).status).toBe(200);
    expect(JSON.stringify(await models.asked())).not.toContain(card);
    await stack.settled();
    expect(stack.output()).not.toContain(card);
    await changePolicy(carol, (document) => {
      document.base.guardrails = {};
    });
  });
});
