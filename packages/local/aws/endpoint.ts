/**
 * The one AWS endpoint of the embedded stack: reads a request, finds who does it (by `x-amz-target`, the Lambda Invoke path, or a service that
 * takes whole requests), and writes the answer as AWS spells it. It verifies no signature and holds no state; what it does not know is refused by name.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../clock.ts';
import type { LambdaHost } from '../lambda/contract.ts';
import { invokeOverHttp } from '../lambda/invoke-api.ts';
import { type AwsFaults, serviceOfTarget } from './faults.ts';
import { type AwsCall, AwsError, type AwsService } from './service.ts';

/** Answers the error to send when the caller may not do this, else undefined. */
export type Authorize = (caller: string, target: string, operation: string, input: unknown) => AwsError | undefined;

export interface EndpointOptions {
  services: readonly AwsService[];
  /** Services of other protocols: SQS, SNS, S3, Scheduler. */
  whole?: readonly WholeService[];
  /** What was asked to go wrong; nothing when absent. */
  faults?: AwsFaults;
  lambda?: Pick<LambdaHost, 'has' | 'invoke' | 'invokeAsync'>;
  authorize?: Authorize;
  clock: Clock;
  /** Told of every error that is not an `AwsError`: a bug of the stack. The caller sees InternalFailure. */
  onFault?: (error: unknown, what: string) => void;
}

/** What one request says about itself before its body is read. */
export interface AwsRequest extends AwsCall {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** The service name of the signature's scope, e.g. `s3`; empty when unsigned. */
  signedFor: string;
  /** Whether IAM would let this caller do that too. */
  may(target: string, operation: string, input: unknown): boolean;
}

export interface AwsAnswer {
  status: number;
  /** Empty for none. */
  contentType: string;
  body: string | Buffer;
  /** The body is these bytes of a file instead. */
  file?: { path: string; start: number; length: number };
  headers?: Readonly<Record<string, string>>;
  /** The connection is cut instead: the work was done, its answer is lost. */
  lost?: boolean;
  /** How far the answer's `Date` is off, in milliseconds. */
  skewMs?: number;
}

/** A service that reads requests and writes answers itself, errors of its own included. An `AwsError` that it throws is put into its protocol. */
export interface WholeService {
  /** As IAM spells it, e.g. `sqs`. */
  name: string;
  /** The operation when the request is for this service. */
  operationOf(request: AwsRequest): string | undefined;
  /** What IAM is asked about besides the operation. */
  inputOf?(request: AwsRequest): unknown;
  answer(request: AwsRequest): Promise<AwsAnswer>;
}

const maxBodyBytes = 32 * 1024 * 1024;
/** S3 takes 5 GiB in one request; here a larger object comes in parts. */
const maxObjectBytes = 128 * 1024 * 1024;

/** SDKs compress large bodies of some calls, e.g. PutMetricData. Undefined when it is too large, or no gzip after all. */
function inflate(body: Buffer | undefined, encoding: string | undefined): Buffer | undefined {
  if (!body || encoding !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBodyBytes });
  } catch {
    return undefined;
  }
}

