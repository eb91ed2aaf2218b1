/**
 * One request to an upstream over kept connections, answered as soon as its head is there; the body flows as fast as it is read. Tries once more where
 * a kept connection had died. It decides nothing about the answer.
 */
import { now } from '@gatehouse/runtime/clock';

export interface Outgoing {
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface Incoming {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: AsyncIterable<Buffer>;
  stop(): void;
}

export class Unanswered extends Error {
  override name = 'Unanswered';
  readonly why: 'unreachable' | 'silent' | 'broken';
  constructor(why: 'unreachable' | 'silent' | 'broken', cause?: unknown) {
    super(`Upstream: ${why}`, { cause });
    this.why = why;
  }
}

const lookMs = 250;
/** A kept connection that the other side had closed, as after a pause of the environment, fails at once. */
const atOnceMs = 1_000;

/** Throws Unanswered when no head came. @param headMs until the head; fetch itself gives up after five minutes. */
export async function send(outgoing: Outgoing, headMs: number): Promise<Incoming> {
  const began = now();
  try {
    return await once(outgoing, headMs);
  } catch (error) {
    if (!(error instanceof Unanswered) || error.why !== 'broken' || now() - began > atOnceMs) throw error;
    return once(outgoing, headMs);
  }
}

async function once({ url, headers, body }: Outgoing, headMs: number): Promise<Incoming> {
  const going = new AbortController();
  const began = now();
  let silent = false;
  const waiting = setInterval(() => {
    silent = now() - began > headMs;
    if (silent) going.abort();
  }, lookMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'accept-encoding': 'identity' },
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: going.signal,
    });
    return { status: response.status, headers: new Map(response.headers), body: bodyOf(response.body), stop: () => going.abort() };
  } catch (error) {
    throw new Unanswered(silent ? 'silent' : reasonOf(error), error);
  } finally {
    clearInterval(waiting);
  }
}

const brokenCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function reasonOf(error: unknown): 'unreachable' | 'silent' | 'broken' {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'silent';
  return brokenCodes.has(code) ? 'broken' : 'unreachable';
}

/** So much is read ahead of whoever reads us. */
const mostAheadBytes = 256 * 1024;

/**
 * The body's bytes: everything that arrived in one turn of the event loop as one piece, since upstreams send an event at a time and each piece costs its
 * way through the gateway. What came before a connection broke is handed on before the break is told.
 */
function bodyOf(body: ReadableStream<Uint8Array> | null): AsyncIterable<Buffer> {
  const reader = body?.getReader();
  let waiting: Uint8Array[] = [];
  let ahead = 0;
  let reading = false;
  let over: { error?: unknown } | undefined = reader ? undefined : {};
  async function readAhead(): Promise<void> {
    if (reading || over || !reader) return;
    reading = true;
    try {
      while (ahead <= mostAheadBytes) {
        const got = await reader.read();
        if (got.done) {
          over = {};
          break;
        }
        waiting.push(got.value);
        ahead += got.value.length;
        arrived.resolve();
      }
    } catch (error) {
      over = { error };
    }
    reading = false;
    arrived.resolve();
  }
  let arrived = Promise.withResolvers<void>();
  async function next(): Promise<IteratorResult<Buffer, undefined>> {
    void readAhead();
    while (waiting.length === 0) {
      if (over && 'error' in over) throw over.error;
      if (over) return { done: true, value: undefined };
      arrived = Promise.withResolvers();
      await arrived.promise;
      if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const [first] = waiting;
    const value =
      waiting.length === 1 && first ? Buffer.from(first.buffer, first.byteOffset, first.byteLength) : Buffer.concat(waiting, ahead);
    waiting = [];
    ahead = 0;
    return { done: false, value };
  }
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

const largestErrorBytes = 256 * 1024;

/** The text of an answer that is an error: short, or cut. */
export async function textOf({ body, stop }: Incoming): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > largestErrorBytes) break;
      pieces.push(piece);
    }
  } catch {
    // What came is what there is.
  }
  stop();
  return Buffer.concat(pieces).toString('utf8');
}
