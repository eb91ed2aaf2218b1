import { APIError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../ask.ts';
import { localModelKeys } from './doors.ts';
import { haiku, haikuProfile, startModels } from './models.fixture.ts';

let models: Awaited<ReturnType<typeof startModels>>;
beforeAll(async () => {
  models = await startModels();
});
afterAll(() => models.close());

const hello = { max_tokens: 200, messages: [{ role: 'user' as const, content: 'Say hello to the embedded stack, please.' }] };
const doors = () => [
  { name: 'Anthropic', client: models.anthropic, model: haiku },
  { name: 'Claude Platform on AWS', client: models.aws, model: haiku },
  { name: 'Bedrock', client: models.bedrock, model: haikuProfile },
];

async function problemOf(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('The call was expected to fail');
}

describe('the doors to the models', () => {
  it('answer the official clients, in one piece and as a stream, alike', async () => {
    await models.model({ text: 'Two words.', thinking: 'Which two?', tools: [{ name: 'look', input: { path: 'a "b"\n' } }] });
    for (const { name, client, model } of doors()) {
      const request = { ...hello, max_tokens: 3000, model, thinking: { type: 'enabled' as const, budget_tokens: 1024 } };
      const whole = await client.messages.create(request);
      const streamed = await client.messages.stream(request).finalMessage();
      expect(whole.content, name).toMatchObject([
        { type: 'thinking', thinking: 'Which two?', signature: expect.any(String) },
        { type: 'text', text: 'Two words.' },
        { type: 'tool_use', name: 'look', input: { path: 'a "b"\n' } },
      ]);
      expect(streamed.content, name).toMatchObject(
        whole.content.map((block) => ({ ...block, ...('id' in block && { id: expect.any(String) }) })),
      );
      expect(streamed.usage, name).toMatchObject({ input_tokens: whole.usage.input_tokens, output_tokens: whole.usage.output_tokens });
      expect(whole, name).toMatchObject({ model: haiku, stop_reason: 'tool_use' });
    }
  });

  it('refuse a stranger, each in its own words', async () => {
    const { anthropic, aws, bedrock, origin } = models;
    const stranger = anthropic.withOptions({ apiKey: 'sk-ant-wrong' });
    expect(await problemOf(stranger.messages.create({ ...hello, model: haiku }))).toMatchObject({
      status: 401,
      error: {
        type: 'error',
        error: { type: 'authentication_error', message: 'invalid x-api-key' },
        request_id: expect.stringMatching(/^req_/),
      },
    });
    const post = (path: string, headers: Record<string, string>) =>
      ask(origin, 'POST', path, { ...hello, model: haiku }, { 'anthropic-version': '2023-06-01', ...headers });
    const key = { 'x-api-key': localModelKeys.awsExternalAnthropic };
    expect((await post('/aws-external-anthropic/v1/messages', key)).body.error.message).toBe('anthropic-workspace-id: header is required');
    expect(
      (await post('/aws-external-anthropic/v1/messages', { ...key, 'anthropic-workspace-id': localModelKeys.workspaceId })).status,
    ).toBe(200);
    expect(await problemOf(aws.withOptions({ workspaceId: 'wrkspc_other' }).messages.create({ ...hello, model: haiku }))).toMatchObject({
      status: 404,
    });
    const unsigned = bedrock.withOptions({ skipAuth: true });
    expect(await problemOf(unsigned.messages.create({ ...hello, model: haikuProfile }))).toMatchObject({
      status: 403,
      message: expect.stringContaining('Missing Authentication Token'),
    });
    const foreign = 'AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=';
    const scoped = await post(`/bedrock/model/${haikuProfile}/invoke`, { authorization: foreign + 'a'.repeat(64) });
    expect(scoped).toMatchObject({ status: 403, body: { message: "Credential should be scoped to correct service: 'bedrock'." } });
    expect(scoped.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException');
  });

  it('take a Bedrock API key instead of a signature', async () => {
    const { status } = await ask(
      models.origin,
      'POST',
      `/bedrock/model/${haikuProfile}/invoke`,
      { ...hello, anthropic_version: 'bedrock-2023-05-31' },
      { authorization: `Bearer ${localModelKeys.bedrock}` },
    );
    expect(status).toBe(200);
  });

  it('refuse what the vendors do not know: a model, a field without its beta, a plain id where a profile is needed', async () => {
    const { anthropic, bedrock } = models;
    await models.model({});
    expect(await problemOf(anthropic.messages.create({ ...hello, model: 'claude-none' }))).toMatchObject({ status: 404 });
    const edits = { ...hello, model: haiku, context_management: { edits: [] } };
    expect(await problemOf(anthropic.messages.create(edits))).toMatchObject({
      status: 400,
      message: expect.stringContaining('context_management: Extra inputs are not permitted'),
    });
    await anthropic.beta.messages.create({ ...edits, betas: ['context-management-2025-06-27'] });
    const plain = bedrock.messages.create({ ...hello, model: `anthropic.${haiku}-v1:0` });
    expect(await problemOf(plain)).toMatchObject({ status: 400, message: expect.stringContaining('inference profile') });
    const tags = { ...hello, model: haikuProfile, tags: { team: 'x' } };
    expect(await problemOf(bedrock.messages.create(tags))).toMatchObject({
      status: 400,
      message: expect.stringContaining('tags: Extra inputs'),
    });
    expect((await models.asked()).at(-1)).toMatchObject({
      vendor: 'anthropic',
      headers: { 'anthropic-beta': 'context-management-2025-06-27' },
    });
  });

  it('know of sampling only what the version and the model do', async () => {
    const { origin } = models;
    const status = async (model: string, version: string, temperature: number) => {
      const headers = { 'x-api-key': localModelKeys.anthropic, 'anthropic-version': version };
      return (await ask(origin, 'POST', '/anthropic/v1/messages', { ...hello, model, temperature }, headers)).status;
    };
    expect(await status(haiku, '2023-06-01', 0)).toBe(200);
    expect(await status(haiku, '2026-10-21', 0)).toBe(400);
    expect(await status('claude-opus-5', '2023-06-01', 0)).toBe(400);
    expect(await status('claude-opus-5', '2023-06-01', 1)).toBe(200);
    expect(await status(haiku, '1999-01-01', 1)).toBe(400);
  });

  it('count a prompt, and list the models page by page', async () => {
    const { anthropic } = models;
    const { input_tokens } = await anthropic.messages.countTokens({ model: haiku, messages: hello.messages });
    expect(input_tokens).toBe((await anthropic.messages.create({ ...hello, model: haiku })).usage.input_tokens);
    const ids = [];
    for await (const one of anthropic.models.list({ limit: 5 })) ids.push(one.id);
    expect(ids.length).toBe(new Set(ids).size);
    expect(ids).toContain(haiku);
    expect((await anthropic.models.retrieve('claude-haiku-4-5')).id).toBe(haiku);
    const body = Buffer.from(JSON.stringify({ ...hello, anthropic_version: 'bedrock-2023-05-31' })).toString('base64');
    const counted = await ask(
      models.origin,
      'POST',
      `/bedrock/model/anthropic.${haiku}-v1:0/count-tokens`,
      { input: { invokeModel: { body } } },
      { authorization: `Bearer ${localModelKeys.bedrock}` },
    );
    expect(counted.body).toEqual({ inputTokens: input_tokens });
  });

  it('write a long prefix to the cache, read it until its time is over, and write it again', async () => {
    const { anthropic, clock } = models;
    const request = (ttl: '5m' | '1h') => ({
      ...hello,
      model: haiku,
      system: [{ type: 'text' as const, text: `You are terse. ${ttl} `.repeat(400), cache_control: { type: 'ephemeral' as const, ttl } }],
    });
    const used = async (ttl: '5m' | '1h') => {
      const { usage } = await anthropic.messages.create(request(ttl));
      return [
        usage.cache_creation?.ephemeral_5m_input_tokens,
        usage.cache_creation?.ephemeral_1h_input_tokens,
        usage.cache_read_input_tokens,
      ];
    };
    expect(await used('5m')).toEqual([1800, 0, 0]);
    expect(await used('5m')).toEqual([0, 0, 1800]);
    expect(await used('1h')).toEqual([0, 1800, 0]);
    clock.advance(6 * 60);
    expect(await used('5m')).toEqual([1800, 0, 0]);
    expect(await used('1h')).toEqual([0, 0, 1800]);
  });
});

describe('a script for the model', () => {
  it('rides in the prompt, and counts for that request alone', async () => {
    const { anthropic } = models;
    await models.model({ text: 'usual' });
    const say = async (content: string) => {
      const { content: blocks, usage } = await anthropic.messages.create({ ...hello, model: haiku, messages: [{ role: 'user', content }] });
      return [blocks[0]?.type === 'text' ? blocks[0].text : undefined, usage.output_tokens];
    };
    expect(await say('[[model {"text": "special", "usage": {"output_tokens": 77}}]]')).toEqual(['special', 77]);
    expect(await say('hello')).toEqual(['usual', 2]);
    expect(await problemOf(say('[[model {"txet": 1}]]'))).toMatchObject({ status: 400, message: expect.stringContaining('txet') });
    expect((await models.model({ txet: 1 })).status).toBe(400);
  });

  it('refuses so many times, at one door only, in that vendor’s words', async () => {
    const { anthropic, bedrock } = models;
    await models.model({ vendor: 'bedrock', times: 1, refuse: { status: 429 } });
    await anthropic.messages.create({ ...hello, model: haiku });
    expect(await problemOf(bedrock.messages.create({ ...hello, model: haikuProfile }))).toMatchObject({
      status: 429,
      message: expect.stringContaining('Too many requests, please wait before trying again.'),
    });
    await bedrock.messages.create({ ...hello, model: haikuProfile });
    await models.model({ refuse: { status: 529, retry_after: 7 } });
    const overloaded = await problemOf(anthropic.messages.create({ ...hello, model: haiku, stream: true }));
    expect(overloaded).toMatchObject({ status: 529, error: { error: { type: 'overloaded_error' } } });
    expect(overloaded.headers?.get('retry-after')).toBe('7');
  });

  it('stops at the request’s limit and at its stop sequences, and calls the tool that is insisted on', async () => {
    const { anthropic } = models;
    await models.model({ tokens: 500 });
    expect(await anthropic.messages.create({ ...hello, max_tokens: 10, model: haiku })).toMatchObject({
      stop_reason: 'max_tokens',
      usage: { output_tokens: 10 },
    });
    expect(await anthropic.messages.create({ ...hello, stop_sequences: [' fox'], model: haiku })).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: ' fox',
      content: [{ text: 'The quick brown' }],
    });
    await models.model({});
    const input_schema = {
      type: 'object' as const,
      properties: { n: { type: 'integer' }, way: { enum: ['up', 'down'] } },
      required: ['n', 'way'],
    };
    const tools = [{ name: 'move', input_schema }];
    const { content } = await anthropic.messages.create({ ...hello, model: haiku, tools, tool_choice: { type: 'any' } });
    expect(content).toMatchObject([{ type: 'tool_use', name: 'move', input: { n: 1, way: 'up' } }]);
  });

  it('spreads a stream over fourteen minutes of stack time, with pings over the silence but not from Bedrock', async () => {
    await models.model({ text: 'x'.repeat(240), duration_ms: 14 * 60_000, first_byte_ms: 10_000 });
    for (const { name, client, model } of doors()) {
      const began = models.clock.now();
      const types: string[] = [];
      let moving = true;
      const mover = (async () => {
        while (moving) {
          models.clock.advance(10);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
      // Raw events: the clients' own streams leave pings out.
      const response = await client.messages.create({ ...hello, model, stream: true }).asResponse();
      for (const line of (await response.text()).split('\n')) if (line.startsWith('event: ')) types.push(line.slice(7));
      moving = false;
      await mover;
      expect(models.clock.now() - began, name).toBeGreaterThanOrEqual(14 * 60_000 + 10_000);
      expect(types.filter((type) => type === 'content_block_delta').length, name).toBe(10);
      expect(types.at(-1), name).toBe('message_stop');
      expect(types.filter((type) => type === 'ping').length > 10, name).toBe(name !== 'Bedrock');
    }
  });

  it('ends a stream with an error, with garbage, by cutting it, or not at all', async () => {
    const { anthropic, bedrock } = models;
    const request = { ...hello, stream: true as const };
    const read = async (stream: AsyncIterable<{ type: string }>) => {
      const types = [];
      for await (const event of stream) types.push(event.type);
      return types;
    };
    await models.model({ text: 'x'.repeat(240), end: 'error', end_after: 2 });
    expect(await problemOf(anthropic.messages.create({ ...request, model: haiku }).then(read))).toMatchObject({
      error: { error: { type: 'overloaded_error' } },
    });
    expect(await problemOf(bedrock.messages.create({ ...request, model: haikuProfile }).then(read))).toMatchObject({
      error: { error: { type: 'modelStreamErrorException' } },
    });
    expect((await models.asked()).at(-1)).toMatchObject({ vendor: 'bedrock', outcome: 'cut', deltas: 2 });
    await models.model({ text: 'x'.repeat(240), end: 'die' });
    await expect(anthropic.messages.create({ ...request, model: haiku }).then(read)).rejects.toThrow(/terminated/);
    await expect(anthropic.messages.create({ ...hello, model: haiku })).rejects.toThrow();
    await models.model({ text: 'x'.repeat(240), end: 'garbage' });
    await expect(bedrock.messages.create({ ...request, model: haikuProfile }).then(read)).rejects.toThrow();
    await models.model({ text: 'x'.repeat(240), end: 'hang', end_after: 1 });
    const hanging = await anthropic.messages.create({ ...request, model: haiku });
    for await (const event of hanging) if (event.type === 'content_block_delta') break;
    hanging.controller.abort();
    const left = async () => {
      while ((await models.asked()).at(-1).outcome === 'open') await new Promise(setImmediate);
      return (await models.asked()).at(-1);
    };
    expect(await left()).toMatchObject({ outcome: 'left', deltas: 1 });
    const leaving = new AbortController();
    const unanswered = anthropic.messages.create({ ...hello, model: haiku }, { signal: leaving.signal });
    while ((await models.asked()).at(-1).body.stream) await new Promise(setImmediate);
    leaving.abort();
    await expect(unanswered).rejects.toThrow(/abort/i);
    expect(await left()).toMatchObject({ outcome: 'left', deltas: 0 });
    await models.model({ text: 'x'.repeat(240), end: 'throttle' });
    expect(await problemOf(anthropic.messages.create({ ...request, model: haiku }).then(read))).toMatchObject({
      error: { error: { type: 'rate_limit_error' } },
    });
    expect(await problemOf(bedrock.messages.create({ ...request, model: haikuProfile }).then(read))).toMatchObject({
      error: { error: { type: 'throttlingException' } },
    });
  });

  it('writes in pieces of a few bytes where it shall, which every client must put together again', async () => {
    await models.model({ text: 'Grüße €𝄞 '.repeat(20), wire_bytes: 5 });
    for (const { name, client, model } of doors())
      expect(await client.messages.stream({ ...hello, model }).finalText(), name).toBe('Grüße €𝄞 '.repeat(20));
  });

  it('gives way to the faults of the stand-ins', async () => {
    const { origin, anthropic } = models;
    await ask(origin, 'POST', '/_faults', { path: '/anthropic/v1/messages', status: 529, times: 1 });
    expect(await problemOf(anthropic.messages.create({ ...hello, model: haiku }))).toMatchObject({
      status: 529,
      error: { error: { type: 'overloaded_error' } },
    });
    await ask(origin, 'POST', '/_faults', { path: '/bedrock', status: 403, body: { message: 'Outbound' }, times: 1 });
    expect(await problemOf(models.bedrock.messages.create({ ...hello, model: haikuProfile }))).toMatchObject({ status: 403 });
  });
});
