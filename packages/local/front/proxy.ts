/** API Gateway REST's Lambda proxy integration: an HTTP request becomes an event, and a handler's answer a response. Speaks to no function itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Matched } from './routes.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * The event of payload format 1.0. The API is deployed with the binary media type of everything, so a body always travels base64 and
 * keeps its Content-Encoding: nothing is inflated on the way.
 */
export function proxyEvent(
  message: IncomingMessage,
  url: URL,
  body: Buffer,
  { route, pathParameters }: Matched,
  requestId: string,
  clock: Clock,
) {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? '';
    const values = headers[name] ?? [];
    values.push(message.rawHeaders[at + 1] ?? '');
    headers[name] = values;
  }
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) {
    const values = query[name] ?? [];
    values.push(value);
    query[name] = values;
  }
  const now = clock.now();
  return {
    resource: route.path,
    path: url.pathname,
    httpMethod: route.method,
    headers: orNull(headers, last),
    multiValueHeaders: orNull(headers, (all) => all),
    queryStringParameters: orNull(query, last),
    multiValueQueryStringParameters: orNull(query, (all) => all),
    pathParameters: orNull(pathParameters, (all) => all),
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      resourceId: 'local',
      resourcePath: route.path,
      path: url.pathname,
      stage: 'live',
      httpMethod: route.method,
      protocol: 'HTTP/1.1',
      requestId,
      extendedRequestId: requestId,
      requestTime: commonLogTime(new Date(now)),
      requestTimeEpoch: now,
      domainName: message.headers.host ?? 'localhost',
      identity: { sourceIp: message.socket.remoteAddress ?? '127.0.0.1', userAgent: message.headers['user-agent'] ?? null },
    },
    body: body.length > 0 ? body.toString('base64') : null,
    isBase64Encoded: body.length > 0,
  };
}

function orNull<T, R>(all: Record<string, T>, of: (all: Record<string, T>) => R): R | null {
  return Object.keys(all).length > 0 ? of(all) : null;
}

function last(all: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.at(-1) ?? '']));
}

function commonLogTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

export interface ProxyAnswer {
  statusCode: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** What API Gateway renames on the way out. */
const remapped = new Set([
  'www-authenticate',
  'authorization',
  'connection',
  'content-md5',
  'date',
  'server',
  'user-agent',
  'trace',
  'expect',
]);

/** The handler's answer as a response; undefined when it is malformed, which API Gateway answers with 502. */
export function proxyAnswer(value: unknown): ProxyAnswer | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const answer = value as {
    statusCode?: unknown;
    headers?: unknown;
    multiValueHeaders?: unknown;
    body?: unknown;
    isBase64Encoded?: unknown;
  };
  const statusCode = Number(answer.statusCode);
  if (!Number.isInteger(statusCode) || statusCode < 100 || statusCode > 599) return undefined;
  if (answer.body !== undefined && answer.body !== null && typeof answer.body !== 'string') return undefined;
  const headers: Record<string, string | string[]> = {};
  for (const [name, one] of Object.entries((answer.headers ?? {}) as Record<string, unknown>)) setHeader(headers, name, [String(one)]);
  for (const [name, all] of Object.entries((answer.multiValueHeaders ?? {}) as Record<string, unknown[]>))
    setHeader(headers, name, all.map(String));
  headers['content-type'] ??= 'application/json';
  return { statusCode, headers, body: Buffer.from(answer.body ?? '', answer.isBase64Encoded ? 'base64' : 'utf8') };
}

export function setHeader(headers: Record<string, string | string[]>, name: string, values: string[]): void {
  const lower = name.toLowerCase();
  headers[remapped.has(lower) ? `x-amzn-remapped-${lower}` : lower] = values.length === 1 ? (values[0] ?? '') : values;
}

/** Sends a whole response. */
export function send(
  response: ServerResponse,
  statusCode: number,
  headers: Record<string, string | string[]>,
  body: Buffer | string,
  requestId: string,
): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  response.writeHead(statusCode, {
    ...headers,
    'content-length': bytes.length,
    'x-amzn-requestid': requestId,
    'x-amz-apigw-id': requestId.slice(0, 15),
  });
  response.end(bytes);
}
