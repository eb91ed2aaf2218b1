/** One HTTP entry: finds the route in the surface, admits the caller, calls the handler by the route's name, and answers. Decides nothing else. */

import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Admission, Route, Surface } from '@gatehouse/contracts/surface';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type * as z from 'zod';
import { admit, type Caller, nobody } from './admit.ts';
import { now } from './clock.ts';
import { readEnv } from './environment.ts';
import { log } from './log.ts';
import type { Wire } from './wire.ts';

export interface Request {
  /** The route's name in the surface. */
  route: string;
  method: string;
  path: string;
  pathParameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Any case; several of one name are joined by a comma. */
  header(name: string): string | undefined;
  /** All of them, names in lower case: for whoever passes them on. */
  headers: ReadonlyMap<string, string>;
  cookies: Readonly<Record<string, string>>;
  body: Buffer;
  sourceIp: string;
  requestId: string;
  text(): string;
  form(): URLSearchParams;
  json(): Result<unknown, { reason: 'malformed'; detail: string }>;
}

export interface Reply {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Whole Set-Cookie lines. */
  cookies?: readonly string[];
  /** Objects become JSON; bytes travel base64. */
  body?: string | Buffer | Readonly<Record<string, unknown>> | readonly unknown[];
}

export interface Call<E> {
  env: E;
  /** `nobody` on routes that admit none. */
  caller: Caller;
  /** Milliseconds. */
  now: number;
}

export type Handle<E> = (request: Request, call: Call<E>) => Promise<Reply>;

export interface Options<S extends z.ZodType> {
  surface: Surface;
  env: S;
  wire: Wire;
  /** Another check of the bearer than that of our own tokens: `admitScim`. */
  admit?: Admit;
}

type Admit = (admission: Exclude<Admission, 'none'>, token: string | undefined, nowMs: number) => Promise<Result<Caller, AdmissionRefusal>>;

/** Handlers are keyed by the route's name: moving a path touches the surface alone. */
export function http<S extends z.ZodType>(options: Options<S>, handlers: Readonly<Record<string, Handle<z.infer<S>>>>) {
  const serve = serving(options, handlers);
  return async (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> => {
    const { reply, request } = await serve(event, context.awsRequestId);
    return write(reply, request);
  };
}

/** From the event to the handler's reply, or to the wire's for a refusal and a fault. */
export function serving<S extends z.ZodType, R extends { status: number }>(
  options: Options<S>,
  handlers: Readonly<Record<string, (request: Request, call: Call<z.infer<S>>) => Promise<R>>>,
) {
  const routes = new Map((options.surface.routes ?? []).map((route) => [`${route.method} ${route.path}`, route]));
  let env: z.infer<S> | undefined;

  return async (event: APIGatewayProxyEvent, requestId: string): Promise<{ request: Request; reply: R | Reply }> => {
    const request = readRequest(event, requestId);
    try {
      const route = routes.get(`${event.httpMethod} ${event.resource}`);
      const handle = route && handlers[route.name];
      if (!route || !handle) throw new TypeError(`No handler for ${event.httpMethod} ${event.resource} in ${options.surface.capability}`);
      env ??= readEnv(options.env);
      const named = { ...request, route: route.name };
      const caller = await callerOf(route, named, options.admit ?? admit);
      if (!caller.ok) {
        log.info('refused', { route: route.name, refusal: caller.refusal, request_id: request.requestId });
        return { request, reply: options.wire.refuse(caller.refusal, named) };
      }
      return { request, reply: await handle(named, { env, caller: caller.value, now: now() }) };
    } catch (error) {
      log.error('fault', { error: error as Error, path: request.path, request_id: request.requestId });
      return { request, reply: options.wire.fault(error, request) };
    }
  };
}

/** A hook proves itself by what it carries, each kind in its own way: its handler looks before it does anything else. */
async function callerOf(route: Route, request: Request, check: Admit): Promise<Result<Caller, AdmissionRefusal>> {
  if (route.admit === 'none' || route.admit === 'hook') return ok(nobody);
  return check(route.admit, tokenOf(request), now());
}

/** Clients that are given an API key, and an origin of their own for it, send what they were given in `x-api-key`. `Authorization` goes before it. */
function tokenOf(request: Request): string | undefined {
  const header = request.header('authorization');
  return header === undefined ? request.header('x-api-key') : bearer(header);
}

/** RFC 6750 section 2.1; the scheme's case does not matter. */
function bearer(header: string | undefined): string | undefined {
  const match = /^Bearer ([^\s]+)$/i.exec(header ?? '');
  return match?.[1];
}

function readRequest(event: APIGatewayProxyEvent, requestId: string): Request {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {}))
    if (values) headers.set(name.toLowerCase(), values.join(', '));
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {}))
    for (const value of values ?? []) query.append(name, value);
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const text = () => body.toString('utf8');
  return {
    route: '',
    method: event.httpMethod,
    path: event.path,
    pathParameters: Object.fromEntries(Object.entries(event.pathParameters ?? {}).map(([name, value]) => [name, value ?? ''])),
    query,
    header: (name) => headers.get(name.toLowerCase()),
    headers,
    cookies: readCookies(headers.get('cookie')),
    body,
    sourceIp: event.requestContext.identity.sourceIp,
    requestId: event.requestContext.requestId ?? requestId,
    text,
    form: () => new URLSearchParams(text()),
    json: () => {
      try {
        return ok(JSON.parse(text()) as unknown);
      } catch (error) {
        return refuse({ reason: 'malformed' as const, detail: error instanceof Error ? error.message : 'not JSON' });
      }
    },
  };
}

function readCookies(header: string | undefined): Record<string, string> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of header?.split(/[;,]\s*/) ?? []) {
    const at = pair.indexOf('=');
    if (at > 0) cookies[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return cookies;
}

const always = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' };

/** The reply's own headers over those that every answer of ours has; names in lower case. */
export function headersOf(reply: Pick<Reply, 'headers'>, request: Request): Record<string, string> {
  const headers: Record<string, string> = { ...always, 'x-request-id': request.requestId };
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers[name.toLowerCase()] = value;
  return headers;
}

function write(reply: Reply, request: Request): APIGatewayProxyResult {
  const headers = headersOf(reply, request);
  const { body } = reply;
  const bytes = Buffer.isBuffer(body);
  if (body !== undefined && !bytes && typeof body !== 'string') headers['content-type'] ??= 'application/json';
  return {
    statusCode: reply.status,
    headers,
    ...(reply.cookies?.length && { multiValueHeaders: { 'set-cookie': [...reply.cookies] } }),
    body: body === undefined ? '' : bytes ? body.toString('base64') : typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: bytes,
  };
}
