import { AnthropicAws } from '@anthropic-ai/aws-sdk';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { modelsOf } from '../journeys/inference.fixture.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

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

const content = 'Say hello.';
const weather = { name: 'get_weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } };
const call = { text: 'Let me look.', tools: [{ name: 'get_weather', input: { city: 'Bern' } }] };

type Client = Pick<Anthropic, 'messages'>;
const clients: [string, (person: Person) => Client, string][] = [
  [
    '@anthropic-ai/sdk',
    ({ accessToken }) => new Anthropic({ baseURL: stack.gateway, apiKey: null, authToken: accessToken, maxRetries: 0 }),
    'claude-opus-4-8',
  ],
  [
    '@anthropic-ai/bedrock-sdk',
    ({ accessToken }) =>
      new AnthropicBedrock({
        baseURL: stack.gateway,
        skipAuth: true,
        awsRegion: 'us-east-1',
        maxRetries: 0,
        defaultHeaders: { authorization: `Bearer ${accessToken}` },
      }) as unknown as Client,
    'us.anthropic.claude-opus-4-8',
  ],
  [
    '@anthropic-ai/aws-sdk',
    ({ accessToken }) =>
      new AnthropicAws({
        baseURL: stack.gateway,
        skipAuth: true,
        awsRegion: 'us-east-1',
        workspaceId: 'wrkspc_theirs',
        maxRetries: 0,
        defaultHeaders: { authorization: `Bearer ${accessToken}` },
      }) as unknown as Client,
    'claude-opus-4-8',
  ],
];

describe.each(clients)('%s', (_, clientOf, model) => {
  it('gets a whole answer', async () => {
    await models.script({ text: 'Hello there.' });
    const answer = await clientOf(alice).messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }] });
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Hello there.' }]);
  });

  it('gets a streamed answer', async () => {
    await models.script({ text: 'Hello there, in pieces.' });
    const stream = await clientOf(alice).messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }], stream: true });
    let text = '';
    for await (const event of stream)
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    expect(text).toBe('Hello there, in pieces.');
  });

  it('uses a tool, streamed and whole', async () => {
    await models.script(call);
    const body = { model, max_tokens: 500, messages: [{ role: 'user' as const, content }], tools: [weather] };
    const whole = await clientOf(alice).messages.create(body);
    expect([whole.stop_reason, whole.content.at(-1)]).toMatchObject(['tool_use', { type: 'tool_use', input: { city: 'Bern' } }]);
    const stream = await clientOf(alice).messages.create({ ...body, stream: true });
    let input = '';
    for await (const event of stream)
      if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') input += event.delta.partial_json;
    expect(JSON.parse(input)).toEqual({ city: 'Bern' });
    const id = whole.content.find((block) => block.type === 'tool_use')?.id ?? '';
    await models.reset();
    const next = await clientOf(alice).messages.create({
      ...body,
      messages: [
        ...body.messages,
        { role: 'assistant', content: whole.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'Sunny' }] },
      ],
    });
    expect(next.stop_reason).toBe('end_turn');
  });

  it('is refused a model that the policy denies', async () => {
    const asked = clientOf(bob).messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }] });
    await expect(asked).rejects.toMatchObject({ status: 403, message: expect.stringContaining('is not in your policy (contractors)') });
  });

  it('hears of an error in the middle of a stream', async () => {
    await models.script({ tokens: 200, end: 'error', end_after: 3 });
    const stream = await clientOf(alice).messages.create({ model, max_tokens: 500, messages: [{ role: 'user', content }], stream: true });
    const read = async () => {
      for await (const _event of stream);
    };
    await expect(read()).rejects.toThrow();
  });
});

describe('@anthropic-ai/sdk', () => {
  it('counts tokens and lists models', async () => {
    const client = new Anthropic({ baseURL: stack.gateway, apiKey: null, authToken: alice.accessToken, maxRetries: 0 });
    expect(
      (await client.messages.countTokens({ model: 'claude-opus-4-8', messages: [{ role: 'user', content }] })).input_tokens,
    ).toBeGreaterThan(0);
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain('claude-opus-4-8');
  });
});

describe('openai', () => {
  const clientOf = ({ accessToken }: Person) => new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: accessToken, maxRetries: 0 });
  const messages = [
    { role: 'system' as const, content: 'Be brief.' },
    { role: 'user' as const, content },
  ];

  it('gets a whole answer', async () => {
    await models.script({ text: 'Hello there.', usage: { input_tokens: 10, output_tokens: 3 } });
    const answer = await clientOf(alice).chat.completions.create({ model: 'claude-opus-4-8', messages });
    expect(answer).toMatchObject({
      choices: [{ message: { content: 'Hello there.' }, finish_reason: 'stop' }],
      usage: { total_tokens: 13 },
    });
  });

  it('gets a streamed answer, with its usage at the end', async () => {
    await models.script({ text: 'Hello there, in pieces.', usage: { input_tokens: 10, output_tokens: 3 } });
    const stream = await clientOf(alice).chat.completions.create({
      model: 'claude-opus-4-8',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      total = chunk.usage?.total_tokens ?? total;
    }
    expect([text, total]).toEqual(['Hello there, in pieces.', 13]);
  });

  it('uses a tool, streamed and whole', async () => {
    await models.script(call);
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: weather.input_schema } }];
    const whole = await clientOf(alice).chat.completions.create({ model: 'claude-opus-4-8', messages, tools });
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Bern"}' } }] },
    });
    const stream = await clientOf(alice).chat.completions.create({ model: 'claude-opus-4-8', messages, tools, stream: true });
    let input = '';
    for await (const chunk of stream) input += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
    expect(JSON.parse(input)).toEqual({ city: 'Bern' });
  });

  it('is refused what the policy denies and what cannot be carried over', async () => {
    await expect(clientOf(bob).chat.completions.create({ model: 'claude-opus-4-8', messages })).rejects.toMatchObject({ status: 403 });
    await expect(clientOf(alice).chat.completions.create({ model: 'claude-opus-4-8', messages, n: 2 })).rejects.toMatchObject({
      status: 400,
    });
  });
});
