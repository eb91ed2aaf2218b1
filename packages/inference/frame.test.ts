import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagesFrame } from './frame.ts';
import { createMeter } from './meter.ts';

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const delta = (text: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const start = event('message_start', {
  message: {
    model: 'claude-opus-4-8',
    usage: {
      input_tokens: 9,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 7,
      cache_creation: { ephemeral_1h_input_tokens: 3 },
      output_tokens: 1,
    },
  },
});
const texts = Array.from({ length: 200 }, (_, index) =>
  delta(index % 7 === 0 ? 'event: message_stop\n"type":"message_delta"' : 'words, words '),
);
const end = event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 640 } }) + event('message_stop', {});
const stream = Buffer.from(start + texts.join('') + end);

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

describe('a stream of the Messages API', () => {
  it('passes whole and is counted the same, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const meter = createMeter();
        const frame = messagesFrame(meter);
        const passed = pieces(stream, cuts).map((piece) => frame.push(piece));
        for (const one of passed) if (one.length > 0) expect(one.subarray(-2).toString()).toBe('\n\n');
        expect(Buffer.concat(passed).equals(stream)).toBe(true);
        expect([frame.ended(), meter.read()]).toMatchObject([
          true,
          {
            complete: true,
            tokens: { input: 9, output: 640, cache_read: 5, cache_write_5m: 4, cache_write_1h: 3 },
            model: 'claude-opus-4-8',
          },
        ]);
      }),
    );
  });

  it('that breaks off is weighed by what passed, read or not', () => {
    const cut = Buffer.from(start + texts.join(''));
    for (const size of [64, 1_000, cut.length]) {
      const meter = createMeter();
      const frame = messagesFrame(meter);
      for (let at = 0; at < cut.length; at += size) frame.push(cut.subarray(at, at + size));
      const { complete, tokens } = meter.read();
      expect(complete).toBe(false);
      // About 17 characters in each of 200 deltas.
      expect(tokens.output).toBeGreaterThan(500);
      expect(tokens.output).toBeLessThan(1_300);
    }
  });

  it('that is written otherwise is read all the same', () => {
    const meter = createMeter();
    const frame = messagesFrame(meter);
    const other = stream.toString().replaceAll('event: ', 'event:').replaceAll('\n', '\r\n');
    frame.push(Buffer.from(other));
    expect(meter.read()).toMatchObject({ complete: true, tokens: { output: 640 } });
  });
});
