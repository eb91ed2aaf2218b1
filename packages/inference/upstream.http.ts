/**
 * One request to an upstream over kept connections, answered as soon as its head is there; the body flows as fast as it is read. Tries once more where
 * a kept connection had died. It decides nothing about the answer.
 */
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
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

const connectMs = 3_000;
const lookMs = 250;

const plain = new PlainAgent({ keepAlive: true, maxSockets: 64 });
const secure = new SecureAgent({ keepAlive: true, maxSockets: 64 });

/** Throws Unanswered when no head came. @param headMs until the head. */
export async function send(outgoing: Outgoing, headMs: number): Promise<Incoming> {
  try {
    return await once(outgoing, headMs);
  } catch (error) {
    if (!(error instanceof DeadConnection)) throw error;
    return once(outgoing, headMs).catch((again: unknown) => {
      throw again instanceof DeadConnection ? new Unanswered('broken', again.cause) : again;
    });
  }
}

/** A kept connection that the other side had closed: nothing of the request was read. */
class DeadConnection extends Error {
  override name = 'DeadConnection';
}

function once({ url, headers, body }: Outgoing, headMs: number): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const options = { method: 'POST', headers: { ...headers, 'accept-encoding': 'identity', 'content-length': body.length } };
    const request: ClientRequest =
      target.protocol === 'https:'
        ? secureRequest(target, { ...options, agent: secure })
        : plainRequest(target, { ...options, agent: plain });
    const began = now();
    let connected = false;
    const connecting = setTimeout(() => {
      if (!connected) give('unreachable');
    }, connectMs);
    const waiting = setInterval(() => {
      if (now() - began > headMs) give('silent');
    }, lookMs);
    const settled = () => {
      clearTimeout(connecting);
      clearInterval(waiting);
    };
    function give(why: 'unreachable' | 'silent'): void {
      settled();
      reject(new Unanswered(why));
      request.destroy();
    }
    request.once('socket', (socket) => {
      if (socket.connecting) socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => (connected = true));
      else connected = true;
    });
    request.once('response', (message) => {
      settled();
      resolve({ status: message.statusCode ?? 502, headers: headersOf(message), body: bodyOf(message), stop: () => message.destroy() });
    });
    request.once('error', (error) => {
      settled();
      const dead = request.reusedSocket && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(dead ? new DeadConnection('kept connection', { cause: error }) : new Unanswered(connected ? 'broken' : 'unreachable', error));
    });
    request.end(body);
  });
}

function headersOf(message: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  return headers;
}

/** So much is read ahead of whoever reads us. */
const mostAheadBytes = 256 * 1024;

/**
 * The body's bytes, several arrivals as one where they waited. What came before a connection broke is handed on before the break is told: Node's own
 * iterator would drop it, and nobody would be charged for it.
 */
function bodyOf(message: IncomingMessage): AsyncIterable<Buffer> {
  let waiting: Buffer[] = [];
  let ahead = 0;
  let over: { error?: Error } | undefined;
  let wake: (() => void) | undefined;
  const tell = () => {
    wake?.();
    wake = undefined;
  };
  message.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    ahead += chunk.length;
    if (ahead > mostAheadBytes) message.pause();
    tell();
  });
  message.once('end', () => {
    over ??= {};
    tell();
  });
  message.once('error', (error) => {
    over ??= { error };
    tell();
  });
  message.once('close', () => {
    over ??= { error: new Error('The connection closed before the end') };
    tell();
  });
  async function next(): Promise<IteratorResult<Buffer, undefined>> {
    while (waiting.length === 0) {
      if (over?.error) throw over.error;
      if (over) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const [first] = waiting;
    const value = waiting.length === 1 && first ? first : Buffer.concat(waiting);
    waiting = [];
    ahead = 0;
    if (message.isPaused()) message.resume();
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
