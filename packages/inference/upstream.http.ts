/**
 * One request to an upstream over kept connections, answered as soon as its head is there; the body flows as fast as it is read. Tries once more where
 * a kept connection had died. It decides nothing about the answer.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
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
const connectMs = 10_000;
const agents = new Map<string, Agent>();

/** Throws Unanswered when no head came. @param headMs until the head. */
export async function send(outgoing: Outgoing, headMs: number): Promise<Incoming> {
  const began = now();
  try {
    return await once(outgoing, headMs);
  } catch (error) {
    if (!(error instanceof Unanswered) || error.why !== 'broken' || now() - began > atOnceMs) throw error;
    return once(outgoing, headMs);
  }
}

/** `fetch` would do as much, and takes 20 ms of CPU more to a cold function's first call. */
async function once({ url, headers, body }: Outgoing, headMs: number): Promise<Incoming> {
  const { protocol } = new URL(url);
  const http = process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http');
  const agent = agents.get(protocol) ?? new http.Agent({ keepAlive: true });
  agents.set(protocol, agent);
  const request = http.request(url, {
    method: 'POST',
    agent,
    headers: { ...headers, 'accept-encoding': 'identity', 'content-length': body.length },
  });
  const began = now();
  const waiting = setInterval(() => {
    if (now() - began > headMs) request.destroy(new Unanswered('silent'));
  }, lookMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).on('error', reject);
      request.once('socket', (socket) => boundConnect(request, socket));
      request.end(body);
    });
    return { status: response.statusCode ?? 0, headers: headersOf(response), body: bodyOf(response), stop: () => request.destroy() };
  } catch (error) {
    throw error instanceof Unanswered ? error : new Unanswered(reasonOf(error), error);
  } finally {
    clearInterval(waiting);
  }
}

function boundConnect(request: ClientRequest, socket: Socket): void {
  if (!socket.connecting) return;
  const connecting = setTimeout(() => request.destroy(new Unanswered('unreachable')), connectMs);
  for (const end of ['encrypted' in socket ? 'secureConnect' : 'connect', 'close']) socket.once(end, () => clearTimeout(connecting));
}

const brokenCodes = new Set(['ECONNRESET', 'EPIPE']);

function reasonOf(error: unknown): 'unreachable' | 'broken' {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return brokenCodes.has(code) ? 'broken' : 'unreachable';
}

/** One that came several times as one, as RFC 9110 joins them. */
function headersOf({ headersDistinct }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(', ')]));
}

/**
 * The body's bytes: everything that has arrived as one piece, since upstreams send an event at a time and each piece costs its way through the gateway.
 * What came before a connection broke is handed on before the break is told.
 */
function bodyOf(response: IncomingMessage): AsyncIterable<Buffer> {
  let over: { error?: unknown } | undefined;
  let stirred = Promise.withResolvers<void>();
  const end = (how: { error?: unknown }) => {
    over ??= how;
    stirred.resolve();
  };
  response.on('readable', () => stirred.resolve());
  response.once('end', () => end({}));
  response.once('error', (error) => end({ error }));
  response.once('close', () => end({ error: new Unanswered('broken') }));
  async function next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      stirred = Promise.withResolvers();
      const value: Buffer | null = response.read();
      if (value) return { done: false, value };
      if (over && 'error' in over) throw over.error;
      if (over) return { done: true, value: undefined };
      await stirred.promise;
    }
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
