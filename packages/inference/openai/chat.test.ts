import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClock } from '@gatehouse/local/clock';
import { localModelKeys } from '@gatehouse/local/outside/anthropic/doors';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import fc from 'fast-check';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSseScanner } from '../sse.ts';
import { createChunkWriter } from './chunks.ts';
import { toCompletion } from './completion.ts';
import { messagesError, openAiError } from './errors.ts';
import { toMessages } from './to-messages.ts';

const clock = createClock();
let outside: Outside;
let translating: Server;
let client: OpenAI;

/** The least server around the translation: what arrives as chat completions goes on as Messages, and back. */
function translatingServer(upstream: string): Server {
  return createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const translated = toMessages(JSON.parse(Buffer.concat(pieces).toString('utf8')), { defaultMaxTokens: 1000 });
    if (!translated.ok) return json(400, openAiError({ type: 'invalid_request_error', message: translated.refusal.detail }));
    const { body, stream, includeUsage } = translated.value;
    const answer = await fetch(`${upstream}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': localModelKeys.anthropic, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      const { status, error } = openAiError(JSON.parse(await answer.text()).error);
      return json(status, { error });
    }
    if (!stream || !answer.body) return json(200, toCompletion(JSON.parse(await answer.text()), 1_700_000_000));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const scanner = createSseScanner();
    const writer = createChunkWriter({ created: 1_700_000_000, includeUsage });
    for await (const piece of answer.body) for (const event of scanner.push(piece)) response.write(writer.write(event));
    response.end();
  });
}

beforeAll(async () => {
  outside = await createOutside({ port: 0, clock, litellm: { masterKey: 'unused' }, coder: { token: 'unused' }, people: [] });
  translating = translatingServer(`${outside.origin}/anthropic`);
  await new Promise<void>((resolve) => translating.listen(0, '127.0.0.1', resolve));
  const { port } = translating.address() as AddressInfo;
  client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'unused', maxRetries: 0 });
});
afterAll(async () => {
  translating.close();
  clock.close();
  await outside.close();
});

const steer = (script: object) =>
  fetch(`${outside.origin}/_model`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(script) });
const hello = { model: 'claude-haiku-4-5', messages: [{ role: 'user' as const, content: 'Hello, model.' }] };
const tool = { type: 'function' as const, function: { name: 'look', parameters: { type: 'object', properties: {} } } };

describe('the official OpenAI client', () => {
  it('reads the same answer in one piece and as a stream: text, tool calls, finish and usage', async () => {
    await steer({
      text: 'Grüße 𝄞, at once.',
      tools: [
        { name: 'look', input: { path: 'a "b"' } },
        { name: 'look', input: {} },
      ],
      wire_bytes: 11,
      chunk_chars: 3,
    });
    const whole = await client.chat.completions.create({ ...hello, tools: [tool] });
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Grüße 𝄞, at once.',
        tool_calls: [{ function: { name: 'look', arguments: '{"path":"a \\"b\\""}' } }, { function: { arguments: '{}' } }],
      },
    });
    const stream = client.chat.completions.stream({ ...hello, tools: [tool], stream_options: { include_usage: true } });
    const streamed = await stream.finalChatCompletion();
    const shape = ({ choices: [choice], usage, model, object, created }: typeof whole) => ({
      model,
      object,
      created,
      usage,
      finish: choice?.finish_reason,
      content: choice?.message.content,
      calls: choice?.message.tool_calls?.map(
        (call) => call.type === 'function' && { name: call.function.name, arguments: call.function.arguments },
      ),
    });
    expect(shape(streamed)).toEqual(shape(whole));
    expect(whole.usage).toMatchObject({ total_tokens: (whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0) });
  });

  it('is told of cached tokens within the prompt’s', async () => {
    await steer({ usage: { input_tokens: 5, cache_read_input_tokens: 100, cache_write_5m_tokens: 20, output_tokens: 7 } });
    const { usage } = await client.chat.completions.create(hello);
    expect(usage).toEqual({ prompt_tokens: 125, completion_tokens: 7, total_tokens: 132, prompt_tokens_details: { cached_tokens: 100 } });
  });

  it('gets no usage chunk that it did not ask for, and one with no choice that it did', async () => {
    await steer({ text: 'Hi' });
    const chunks = async (options: object) => {
      const all = [];
      for await (const chunk of await client.chat.completions.create({ ...hello, stream: true, ...options })) all.push(chunk);
      return all;
    };
    expect((await chunks({})).every((chunk) => !('usage' in chunk))).toBe(true);
    const asked = await chunks({ stream_options: { include_usage: true } });
    expect(asked.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(asked.slice(0, -1).every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(true);
  });

  it('sees a limit, a schema kept, and a forced tool', async () => {
    await steer({ tokens: 100 });
    expect((await client.chat.completions.create({ ...hello, max_completion_tokens: 3 })).choices[0]?.finish_reason).toBe('length');
    await steer({});
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
    const parsed = await client.chat.completions.create({
      ...hello,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(parsed.choices[0]?.message.content ?? '')).toEqual({ n: 1 });
    const forced = await client.chat.completions.create({ ...hello, tools: [tool], tool_choice: 'required' });
    expect(forced.choices[0]).toMatchObject({ message: { content: null, tool_calls: [{ function: { name: 'look' } }] } });
  });

  it('raises its own errors, before the answer and in the middle of it', async () => {
    const failed = async (call: PromiseLike<unknown>) => {
      const error = await Promise.resolve(call).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      if (!(error instanceof APIError)) throw new Error(`expected an APIError, not ${String(error)}`);
      return [error.status, error.code, error.type];
    };
    await steer({ refuse: { status: 529 } });
    expect(await failed(client.chat.completions.create(hello))).toEqual([503, 'overloaded', 'server_error']);
    await steer({ refuse: { status: 400, message: 'prompt is too long: 250000 tokens > 200000 maximum' } });
    expect(await failed(client.chat.completions.create(hello))).toEqual([400, 'context_length_exceeded', 'invalid_request_error']);
    expect(await failed(client.chat.completions.create({ ...hello, n: 3 }))).toEqual([400, null, 'invalid_request_error']);
    await steer({ text: 'x'.repeat(100), end: 'error' });
    const drain = async () => {
      for await (const _ of await client.chat.completions.create({ ...hello, stream: true })) await Promise.resolve();
    };
    expect(await failed(drain())).toEqual([undefined, 'overloaded', 'server_error']);
  });
});

describe('the translation of an answer', () => {
  it('says the same in pieces as in one, whatever the blocks and however they are cut', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    const block = fc.oneof(
      text.map((value) => ({ type: 'text', text: value })),
      fc
        .dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.oneof(text, fc.integer(), fc.boolean()), {
          maxKeys: 3,
          noNullPrototype: true,
        })
        .map((input) => ({ type: 'tool_use', id: 'toolu_1', name: 'look', input })),
      text.map((thinking) => ({ type: 'thinking', thinking, signature: 's' })),
    );
    const stops = fc.constantFrom('end_turn', 'max_tokens', 'tool_use', 'refusal', 'stop_sequence', 'pause_turn');
    fc.assert(
      fc.property(fc.array(block, { maxLength: 5 }), stops, fc.integer({ min: 1, max: 9 }), (content, stop_reason, size) => {
        const usage = { input_tokens: 3, cache_creation_input_tokens: 2, cache_read_input_tokens: 1, output_tokens: 9 };
        const message = { id: 'msg_1', model: 'claude-haiku-4-5-20251001', content, stop_reason, usage };
        expect(joined(streamOf(message, size))).toEqual(toCompletion(message, 1));
      }),
    );
  });

  it('names errors so that they can be named back', () => {
    for (const type of [
      'invalid_request_error',
      'authentication_error',
      'permission_error',
      'not_found_error',
      'rate_limit_error',
      'billing_error',
      'overloaded_error',
      'api_error',
      'timeout_error',
      'request_too_large',
    ]) {
      expect(messagesError(openAiError({ type, message: 'm' }).error)).toEqual({ type, message: 'm' });
    }
    expect(openAiError({ type: 'novelty', message: 'm' })).toMatchObject({ status: 500, error: { type: 'server_error' } });
  });
});

type Block = { type: string; text?: string; thinking?: string; id?: string; name?: string; input?: unknown };

/** The events of a message, its deltas of `size` characters, as chunks; usage comes last. */
function streamOf(message: { id: string; model: string; content: Block[]; stop_reason: string; usage: object }, size: number): string {
  const writer = createChunkWriter({ created: 1, includeUsage: true });
  const event = (name: string, more: object = {}) => writer.write({ name, data: Buffer.from(JSON.stringify({ type: name, ...more })) });
  const pieces = message.content.map((block, index) => {
    const said = block.type === 'tool_use' ? JSON.stringify(block.input) : (block.text ?? block.thinking ?? '');
    const whole = said === '{}' ? '' : said;
    const cuts = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));
    const delta = (piece: string) =>
      block.type === 'tool_use'
        ? { type: 'input_json_delta', partial_json: piece }
        : block.type === 'text'
          ? { type: 'text_delta', text: piece }
          : { type: 'thinking_delta', thinking: piece };
    return [
      event('content_block_start', { index, content_block: { ...block, text: '', input: {} } }),
      event('ping'),
      ...cuts.map((piece) => event('content_block_delta', { index, delta: delta(piece) })),
      event('content_block_stop', { index }),
    ].join('');
  });
  return [
    event('message_start', { message: { ...message, content: [], usage: { ...message.usage, output_tokens: 1 } } }),
    ...pieces,
    event('message_delta', { delta: { stop_reason: message.stop_reason }, usage: { output_tokens: 9, input_tokens: null } }),
    event('message_stop'),
  ].join('');
}

/** What a client has after the last chunk. */
function joined(bytes: string) {
  const lines = createSseScanner()
    .push(Buffer.from(bytes))
    .map(({ data }) => data.toString('utf8'));
  expect(lines.at(-1)).toBe('[DONE]');
  const chunks = lines.slice(0, -1).map((line) => JSON.parse(line));
  let content = '';
  let finish_reason = null;
  const tool_calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  for (const { choices } of chunks) {
    for (const { delta, finish_reason: reason } of choices) {
      content += delta.content ?? '';
      finish_reason = reason ?? finish_reason;
      for (const { index, ...call } of delta.tool_calls ?? []) {
        const known = tool_calls[index];
        if (known) known.function.arguments += call.function.arguments;
        else tool_calls[index] = call;
      }
    }
  }
  const { id, created, model } = chunks[0];
  const message = {
    role: 'assistant',
    content: content === '' && tool_calls.length > 0 ? null : content,
    refusal: null,
    ...(tool_calls.length > 0 && { tool_calls }),
  };
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason }],
    usage: chunks.at(-1).usage,
  };
}