/** A `node:http` server that is not listening yet. Any number may be made over the same services. */
export function createEndpoint(options: EndpointOptions): Server {
  const onFault = options.onFault ?? ((error, what) => console.error(`embedded AWS endpoint: ${what}`, error));
  const services = new Map(options.services.flatMap((service) => service.targets.map((target) => [target, service] as const)));
  const server = createServer((message, response) => {
    const requestId = randomUUID();
    answer(message, requestId)
      .catch((error: unknown) => {
        onFault(error, `${message.method} ${message.url}`);
        return failure(new AwsError('InternalFailure', 'The embedded stack failed; its log says why', { status: 500 }), '1.1');
      })
      .then((reply) => write(response, reply, requestId, options.clock))
      .catch((error: unknown) => onFault(error, 'writing an answer'));
  });
  // Clients keep connections open between calls; a short idle limit would reset one under a request that is on its way.
  server.keepAliveTimeout = 10 * 60_000;
  return server;

  async function answer(message: IncomingMessage, requestId: string): Promise<AwsAnswer> {
    const url = new URL(message.url ?? '/', 'http://endpoint');
    const signed = signature(message, url);
    // An object is kept as it was sent; everything else may come compressed for the way.
    const isObject = signed.signedFor === 's3';
    const limit = isObject ? maxObjectBytes : maxBodyBytes;
    const body = inflate(await read(message, limit), isObject ? undefined : message.headers['content-encoding']);
    const may = (target: string, operation: string, input: unknown) =>
      options.authorize?.(signed.caller, target, operation, input) === undefined;
    const request: AwsRequest = {
      ...signed,
      requestId,
      method: message.method ?? 'GET',
      url,
      headers: message.headers,
      body: body ?? Buffer.alloc(0),
      may,
    };
    if (!body)
      return failureFor(
        request,
        new AwsError(isObject ? 'EntityTooLarge' : 'RequestEntityTooLargeException', `The body is above ${limit} bytes`, {
          status: isObject ? 400 : 413,
        }),
      );
    for (const service of options.whole ?? []) {
      const operation = operationOf(service, request);
      if (operation instanceof AwsError) return failureFor(request, operation);
      if (operation !== undefined) return handOver(service, operation, request);
    }
    const target = message.headers['x-amz-target'];
    if (typeof target === 'string') return operate(target, request);
    if (options.lambda && url.pathname.startsWith('/2015-03-31/functions/')) {
      const reply = await invokeOverHttp(options.lambda, options.authorize, request);
      if (reply) return reply;
    }
    return unknown(request);
  }

  async function operate(target: string, request: AwsRequest): Promise<AwsAnswer> {
    const dot = target.lastIndexOf('.');
    const [prefix, name] = [target.slice(0, dot), target.slice(dot + 1)];
    const service = services.get(prefix);
    const operation = service && Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
    if (!service || !operation)
      return failure(new AwsError('UnknownOperationException', `${target} is not in the embedded stack`), service?.json ?? '1.1');
    try {
      const input = parse(request.body);
      const denied = options.authorize?.(request.caller, prefix, name, input);
      if (denied) return failure(denied, service.json);
      const met = await options.faults?.meet({ service: serviceOfTarget(prefix), operation: name, caller: request.caller, input });
      if (met?.error) return { ...failure(met.error, service.json), skewMs: met.skewMs };
      const run = async (given: unknown) => operation(given, { caller: request.caller, requestId: request.requestId });
      const output = await (met ? met.around(input, run) : run(input));
      const reply: AwsAnswer = { status: 200, contentType: `application/x-amz-json-${service.json}`, body: JSON.stringify(output ?? {}) };
      return met ? { ...reply, lost: met.answerLost, skewMs: met.skewMs } : reply;
    } catch (error) {
      if (error instanceof AwsError) return failure(error, service.json);
      onFault(error, target);
      return failure(
        new AwsError('InternalFailure', `${target} failed inside the embedded stack; its log says why`, { status: 500 }),
        service.json,
      );
    }
  }

  async function handOver(service: WholeService, operation: string, request: AwsRequest): Promise<AwsAnswer> {
    try {
      const denied = options.authorize?.(request.caller, service.name, operation, service.inputOf?.(request) ?? {});
      if (denied) throw new AwsError(service.name === 's3' ? 'AccessDenied' : denied.type, denied.message, { status: 403 });
      const met = await options.faults?.meet({ service: service.name, operation, caller: request.caller });
      if (met?.error) return { ...failureFor(request, met.error), skewMs: met.skewMs };
      const reply = await service.answer(request);
      return met ? { ...reply, lost: met.answerLost, skewMs: met.skewMs } : reply;
    } catch (error) {
      if (error instanceof AwsError) return failureFor(request, error);
      onFault(error, `${service.name} ${operation}`);
      const message = `${service.name} ${operation} failed inside the embedded stack; its log says why`;
      return failureFor(request, new AwsError('InternalFailure', message, { status: 500 }));
    }
  }
}

/**
 * `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, ...`, or a presigned address's X-Amz-Credential. The signature
 * before that one is S3's alone.
 */
