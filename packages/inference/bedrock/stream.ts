/** Bedrock's stream as the events of the Messages API, and those as Bedrock's stream. Changes no event but one: the last loses Bedrock's own metrics. */
import type { SseEvent } from '../sse.ts';
import { type Exception, exceptionOf, sseError } from './errors.ts';
import { createFrameScanner, type StreamFrame, writeFrame } from './event-stream.ts';
import { type InvocationMetrics, readMetrics } from './metrics.ts';

export interface BedrockReader {
  /** The events that this chunk completes; an exception becomes an `error` event. Throws `BadFrame` on what is no event stream. */
  push(chunk: Uint8Array): SseEvent[];
  isBetweenEvents(): boolean;
  /** What Bedrock counted, once the last event has come. */
  metrics(): InvocationMetrics | undefined;
}

export function createBedrockReader(maxFrameBytes?: number): BedrockReader {
  const scanner = createFrameScanner(maxFrameBytes);
  let metrics: InvocationMetrics | undefined;

  function eventOf(frame: StreamFrame): SseEvent | undefined {
    if (frame.headers.get(':message-type') !== 'event') return errorEvent(frame);
    const data = chunkOf(frame);
    const name = data && typeOf(data);
    if (data === undefined || name === undefined) return undefined;
    if (name !== 'message_stop') return { name, data: onOneLine(data) };
    const { 'amazon-bedrock-invocationMetrics': counted, ...stop } = parse(data) ?? {};
    metrics = readMetrics(counted);
    return { name, data: Buffer.from(JSON.stringify(stop)) };
  }
  return {
    push: (chunk) => scanner.push(chunk).flatMap((frame) => eventOf(frame) ?? []),
    isBetweenEvents: scanner.isBetweenFrames,
    metrics: () => metrics,
  };
}

/** `event: <name>`, `data: <json>`, and the empty line. */
export function sseBytes({ name, data }: SseEvent): Buffer {
  return Buffer.concat([Buffer.from(`event: ${name}\ndata: `), data, end]);
}

/** One event of the Messages API, or any other JSON, as Bedrock sends it. */
export function chunkFrame(json: Uint8Array): Buffer {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('base64');
  return writeFrame(
    { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
    Buffer.from(`{"bytes":"${bytes}"}`),
  );
}

/** An event of the Messages API; an `error` becomes the exception that Bedrock's clients know, and a ping nothing: Bedrock has none. */
export function eventFrame({ name, data }: SseEvent): Buffer {
  if (name === 'ping') return nothing;
  return name === 'error' ? exceptionFrame(exceptionOf(parse(data))) : chunkFrame(data);
}

export function exceptionFrame({ type, message }: Exception): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return writeFrame(headers, Buffer.from(JSON.stringify({ message })));
}

const end = Buffer.from('\n\n');
const nothing = Buffer.alloc(0);
const typeFirst = Buffer.from('{"type":"');
const quote = 34;

function errorEvent({ headers, payload }: StreamFrame): SseEvent {
  const said = parse(payload)?.message;
  const message = typeof said === 'string' ? said : (headers.get(':error-message') ?? '');
  const type = headers.get(':exception-type') ?? headers.get(':error-code') ?? '';
  return { name: 'error', data: Buffer.from(JSON.stringify({ type: 'error', error: sseError({ type, message }) })) };
}

/** A frame that carries no bytes, as a keep-alive does, is no event. */
function chunkOf({ payload }: StreamFrame): Buffer | undefined {
  const bytes = parse(payload)?.bytes;
  return typeof bytes === 'string' && bytes !== '' ? Buffer.from(bytes, 'base64') : undefined;
}

/** Read without parsing where `type` comes first, as it does from Bedrock. */
function typeOf(data: Buffer): string | undefined {
  if (data.subarray(0, typeFirst.length).equals(typeFirst)) {
    const until = data.indexOf(quote, typeFirst.length);
    if (until !== -1) return data.toString('latin1', typeFirst.length, until);
  }
  const type = parse(data)?.type;
  return typeof type === 'string' ? type : undefined;
}

function onOneLine(data: Buffer): Buffer {
  return data.includes(10) || data.includes(13) ? Buffer.from(JSON.stringify(parse(data))) : data;
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
