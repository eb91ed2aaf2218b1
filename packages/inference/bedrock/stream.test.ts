import { crc32 } from 'node:zlib';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseScanner } from '../sse.ts';
import { BadFrame, createFrameScanner, writeFrame } from './event-stream.ts';
import { chunkFrame, createBedrockReader, eventFrame, exceptionFrame, sseBytes } from './stream.ts';

/** AWS's own codec, to compare with. */
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text, 'utf8'),
);

const usage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 2 };
const message = {
  id: 'msg_bdrk_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [],
  stop_reason: null,
  usage,
};
const metrics = {
  inputTokenCount: 12,
  outputTokenCount: 2,
  cacheReadInputTokenCount: 30,
  cacheWriteInputTokenCount: 4,
  invocationLatency: 9,
};
const stream = [
  { type: 'message_start', message },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße, 𝄞' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
  { type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics },
];
const frames = (events: readonly object[]) => Buffer.concat(events.map((event) => chunkFrame(Buffer.from(JSON.stringify(event)))));

function read(bytes: Buffer, size = bytes.length) {
  const reader = createBedrockReader();
  const events = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
  return {
    events: events.map(({ name, data }) => [name, JSON.parse(data.toString('utf8'))]),
    metrics: reader.metrics(),
    whole: reader.isBetweenEvents(),
  };
}

describe('frames of an event stream', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const headers = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), text, { maxKeys: 5, noNullPrototype: true });

  it('are the same to AWS’s own codec, written and read', () => {
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 300 }), (given, payload) => {
        const typed = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { type: 'string' as const, value }]));
        const ours = writeFrame(given, payload);
        expect(ours).toEqual(Buffer.from(codec.encode({ headers: typed, body: payload })));
        const [frame] = createFrameScanner().push(ours);
        expect(frame && { headers: Object.fromEntries(frame.headers), payload: [...frame.payload] }).toEqual({
          headers: given,
          payload: [...payload],
        });
      }),
    );
  });

  it('with headers of every type are read for those that are text', () => {
    const body = Buffer.from('x');
    const bytes = codec.encode({
      headers: {
        yes: { type: 'boolean', value: true },
        no: { type: 'boolean', value: false },
        byte: { type: 'byte', value: 1 },
        short: { type: 'short', value: 1 },
        integer: { type: 'integer', value: 1 },
        binary: { type: 'binary', value: body },
        time: { type: 'timestamp', value: new Date(0) },
        id: { type: 'uuid', value: '00000000-0000-4000-8000-000000000000' },
        text: { type: 'string', value: 'ü' },
      },
      body,
    });
    expect(createFrameScanner().push(bytes)).toEqual([{ headers: new Map([['text', 'ü']]), payload: body }]);
  });

  it('are refused for any bit that is wrong, and for a length past the bound', () => {
    const frame = writeFrame({ ':message-type': 'event' }, Buffer.from('{"bytes":""}'));
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(7), (at, bit) => {
        const wrong = Buffer.from(frame);
        wrong.writeUInt8(wrong.readUInt8(at) ^ (1 << bit), at);
        expect(() => createFrameScanner().push(wrong)).toThrow(BadFrame);
      }),
    );
    expect(() => createFrameScanner(frame.length - 1).push(frame)).toThrow(BadFrame);
    expect(() => createFrameScanner().push(Buffer.from('<html>upstream connect error'))).toThrow(BadFrame);
  });

  it('whose headers do not add up are refused though the checksums hold', () => {
    // Bytes 12 to 17 are the header: length of its name, name, type, length of its value (2), value.
    for (const [at, value] of [
      [12, 200],
      [14, 99],
      [16, 200],
    ] as const) {
      const wrong = writeFrame({ a: 'b' }, Buffer.alloc(0));
      wrong.writeUInt8(value, at);
      expect(() => createFrameScanner().push(sealed(wrong))).toThrow(BadFrame);
    }
  });
});

/** The frame with checksums that hold. */
function sealed(frame: Buffer): Buffer {
  const headers = frame.subarray(12, 12 + frame.readUInt32BE(4));
  const resealed = writeFrame({ a: 'b' }, Buffer.alloc(0));
  headers.copy(resealed, 12);
  resealed.writeUInt32BE(crc32(resealed.subarray(0, resealed.length - 4)), resealed.length - 4);
  return resealed;
}

describe('Bedrock’s stream', () => {
  const expected = stream.map((event) => [event.type, event.type === 'message_stop' ? { type: 'message_stop' } : event]);

  it('reads as the events of the Messages API however it is cut, and tells what Bedrock counted', () => {
    const bytes = frames(stream);
    for (const size of [bytes.length, 1, 7, 64])
      expect(read(bytes, size)).toEqual({ events: expected, metrics: { input: 12, output: 2, cacheRead: 30, cacheWrite: 4 }, whole: true });
    expect(read(bytes.subarray(0, -1)).whole).toBe(false);
  });

  it('keeps each event on one line, and passes over frames that are none', () => {
    const spread = chunkFrame(Buffer.from(JSON.stringify({ index: 1, type: 'content_block_stop' }, null, 2)));
    const alive = chunkFrame(Buffer.from('{}'));
    const empty = writeFrame({ ':message-type': 'event', ':event-type': 'chunk' }, Buffer.from('{}'));
    const [event, ...others] = createBedrockReader().push(Buffer.concat([alive, spread, empty]));
    expect(others).toEqual([]);
    expect(event?.name).toBe('content_block_stop');
    expect(event?.data.toString('utf8')).toBe('{"index":1,"type":"content_block_stop"}');
  });

  it('becomes server-sent events and Bedrock’s stream again without a loss', () => {
    const bytes = Buffer.concat(createBedrockReader().push(frames(stream)).map(sseBytes));
    const events = createSseScanner().push(bytes);
    expect(read(Buffer.concat(events.map(eventFrame))).events).toEqual(expected);
    expect(eventFrame({ name: 'ping', data: Buffer.from('{"type":"ping"}') })).toHaveLength(0);
  });

  it('ends with an error event where it holds an exception, in the words of the Messages API and without ARNs', () => {
    const said = 'Too many for arn:aws:bedrock:us-east-1:111122223333:inference-profile/x, wait.';
    const { events } = read(exceptionFrame({ type: 'throttlingException', message: said }));
    expect(events).toEqual([['error', { type: 'error', error: { type: 'rate_limit_error', message: 'Too many for (arn), wait.' } }]]);
    const unknown = writeFrame({ ':message-type': 'error', ':error-code': 'Odd', ':error-message': 'said' }, Buffer.alloc(0));
    expect(read(unknown).events).toEqual([['error', { type: 'error', error: { type: 'api_error', message: 'said' } }]]);
  });

  it('as we write it is read by the official client, its exceptions too', async () => {
    const answer = (bytes: Buffer) =>
      new AnthropicBedrock({
        baseURL: 'http://bedrock.test',
        skipAuth: true,
        maxRetries: 0,
        fetch: async () => new Response(new Uint8Array(bytes), { headers: { 'content-type': 'application/vnd.amazon.eventstream' } }),
      }).messages.stream({ model: 'us.anthropic.claude-haiku-4-5', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });
    expect(await answer(frames(stream)).finalText()).toBe('Grüße, 𝄞');
    const overloaded = {
      name: 'error',
      data: Buffer.from(JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Busy' } })),
    };
    const cut = Buffer.concat([frames(stream.slice(0, 3)), eventFrame(overloaded)]);
    await expect(answer(cut).finalText()).rejects.toMatchObject({
      error: { error: { type: 'serviceUnavailableException', message: 'Busy' } },
    });
  });
});
