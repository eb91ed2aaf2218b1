/**
 * What Lambda's Node.js runtime gives to a handler, whichever thread it runs in: loading by handler string, the context object, the
 * error document, and response streaming (`awslambda`). It starts no threads and knows no queue.
 */
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { account, region } from '../aws/service.ts';
import type { FunctionError, StreamHead } from './contract.ts';

type Handler = (event: unknown, streamOrContext: unknown, context?: unknown) => unknown;
const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');

/** Where a streaming handler's output leaves the runtime. `chunk` calls `done` when the next one may come. */
export interface StreamSink {
  head(head: StreamHead): void;
  chunk(bytes: Uint8Array, done: () => void): void;
}

interface Headed {
  setHead(head: StreamHead): void;
}

/** Defines `globalThis.awslambda` as the managed runtime does. */
export function installAwsLambda(): void {
  const awslambda = {
    streamifyResponse: (handler: Handler) => Object.assign(handler, { [streaming]: 'response' }),
    HttpResponseStream: {
      from(stream: Writable & Headed, head: StreamHead): Writable {
        stream.setHead(head);
        return stream;
      },
    },
  };
  Object.assign(globalThis, { awslambda });
}

/** A failure before the handler could run; Lambda names these `Runtime.*`. */
export class InitError extends Error {
  override name = 'InitError';
  readonly document: FunctionError;
  constructor(document: FunctionError) {
    super(document.errorMessage);
    this.document = document;
  }
}

/** The source file of `packages/access/token.lambda.exchange`: `packages/access/token.lambda.ts` below `root`. */
export function sourceOf(root: string, handler: string): string {
  return `${root}/${handler.slice(0, handler.lastIndexOf('.'))}.ts`;
}

/**
 * Imports what follows the last dot of `handler` from `file`: its source, or the bundle of that. `query` tells instances of one file
 * apart. Throws InitError.
 */
export async function loadHandler(file: string, handler: string, query = ''): Promise<Handler> {
  const name = handler.slice(handler.lastIndexOf('.') + 1);
  let module: Record<string, unknown>;
  try {
    module = await import(/* @vite-ignore */ pathToFileURL(file).href + query);
  } catch (error) {
    const document = describeError(error);
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const errorType = missing
      ? 'Runtime.ImportModuleError'
      : error instanceof SyntaxError
        ? 'Runtime.UserCodeSyntaxError'
        : 'Runtime.InitError';
    throw new InitError({ ...document, errorType, errorMessage: `${document.errorType}: ${document.errorMessage}` });
  }
  const found = module[name];
  if (typeof found !== 'function') {
    throw new InitError({ errorType: 'Runtime.HandlerNotFound', errorMessage: `${handler} is undefined or not exported`, trace: [] });
  }
  return found as Handler;
}

export interface Invocation {
  requestId: string;
  functionName: string;
  memoryMb: number;
  /** Milliseconds left, in real time. */
  remainingMs: () => number;
}

/** Runs the handler on an event given as JSON; answers JSON. What the handler throws goes through. */
export async function runHandler(handler: Handler, eventJson: string, invocation: Invocation, sink: StreamSink): Promise<string> {
  const event: unknown = JSON.parse(eventJson);
  const context = createContext(invocation);
  if (!(streaming in handler)) return JSON.stringify((await handler(event, context)) ?? null) ?? 'null';
  const stream = createResponseStream(sink);
  const failed = new Promise<never>((_, reject) => stream.once('error', reject));
  failed.catch(() => {});
  const finished = new Promise<void>((resolve) => stream.once('finish', resolve));
  await Promise.race([handler(event, stream, context), failed]);
  // As on AWS, a handler that never ends its stream runs into its timeout.
  await Promise.race([finished, failed]);
  return 'null';
}

/** Name, message and trace as the runtime reports them; a thrown value that is no Error keeps its text. */
export function describeError(error: unknown): FunctionError {
  if (!(error instanceof Error))
    return { errorType: typeof error, errorMessage: typeof error === 'string' ? error : (JSON.stringify(error) ?? ''), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function createContext({ requestId, functionName, memoryMb, remainingMs }: Invocation) {
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    memoryLimitInMB: String(memoryMb),
    invokedFunctionArn: `arn:aws:lambda:${region}:${account}:function:${functionName}`,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(remainingMs())),
  };
}

function createResponseStream(sink: StreamSink): Writable {
  let head: StreamHead | undefined = {};
  function sendHead(): void {
    if (head) sink.head(head);
    head = undefined;
  }
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sendHead();
      sink.chunk(chunk, done);
    },
    final(done) {
      sendHead();
      done();
    },
  });
  const setHead = (next: StreamHead) => {
    head = next;
  };
  const setContentType = (contentType: string) => {
    if (head) head = { ...head, headers: { ...head.headers, 'content-type': contentType } };
  };
  return Object.assign(stream, { setHead, setContentType });
}
