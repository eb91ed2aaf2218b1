/** How an answer's bytes become the client's: whole events only, so that one of our own fits in between, and each is shown to the meter once. */

import { createBedrockReader, eventFrame, sseBytes } from './bedrock/stream.ts';
import type { Meter } from './meter.ts';
import { createSseScanner } from './sse.ts';

export interface Frame {
  /** Bytes for the client: what this chunk completes. Throws on what is no such stream. */
  push(chunk: Buffer): Buffer;
  /** Whether upstream said in so many words that it has finished. */
  ended(): boolean;
  /** Whether what came may be all, once the connection ends. */
  whole(): boolean;
  /** A sign of life; nothing where the format has none. */
  ping(): Buffer;
  /** The end that the gateway writes itself. */
  error(error: { type: string; message: string }): Buffer;
  /** What comes after the last event of a whole answer. */
  end(): Buffer;
}

const none = Buffer.alloc(0);
const feeds = Buffer.from('\n\n');
const returns = Buffer.from('\r\n\r\n');
const pingEvent = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n');

/** A single event that grows past this is none. */
const largestEvent = 16 * 1024 * 1024;

/** Server-sent events of the Messages API, passed as they are. */
export function messagesFrame(meter: Meter): Frame {
  const gauge = createGauge(meter);
  let held: Buffer | undefined;
  const ended = () => {
    const { complete, error } = meter.read();
    return complete || error !== undefined;
  };
  return {
    push(chunk) {
      const bytes = held ? Buffer.concat([held, chunk]) : chunk;
      const cut = afterLastEvent(bytes);
      held = cut === bytes.length ? undefined : bytes.subarray(cut);
      if (held && held.length > largestEvent) throw new RangeError(`An event ends within ${largestEvent} bytes, and this one did not`);
      const whole = held ? bytes.subarray(0, cut) : bytes;
      gauge(whole);
      return whole;
    },
    ended,
    whole: ended,
    ping: () => pingEvent,
    error: (error) => Buffer.from(`event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`),
    end: () => none,
  };
}

/** A stream that ends its lines by both characters never holds two line feeds in a row. */
function afterLastEvent(bytes: Buffer): number {
  const feed = bytes.lastIndexOf(feeds);
  if (feed !== -1) return feed + feeds.length;
  const back = bytes.lastIndexOf(returns);
  return back === -1 ? 0 : back + returns.length;
}

const telling = [Buffer.from('event: message_'), Buffer.from('event: error'), Buffer.from('event: ping')];
const begins = Buffer.from('event: message_start\n');

/** So many events say how much of a stream is text. */
const sampleEvents = 48;

/**
 * Shows the meter what it must read. Once a stream has begun as Anthropic writes it, only the events that tell tokens are looked for, since no text inside
 * of an event has a line of its own; the rest is weighed by what its beginning was like. A stream that is written otherwise is read event by event.
 */
function createGauge(meter: Meter): (whole: Buffer) => void {
  const scanner = createSseScanner();
  let usual = false;
  let events = 0;
  return (whole) => {
    if (usual && events >= sampleEvents) return tell(meter, whole);
    for (const event of scanner.push(whole)) {
      meter.see(event);
      events++;
    }
    usual ||= meter.read().begun && whole.includes(begins);
  };
}

function tell(meter: Meter, whole: Buffer): void {
  let told = 0;
  for (const needle of telling)
    for (let at = whole.indexOf(needle); at !== -1; at = whole.indexOf(needle, at + needle.length)) {
      const end = whole.indexOf(feeds, at);
      const event = whole.subarray(at, end === -1 ? whole.length : end + feeds.length);
      for (const one of createSseScanner().push(event)) meter.see(one);
      told += event.length;
    }
  meter.pass(whole.length - told);
}

/** Bedrock's frames, as events of the Messages API. Bedrock sends no pings. */
export function bedrockAsMessagesFrame(meter: Meter): Frame {
  const reader = createBedrockReader();
  const passing = messagesFrame(meter);
  return {
    ...passing,
    push(chunk) {
      const events = reader.push(chunk);
      for (const event of events) meter.see(event);
      return events.length === 0 ? none : Buffer.concat(events.map(sseBytes));
    },
  };
}

/** Total length and headers' length, before a checksum. */
const preludeBytes = 8;

/** Bedrock's frames, passed as they are. */
export function bedrockFrame(meter: Meter): Frame {
  const reader = createBedrockReader();
  let held: Buffer = none;
  return {
    ...messagesFrame(meter),
    push(chunk) {
      for (const event of reader.push(chunk)) meter.see(event);
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      let cut = 0;
      while (cut + preludeBytes <= bytes.length && cut + bytes.readUInt32BE(cut) <= bytes.length) cut += bytes.readUInt32BE(cut);
      held = bytes.subarray(cut);
      return bytes.subarray(0, cut);
    },
    ping: () => none,
    error: (error) => eventFrame({ name: 'error', data: Buffer.from(JSON.stringify({ type: 'error', error })) }),
  };
}

const largestWhole = 32 * 1024 * 1024;

/** An answer that is one JSON document: passed as it comes, kept once for the meter. White space keeps the connection until it begins. */
export function wholeFrame(meter: Meter): Frame {
  const pieces: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.length;
      if (bytes <= largestWhole) pieces.push(chunk);
      return chunk;
    },
    ended: () => false,
    whole: () => true,
    ping: () => (bytes === 0 ? Buffer.from('\n') : none),
    error: () => none,
    end() {
      meter.seeWhole(Buffer.concat(pieces).toString('utf8'));
      return none;
    },
  };
}
