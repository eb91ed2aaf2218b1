/** Plays a composed message at the pace and to the end that its script wants, on the stack clock. Knows no vendor and no wire. */
import type { Clock } from '../../clock.ts';
import { countDeltas, eventsOf, type Message, type StreamEvent } from './message.ts';
import type { Script } from './script.ts';

/** Bytes that belong to no event. */
export const garbage = Symbol('garbage');

const usualChunkChars = 24;
const usualPingMs = 15_000;

export interface Stage {
  clock: Clock;
  /** Aborts when the reader has gone. */
  signal: AbortSignal;
  /** Whether the vendor fills silence. */
  pings: boolean;
}

/** Throws where the script cuts the connection, and where the reader has gone. */
export async function* play(
  { message, script }: { message: Message; script: Script },
  stage: Stage,
): AsyncGenerator<StreamEvent | typeof garbage> {
  const { clock, signal, pings } = stage;
  const chunkChars = script.chunk_chars ?? usualChunkChars;
  const deltas = countDeltas(message, chunkChars);
  const lastDelta = script.end === undefined ? Number.POSITIVE_INFINITY : (script.end_after ?? Math.ceil(deltas / 2));
  const start = clock.now() + (script.first_byte_ms ?? 0);
  const pingMs = script.ping_every_ms ?? usualPingMs;
  let played = 0;

  async function* until(due: number): AsyncGenerator<StreamEvent> {
    while (clock.now() < due) {
      await clock.sleep(pings ? Math.min(pingMs, due - clock.now()) : due - clock.now(), signal);
      if (pings && clock.now() < due) yield { type: 'ping' };
    }
  }

  if (script.first_byte_ms !== undefined) await clock.sleep(script.first_byte_ms, signal);
  for (const event of eventsOf(message, chunkChars)) {
    signal.throwIfAborted();
    if (event.type === 'ping' && !pings) continue;
    const isEnd = event.type === 'message_stop';
    if (script.end !== undefined && (isEnd || (event.type === 'content_block_delta' && played >= lastDelta))) {
      yield* endAs(script.end, signal);
      return;
    }
    if (event.type === 'content_block_delta') {
      played += 1;
      if (script.duration_ms !== undefined) yield* until(start + (script.duration_ms * played) / deltas);
      if (script.gap_ms !== undefined) await realTime(script.gap_ms, signal);
    }
    yield event;
  }
}

async function* endAs(end: NonNullable<Script['end']>, signal: AbortSignal): AsyncGenerator<StreamEvent | typeof garbage> {
  if (end === 'hang') await gone(signal);
  if (end === 'die') throw new Error('The script cuts the connection here');
  if (end === 'garbage') yield garbage;
  if (end === 'throttle') yield { type: 'error', error: { type: 'rate_limit_error', message: 'This request would exceed the rate limit' } };
  if (end === 'error') yield { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
}

/** The wait before an answer in one piece. */
export async function wait(script: Script, { clock, signal }: Stage): Promise<void> {
  const total = (script.first_byte_ms ?? 0) + (script.duration_ms ?? 0);
  if (total > 0) await clock.sleep(total, signal);
  if (script.gap_ms !== undefined) await realTime(script.gap_ms, signal);
  if (script.end === 'hang') await gone(signal);
}

function gone(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function realTime(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** Cuts pieces into writes of so many bytes, so that no reader can count on whole events. */
export async function* inWrites(
  pieces: AsyncIterable<Uint8Array | string>,
  bytes: number | undefined,
): AsyncGenerator<Uint8Array | string> {
  for await (const piece of pieces) {
    if (bytes === undefined) {
      yield piece;
      continue;
    }
    const whole = typeof piece === 'string' ? Buffer.from(piece) : piece;
    for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
  }
}
