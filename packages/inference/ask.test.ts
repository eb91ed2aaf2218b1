import { describe, expect, it } from 'vitest';
import { readAsk } from './ask.ts';

const whole = { model: 'claude-opus-4-8', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] };
const read = (body: unknown) => readAsk(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

describe('a request for an answer', () => {
  it('says its model, its size and whether it streams', () => {
    expect(read(whole)).toMatchObject({ ok: true, value: { model: 'claude-opus-4-8', maxTokens: 10, stream: false, nestedModels: [] } });
    expect(read({ ...whole, stream: true, speed: 'fast' })).toMatchObject({ ok: true, value: { stream: true, fast: true } });
  });

  it('names every other model that would run, and none that a tool only speaks of', () => {
    const tool = { name: 'ask', input_schema: { properties: { model: 'not-this' } } };
    const call = { type: 'tool_use', id: 't', name: 'ask', input: { model: 'nor-this' } };
    const body = {
      ...whole,
      tools: [{ type: 'advisor', model: 'claude-haiku-4-5' }, tool],
      messages: [{ role: 'assistant', content: [call] }],
    };
    expect(read(body)).toMatchObject({ ok: true, value: { nestedModels: ['claude-haiku-4-5'] } });
  });

  it.each([
    ['an empty body', ''],
    ['half a body', '{"model": "m"'],
    ['a list', '[]'],
    ['a model twice, of which another reader may take the other', '{"model": "claude-haiku-4-5", "model": "claude-opus-4-8"}'],
    ['a model twice, once in other letters', '{"model": "claude-haiku-4-5", "mod\\u0065l": "claude-opus-4-8"}'],
    ['a nested model twice', '{"model": "m", "tools": [{"model": "a", "model": "b"}]}'],
  ])('is refused with %s', (_, body) => expect(read(body)).toMatchObject({ ok: false, refusal: { reason: 'not_json' } }));

  it.each([
    ['no model', {}],
    ['a model that is no text', { ...whole, model: 1 }],
    ['an endless name', { ...whole, model: 'm'.repeat(3_000) }],
  ])('is refused with %s', (_, body) => expect(read(body)).toMatchObject({ ok: false, refusal: { reason: 'no_model' } }));

  it('is refused when its models lie too deep or are too many to look at', () => {
    const deep = `{"model": "m", "x": ${'['.repeat(2_000)}${']'.repeat(2_000)}}`;
    expect(read(deep)).toMatchObject({ ok: false, refusal: { reason: 'too_nested' } });
    const tools = Array.from({ length: 200 }, (_, at) => ({ model: `m${at}` }));
    expect(read({ ...whole, tools })).toMatchObject({ ok: false, refusal: { reason: 'too_many_models' } });
  });
});
