/** A small HTTP router for the company's stand-in systems: each system has a prefix, routes and its own way to refuse. Never part of the product. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';

export interface Call {
  method: string;
  /** The whole path as it arrived, decoded segment by segment into `params` only. */
  path: string;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** JSON or form fields; `{}` when the request has no body. */
  body: Readonly<Record<string, unknown>>;
  /** Aborts when the caller has gone, or has its answer. */
  signal: AbortSignal;
  /** What an injected fault asks this call to do beyond failing, e.g. `build-fails`. */
  effect?: string;
}

export interface Answer {
  status: number;
  /**
   * A string or bytes are sent as they are, anything else as JSON, undefined as no body. An async iterable of bytes or strings leaves piece
   * by piece, no faster than the caller reads; when it throws, the connection is cut.
   */
  body?: unknown;
  headers?: Readonly<Record<string, string | string[]>>;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  method: string;
  /** Segments, `:name` for a variable one. */
  pattern: string;
  handler: Handler;
}

export interface System {
  /** `/litellm`; the empty string takes every path. */
  prefix: string;
  routes: readonly Route[];
  /** 1 MiB unless told. */
  maxBodyBytes?: number;
  /** The system's own words for what the router itself refuses. */
  refuse(status: number, message: string): Answer;
}

/** A refusal thrown by a handler: it carries the answer. */
export class Refused extends Error {
  override name = 'Refused';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}

const usualBodyBytes = 1024 * 1024;

export function route(method: string, pattern: string, handler: Handler): Route {
  return { method, pattern, handler };
}

/**
 * Serves the systems in the order given. What no prefix takes goes to `otherwise` with its body unread.
 * Faults apply before a system sees the call, so that even its authentication can be away.
 */
export function listener(systems: readonly System[], faults: Faults, otherwise: RequestListener): RequestListener {
  const all = [faults.system, ...systems];
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://loopback');
    const system = all.find((one) => within(one.prefix, url.pathname));
    if (!system)
      return void faults.meet(request, response, url.pathname, plainRefusal).then((met) => met.over || otherwise(request, response));
    answerCall(system, faults, request, response, url).catch((cause: unknown) => {
      if (response.headersSent) return response.destroy();
      const message = cause instanceof Error ? cause.message : String(cause);
      send(response, system.refuse(500, message));
    });
  };
}

async function answerCall(system: System, faults: Faults, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const met = await faults.meet(request, response, url.pathname, system.refuse);
  if (met.over) return;
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const answer = await dispatch(system, request, url, gone.signal, met.effect);
  if (met.answerLost) return void response.destroy();
  send(response, answer);
}

async function dispatch(
  system: System,
  request: IncomingMessage,
  url: URL,
  signal: AbortSignal,
  effect: string | undefined,
): Promise<Answer> {
  const method = request.method ?? 'GET';
  const matches = system.routes.flatMap((one) => {
    const params = matchPattern(system.prefix + one.pattern, url.pathname);
    return params ? [{ route: one, params }] : [];
  });
  const found = matches.find((one) => one.route.method === method);
  if (!found) {
    return matches.length > 0
      ? system.refuse(405, `${method} is not allowed on ${url.pathname}`)
      : system.refuse(404, `${method} ${url.pathname} is not served here`);
  }
  const maxBodyBytes = system.maxBodyBytes ?? usualBodyBytes;
  const bytes = await readBody(request, maxBodyBytes);
  if (!bytes) return system.refuse(413, `A body ends at ${maxBodyBytes} bytes here`);
  const body = parseBody(bytes, ours.test(url.pathname) ? '' : (request.headers['content-type'] ?? ''));
  if (!body) return system.refuse(400, 'The body is not a JSON object');
  const { params } = found;
  const call: Call = { method, path: url.pathname, params, query: url.searchParams, headers: request.headers, body, signal };
  if (effect !== undefined) call.effect = effect;
  try {
    return await found.route.handler(call);
  } catch (refused) {
    if (refused instanceof Refused) return refused.answer;
    throw refused;
  }
}

export function send(response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer;
  if (isPieces(body)) return void pour(response, answer, body);
  const ready = typeof body === 'string' || body instanceof Uint8Array;
  if (body !== undefined && !ready) response.setHeader('content-type', 'application/json; charset=utf-8');
  response.writeHead(status, { ...headers });
  response.end(ready ? body : body === undefined ? '' : JSON.stringify(body));
}

type Pieces = AsyncIterable<Uint8Array | string>;

function isPieces(body: unknown): body is Pieces {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function pour(response: ServerResponse, { status, headers }: Answer, pieces: Pieces): Promise<void> {
  response.writeHead(status, { ...headers });
  response.flushHeaders();
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return;
      if (!response.write(piece)) await writable(response);
    }
    response.end();
  } catch {
    response.destroy();
  }
}

/** Resolves when the caller has read on, or is gone. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    if (response.destroyed) done();
  });
}

function within(prefix: string, path: string): boolean {
  return prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
}

function matchPattern(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const actual = given[index] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== actual) return undefined;
    } else {
      const decoded = decode(actual);
      if (!decoded) return undefined;
      params[segment.slice(1)] = decoded;
    }
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Undefined when the body is too long; the rest of it is then read and dropped, so that the answer arrives. */
async function readBody(request: IncomingMessage, maxBodyBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
  }
  return size <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
}

/** What is no vendor's but the stand-ins' own, as `/_faults` and `/directory`. It takes JSON whatever it is called: `curl -d` calls all a form. */
const ours = /^\/directory\/|\/_/;

function parseBody(bytes: Buffer, contentType: string): Record<string, unknown> | undefined {
  if (bytes.length === 0) return {};
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plainRefusal(status: number, message: string): Answer {
  return { status, body: { error: message } };
}
