import { describe, expect, it } from 'vitest';
import { messagesFrame } from './frame.ts';
import { createMeter } from './meter.ts';

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const start = event('message_start', {
  type: 'message_start',
  message: { model: 'claude-opus-4-8', usage: { input_tokens: 9, output_tokens: 1 } },
});
const delta = (text: string) =>
  event('content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const ping = event('ping', { type: 'ping' });

function metered(stream: string, pieceBytes = 4_096) {
  const meter = createMeter();
  const frame = messagesFrame(meter);
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; at += pieceBytes) frame.push(bytes.subarray(at, at + pieceBytes));
  return meter.read();
}

describe('the tokens of an answer', () => {
  it('are what upstream says at its end', () => {
    const end =
      event('message_delta', { usage: { output_tokens: 77, cache_read_input_tokens: 5, speed: 'fast' } }) + event('message_stop', {});
    expect(metered(start + delta('x'.repeat(999)) + end)).toMatchObject({
      tokens: { input: 9, output: 77, cache_read: 5 },
      model: 'claude-opus-4-8',
      complete: true,
      begun: true,
      fast: true,
    });
  });

  it.each([
    ['of few words', 24, 10],
    ['of many, of which most are not read', 24, 2_000],
    ['in large pieces', 2_000, 300],
  ])('that breaks off, %s, are a fourth of its text', (_, chars, times) => {
    const { tokens, complete } = metered(start + delta('a'.repeat(chars)).repeat(times));
    expect(complete).toBe(false);
    expect(tokens.output).toBeGreaterThan((chars * times * 0.98) / 4);
    expect(tokens.output).toBeLessThan((chars * times * 1.05) / 4 + 1);
  });

  it('that breaks off do not count signs of life', () => {
    const words = delta('a'.repeat(24)).repeat(500);
    const lively = (ping + ping + delta('a'.repeat(24))).repeat(500);
    expect(metered(start + lively).tokens.output / metered(start + words).tokens.output).toBeCloseTo(1, 1);
  });

  it('count the input of a tool as well', () => {
    const input = event('content_block_delta', { delta: { type: 'input_json_delta', partial_json: '{"city":"Bern","country":"' } });
    expect(metered(start + input.repeat(40)).tokens.output).toBeGreaterThan(200);
  });

  it('of cache writes last five minutes, where nothing says an hour', () => {
    const meter = createMeter();
    const usage = { input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: 30, cache_creation: { ephemeral_1h_input_tokens: 10 } };
    meter.seeWhole(JSON.stringify({ type: 'message', model: 'm', usage }));
    expect(meter.read().tokens).toEqual({ input: 1, output: 2, cache_read: 0, cache_write_5m: 20, cache_write_1h: 10 });
  });

  it.each([['not JSON'], ['[]'], ['{"type":"error"}']])('of %s are none, and nothing has begun', (text) => {
    const meter = createMeter();
    meter.seeWhole(text);
    expect(meter.read()).toMatchObject({ begun: false, tokens: { input: 0, output: 0 } });
  });

  it('that are no counts are not taken', () => {
    const odd = event('message_start', { message: { usage: { input_tokens: -5, output_tokens: '7' } } });
    expect(metered(odd).tokens).toMatchObject({ input: 0, output: 0 });
  });
});