function signature(message: IncomingMessage, url: URL): { caller: string; signedFor: string } {
  const old = url.searchParams.get('AWSAccessKeyId');
  if (old !== null) return { caller: old, signedFor: 's3' };
  const credential =
    /Credential=([^,\s]+)/.exec(message.headers.authorization ?? '')?.[1] ?? url.searchParams.get('X-Amz-Credential') ?? '';
  const parts = credential.split('/');
  // An access key id may hold a slash in theory; the last four parts are fixed.
  return { caller: parts.slice(0, -4).join('/') || 'anonymous', signedFor: parts.at(-2) ?? '' };
}

/** What cannot be read is answered like what cannot be done. */
function operationOf(service: WholeService, request: AwsRequest): string | AwsError | undefined {
  try {
    return service.operationOf(request);
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    const input: unknown = JSON.parse(body.toString('utf8'));
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not JSON: ${(cause as Error).message}`);
  }
  throw new AwsError('SerializationException', 'The body is not a JSON object');
}

/** Undefined when there is more than the limit; the rest is read and dropped, so that the answer arrives. */
async function read(message: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size > limit ? undefined : Buffer.concat(chunks);
}

function failure(error: AwsError, json: '1.0' | '1.1'): AwsAnswer {
  const body = { __type: error.type, message: error.message, Message: error.message, ...error.extra };
  return {
    status: error.status,
    contentType: `application/x-amz-json-${json}`,
    body: JSON.stringify(body),
    headers: { 'x-amzn-errortype': error.type },
  };
}

function unknown(request: AwsRequest): AwsAnswer {
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const action = form ? new URLSearchParams(request.body.toString('utf8')).get('Action') : undefined;
  const what = [request.signedFor, action ?? `${request.method} ${request.url.pathname}`].filter(Boolean).join(' ');
  const status = form || request.signedFor.startsWith('s3') ? 400 : 404;
  return failureFor(request, new AwsError('UnknownOperationException', `${what} is not in the embedded stack`, { status }));
}

/** A call of another protocol gets its error in that protocol, so that its SDK reads the name instead of failing to parse. */
function failureFor(request: AwsRequest, error: AwsError): AwsAnswer {
  const { status } = error;
  const inner = `<Code>${error.type}</Code><Message>${escapeXml(error.message)}</Message>`;
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const body = `<ErrorResponse><Error><Type>Sender</Type>${inner}</Error><RequestId>${request.requestId}</RequestId></ErrorResponse>`;
    return { status, contentType: 'text/xml', body };
  }
  if (/^s3/.test(request.signedFor)) {
    const headers = error.extra.headers as Record<string, string> | undefined;
    const body = `<Error>${inner}<RequestId>${request.requestId}</RequestId></Error>`;
    return { status, contentType: 'application/xml', body, ...(headers && { headers }) };
  }
  return failure(error, request.headers['x-amz-target'] === undefined ? '1.1' : '1.0');
}

function write(response: ServerResponse, reply: AwsAnswer, requestId: string, clock: Clock): void {
  if (reply.lost) return void response.destroy();
  // The SDKs correct their clock by this header: it must tell stack time.
  response.sendDate = false;
  response.writeHead(reply.status, {
    date: new Date(clock.now() + (reply.skewMs ?? 0)).toUTCString(),
    ...(reply.contentType !== '' && { 'content-type': reply.contentType }),
    ...(reply.status !== 204 && reply.status !== 304 && { 'content-length': reply.file?.length ?? Buffer.byteLength(reply.body) }),
    'x-amzn-requestid': requestId,
    ...reply.headers,
  });
  const { file } = reply;
  if (!file || file.length === 0 || response.req.method === 'HEAD') return void response.end(reply.body);
  const bytes = createReadStream(file.path, { start: file.start, end: file.start + file.length - 1 });
  // Gone since, or the reader went: nothing more can be said on this connection.
  bytes.on('error', () => response.destroy());
  response.on('close', () => bytes.destroy());
  bytes.pipe(response);
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character] ?? character);
}
