import { describe, expect, it } from 'vitest';
import { toMessages } from './to-messages.ts';

const request = { model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hi' }] };
const translate = (change: object) => toMessages({ ...request, ...change }, { defaultMaxTokens: 1000 });
function body(change: object = {}): Record<string, unknown> {
  const result = translate(change);
  if (!result.ok) throw new Error(result.refusal.detail);
  return result.value.body;
}
function refusal(change: object): string {
  const result = translate(change);
  if (result.ok) throw new Error(`was carried over as ${JSON.stringify(result.value.body)}`);
  return result.refusal.detail;
}

describe('a chat completion request', () => {
  it('becomes the least Messages request', () => {
    expect(body()).toEqual({
      model: 'claude-haiku-4-5',
      max_tokens: 1000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    });
  });

  it('keeps a conversation with tools in its order, calls in parallel answered in one message', () => {
    const call = (id: string, args: string) => ({ id, type: 'function', function: { name: 'look', arguments: args } });
    const messages = [
      { role: 'system', content: 'Be terse.' },
      { role: 'user', content: [{ type: 'text', text: 'look', cache_control: { type: 'ephemeral' } }] },
      { role: 'assistant', content: null, tool_calls: [call('a', '{"path":"x"}'), call('b', '')] },
      { role: 'tool', tool_call_id: 'a', content: 'found' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: '' }] },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      { role: 'user', content: 'and?', name: 'alice' },
    ];
    expect(body({ messages })).toMatchObject({
      system: [
        { type: 'text', text: 'Be terse.' },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'look', cache_control: { type: 'ephemeral' } }] },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a', name: 'look', input: { path: 'x' } },
            { type: 'tool_use', id: 'b', name: 'look', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'found' }] },
            { type: 'tool_result', tool_use_id: 'b', content: [] },
            { type: 'text', text: 'and?' },
          ],
        },
      ],
    });
  });

  it('carries pictures and PDFs', () => {
    const content = [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'low' } },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' } },
    ];
    expect(body({ messages: [{ role: 'user', content }] }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' } },
        ],
      },
    ]);
  });

  it('carries tools, and the choice among them', () => {
    const parameters = { type: 'object', properties: { path: { type: 'string' } } };
    const tools = [
      { type: 'function', function: { name: 'look', description: 'Looks', parameters, strict: true } },
      { type: 'function', function: { name: 'stop' } },
    ];
    expect(body({ tools })).toMatchObject({
      tools: [
        { name: 'look', description: 'Looks', input_schema: parameters, strict: true },
        { name: 'stop', input_schema: { type: 'object', properties: {} } },
      ],
    });
    const choice = (tool_choice: unknown, parallel_tool_calls?: boolean) => body({ tools, tool_choice, parallel_tool_calls }).tool_choice;
    expect(choice(undefined)).toBeUndefined();
    expect(choice(undefined, false)).toEqual({ type: 'auto', disable_parallel_tool_use: true });
    expect(choice('auto')).toEqual({ type: 'auto' });
    expect(choice('none', false)).toEqual({ type: 'none' });
    expect(choice('required', false)).toEqual({ type: 'any', disable_parallel_tool_use: true });
    expect(choice({ type: 'function', function: { name: 'look' } })).toEqual({ type: 'tool', name: 'look' });
    expect(body({ tool_choice: 'auto' }).tool_choice).toBeUndefined();
  });

  it('takes the newer limit before the older, and stops as asked', () => {
    expect(body({ max_tokens: 5 }).max_tokens).toBe(5);
    expect(body({ max_tokens: 5, max_completion_tokens: 7 }).max_tokens).toBe(7);
    expect(body({ stop: 'END' }).stop_sequences).toEqual(['END']);
    expect(body({ stop: ['a', 'b'] }).stop_sequences).toEqual(['a', 'b']);
    expect(translate({ stream: true, stream_options: { include_usage: true } })).toMatchObject({
      value: { stream: true, includeUsage: true, body: { stream: true } },
    });
  });

  it('sends sampling to models that take it, one of the two, and effort to those that came after', () => {
    const newer = 'claude-opus-4-8';
    expect(body({ temperature: 2, top_p: 0.5, reasoning_effort: 'high' })).toMatchObject({ temperature: 1 });
    expect(body({ temperature: 0, top_p: 0.5 })).not.toHaveProperty('top_p');
    expect(body({ top_p: 0.5 })).toMatchObject({ top_p: 0.5 });
    expect(body({ reasoning_effort: 'high' })).not.toHaveProperty('output_config');
    expect(body({ model: newer, temperature: 0, top_p: 0.5 })).toEqual({ ...body(), model: newer });
    expect(body({ model: newer, reasoning_effort: 'minimal' })).toMatchObject({ output_config: { effort: 'low' } });
  });

  it('promises JSON only by a schema', () => {
    const schema = { type: 'object', properties: {} };
    expect(body({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } }).output_config).toEqual({
      format: { type: 'json_schema', schema },
    });
    expect(body({ response_format: { type: 'text' } })).toEqual(body());
    expect(refusal({ response_format: { type: 'json_object' } })).toMatch(/^response_format.*JSON without a schema cannot be promised/);
  });

  it('leaves hints behind, and null means absent', () => {
    expect(
      body({ seed: 1, user: 'u', store: true, presence_penalty: 1, verbosity: 'low', n: 1, logprobs: false, logit_bias: {}, novelty: 1 }),
    ).toEqual(body());
    expect(body({ stop: null, tools: null, n: null, max_tokens: null, temperature: null, stream: null, stream_options: null })).toEqual(
      body(),
    );
  });

  it('is refused with the field’s name where the answer could not be what was asked for', () => {
    const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
    expect(refusal({ n: 2 })).toBe('n: is 1: one answer is made for a request');
    expect(refusal({ logprobs: true })).toMatch(/^logprobs: /);
    expect(refusal({ logit_bias: { 1: 2 } })).toMatch(/^logit_bias: /);
    expect(refusal({ modalities: ['text', 'audio'] })).toMatch(/^modalities\.1: /);
    expect(refusal({ functions: [{}] })).toMatch(/^functions: .*tools/);
    expect(refusal({ tools: [{ type: 'custom' }] })).toMatch(/^tools\.0/);
    expect(refusal({ messages: [] })).toMatch(/^messages: /);
    expect(refusal({ messages: [{ role: 'system', content: 'x' }] })).toMatch(/^messages: /);
    expect(refusal({ messages: [{ role: 'function', content: 'x' }] })).toMatch(/^messages\.0.*role/);
    expect(refusal(user([{ type: 'input_audio' }]))).toMatch(/^messages\.0\.content/);
    expect(refusal(user([{ type: 'image_url', image_url: { url: 'data:image/tiff;base64,x' } }]))).toMatch(/^messages\.0: a picture/);
    expect(refusal(user([{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }]))).toMatch(/^messages\.0: a picture/);
    expect(refusal(user([{ type: 'file', file: { file_data: 'data:text/html;base64,x' } }]))).toMatch(/^messages\.0: a file/);
    const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '[1]' } };
    expect(refusal({ messages: [{ role: 'assistant', tool_calls: [call] }] })).toMatch(/^messages\.0\.tool_calls: /);
    expect(toMessages('x', { defaultMaxTokens: 1 }).ok).toBe(false);
  });
});
