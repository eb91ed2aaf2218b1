/**
 * The gateway's origin as API Gateway REST serves it: its limits, its own refusals and its error mapping, with our gateway responses.
 * Routes come from the surfaces. It checks no token: the functions do.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { usualThrottle } from '@gatehouse/contracts/throttle';
import type { Clock } from '../clock.ts';
import type { InvokeIo, InvokeResult, StreamHead } from '../lambda/contract.ts';
import { compressAnswer, inflateBody } from './compression.ts';
import { proxyAnswer, proxyEvent, send, setHeader } from './proxy.ts';
import { compileRoutes, type RouteSpec } from './routes.ts';
import { createBucket } from './throttle.ts';

export interface FrontOptions {
  routes: readonly RouteSpec[];
  invoke(functionName: string, event: unknown, io?: InvokeIo): Promise<InvokeResult>;
  clock: Clock;
  /** The integration's own timeout: real milliseconds until the answer begins. */
  integrationMs?: number;
  /**
   * The API's minimumCompressionSize in bytes. With it, compressed requests reach functions inflated and answers from that size on are
   * compressed for whoever accepts gzip. Ours is deployed without: bodies pass as they come.
   */
  compressFrom?: number;
  /** A stream without a chunk for this long is cut, and so is one that lasts longer than `streamMs`. Real milliseconds. */
  idleMs?: number;
  streamMs?: number;
}

/** API Gateway's payload limit. */
const maxBodyBytes = 10 * 1024 * 1024;
/** All header lines together. */
const maxHeaderBytes = 10_240;
const defaultIntegrationMs = 29_000;
/** Response streaming of regional and private APIs. */
const defaultIdleMs = 5 * 60_000;
const defaultStreamMs = 15 * 60_000;

const json = { 'content-type': 'application/json' };

/** A server that is not listening yet. */
export function createFront(options: FrontOptions): Server {
  const { routes, invoke, clock, compressFrom, integrationMs = defaultIntegrationMs } = options;
  const { idleMs = defaultIdleMs, streamMs = defaultStreamMs } = options;
  const find = compileRoutes(routes);
  // One for each route: what asks too much of one takes nothing from another.
  const buckets = new Map(routes.map((route) => [keyOf(route), createBucket(route.throttle ?? usualThrottle)]));
  const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 350_000 }, (message, response) => {
    const requestId = randomUUID();
    response.setHeader('date', new Date(clock.now()).toUTCString());
    serve(message, response, requestId).catch(() => unavailable(response, requestId));
  });

  async function serve(message: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const refuse = (status: number, type: string, text: string) =>
      send(response, status, { ...json, 'x-amzn-errortype': type }, JSON.stringify({ message: text }), requestId);
    if (message.rawHeaders.reduce((bytes, part) => bytes + part.length + 2, 0) > maxHeaderBytes)
      return refuse(431, 'RequestHeaderFieldsTooLargeException', 'Request header fields too large');
    const url = new URL(message.url ?? '/', `http://${message.headers.host ?? 'localhost'}`);
    const matched = find(message.method ?? '', url.pathname);
    // REST APIs answer an unknown method or path so, whatever was sent as authorization.
    if (!matched) return refuse(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    const signedFor = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/([^/]+)\//.exec(message.headers.authorization ?? '')?.[1];
    if (signedFor !== undefined && signedFor !== 'execute-api')
      return refuse(403, 'InvalidSignatureException', `Credential should be scoped to correct service: 'execute-api'.`);
    if (buckets.get(keyOf(matched.route))?.() === false) return throttled(response, requestId);
    const sent = await read(message);
    if (sent === undefined) return tooLarge(response, requestId);
    const body = compressFrom === undefined ? sent : inflateBody(message, sent, maxBodyBytes);
    if (body === 'too_large') return tooLarge(response, requestId);
    if (body === 'unsupported') return refuse(415, 'UnsupportedMediaTypeException', 'Unsupported Media Type');
    const event = proxyEvent(message, url, body, matched, requestId, clock);
    await integrate(matched.route, event, response, requestId);
  }

  async function integrate(
    { functionName, stream }: RouteSpec,
    event: unknown,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    const timer = setTimeout(
      () => {
        if (!response.headersSent) unavailable(response, requestId);
      },
      stream ? streamMs : integrationMs,
    );
    try {
      const result = await invoke(functionName, event, streamTo(response, requestId, { idleMs, streamMs }));
      // A stream that breaks off must not look finished.
      if (response.headersSent) return void (result.error ? response.destroy() : response.end());
      if (result.error && result.refused === 'too_large') return tooLarge(response, requestId);
      if (result.error) return unavailable(response, requestId);
      const answer = proxyAnswer(result.value);
      if (!answer) return unavailable(response, requestId);
      const { headers, body } = compressFrom === undefined ? answer : compressAnswer(response.req, answer, compressFrom);
      send(response, answer.statusCode, headers, body, requestId);
    } finally {
      clearTimeout(timer);
    }
  }

  return server;
}

function keyOf({ method, path }: RouteSpec): string {
  return `${method} ${path}`;
}

/** Response streaming: head and chunks go out as the handler writes them. */
function streamTo(response: ServerResponse, requestId: string, { idleMs, streamMs }: { idleMs: number; streamMs: number }): InvokeIo {
  // The connection's own timer counts its silence; what breaks off must not look finished.
  const limits = () => {
    response.setTimeout(idleMs, () => response.destroy());
    const whole = setTimeout(() => response.destroy(), streamMs);
    response.once('close', () => clearTimeout(whole));
  };
  return {
    onHead: ({ statusCode = 200, headers = {}, multiValueHeaders = {}, cookies = [] }: StreamHead) => {
      // The integration's timeout may have answered already, or the client may be gone.
      if (response.headersSent || response.destroyed) return;
      const out: Record<string, string | string[]> = { 'x-amzn-requestid': requestId };
      for (const [name, value] of Object.entries(headers)) setHeader(out, name, [value]);
      for (const [name, values] of Object.entries(multiValueHeaders)) setHeader(out, name, [...values]);
      if (cookies.length > 0) out['set-cookie'] = [...cookies];
      response.writeHead(statusCode, out);
      response.flushHeaders();
      limits();
    },
    onChunk: (chunk) => {
      if (response.destroyed || response.writableEnded || response.write(chunk)) return undefined;
      return new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    },
  };
}

/**
 * Our API-wide gateway response for every 5xx of the platform: exporters and clients try again on this one. API Gateway's own status would be
 * 500 for an invocation that Lambda refused, also a throttled one, 502 for a crash or a malformed answer, 504 for a late one.
 */
function unavailable(response: ServerResponse, requestId: string): void {
  send(response, 503, { 'retry-after': '1' }, '', requestId);
}
/** The stage's own throttle, not Lambda's. */
function throttled(response: ServerResponse, requestId: string): void {
  send(response, 429, { 'retry-after': '1' }, '', requestId);
}

/** Above API Gateway's own limit, or above Lambda's for an event. */
function tooLarge(response: ServerResponse, requestId: string): void {
  const headers = { ...json, 'x-amzn-errortype': 'RequestEntityTooLargeException' };
  send(response, 413, headers, JSON.stringify({ message: 'Request Entity Too Large' }), requestId);
}

/** The whole body, or undefined when it is larger than the API takes. */
async function read(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks);
}
