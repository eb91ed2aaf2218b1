import { createClock } from '@gatehouse/local/clock';
import { localModelKeys } from '@gatehouse/local/outside/anthropic/doors';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toInvokeModel } from './body.ts';
import { messagesError } from './errors.ts';
import { readMetricHeaders } from './metrics.ts';
import { bedrockModelId, invokePath } from './model-id.ts';
import { createBedrockReader } from './stream.ts';

const clock = createClock();
let outside: Outside;
beforeAll(async () => {
  outside = await createOutside({ port: 0, clock, litellm: { masterKey: 'unused' }, coder: { token: 'unused' }, people: [] });
});
afterAll(async () => {
  clock.close();
  await outside.close();
});

const request = {
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  stream: true,
  tags: { team: 'x' },
  messages: [{ role: 'user', content: 'Hello.' }],
};

async function invoke(script: object, stream: boolean): Promise<Response> {
  const json = { 'content-type': 'application/json' };
  await fetch(`${outside.origin}/_model`, { method: 'PUT', headers: json, body: JSON.stringify(script) });
  return fetch(`${outside.origin}/bedrock${invokePath(bedrockModelId(request.model, 'us'), stream)}`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${localModelKeys.bedrock}` },
    body: JSON.stringify(toInvokeModel(request, ['interleaved-thinking-2025-05-14'])),
  });
}

async function readStream(script: object) {
  const { body } = await invoke(script, true);
  if (!body) throw new Error('The answer has no body');
  const reader = createBedrockReader();
  const events = [];
  for await (const piece of body)
    for (const { name, data } of reader.push(piece)) events.push([name, JSON.parse(data.toString('utf8'))] as const);
  return { events, metrics: reader.metrics() };
}

describe('a Messages request that goes to Bedrock', () => {
  const usage = { input_tokens: 5, cache_read_input_tokens: 100, cache_write_5m_tokens: 20, output_tokens: 7 };
  const counted = { input: 5, output: 7, cacheRead: 100, cacheWrite: 20 };

  it('comes back as a Messages stream, with what Bedrock counted', async () => {
    const { events, metrics } = await readStream({ text: 'Grüße 𝄞', usage, wire_bytes: 7, chunk_chars: 2 });
    expect(events.map(([name]) => name).filter((name) => name !== 'content_block_delta')).toEqual([
      'message_start',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const text = events.map(([name, event]) => (name === 'content_block_delta' ? event.delta.text : '')).join('');
    expect(text).toBe('Grüße 𝄞');
    expect(events.at(-1)).toEqual(['message_stop', { type: 'message_stop' }]);
    expect(metrics).toEqual(counted);
  });

  it('comes back in one piece with the same counts in its headers', async () => {
    const answer = await invoke({ usage }, false);
    expect(readMetricHeaders((name) => answer.headers.get(name) ?? undefined)).toEqual(counted);
    expect(await answer.json()).toMatchObject({ type: 'message', model: 'claude-haiku-4-5-20251001', usage: { input_tokens: 5 } });
  });

  it('fails in the words of the Messages API, before the answer and in the middle of it', async () => {
    const refused = await invoke({ refuse: { status: 429 } }, true);
    expect(messagesError(refused.status, refused.headers.get('x-amzn-errortype') ?? undefined, await refused.text())).toEqual({
      status: 429,
      type: 'rate_limit_error',
      message: 'Too many requests, please wait before trying again.',
    });
    const { events, metrics } = await readStream({ text: 'x'.repeat(100), end: 'throttle' });
    expect(events.at(-1)).toMatchObject(['error', { error: { type: 'rate_limit_error' } }]);
    expect(metrics).toBeUndefined();
  });
});
