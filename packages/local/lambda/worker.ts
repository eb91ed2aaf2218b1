/**
 * One execution environment: the thread in which a function's code runs, one event at a time. Until it is told whose environment it is,
 * it runs libraries only; everything it reports goes through one port, so that log lines keep their order with answers.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionError, StreamHead } from './contract.ts';
import { describeError, InitError, installAwsLambda, loadHandler, runHandler, type StreamSink } from './runtime.ts';
import { installSourceTraces } from './source-traces.ts';
import { installStackDate, sharedNow } from './stack-date.ts';

/** What a thread is started with, before it is known whose it will be. */
export interface ThreadData {
  cacheFolder: string;
  clock: SharedArrayBuffer;
  /** A file to import meanwhile. */
  preload: string | undefined;
}
/** Makes the thread the environment of one function, once. */
export interface Begin {
  /** What is imported: the handler's source, or its bundle. */
  file: string;
  handler: string;
  functionName: string;
  memoryMb: number;
  timeoutMs: number;
  env: Readonly<Record<string, string>>;
}
export type ToEnvironment = { begin: Begin } | { requestId: string; event: string } | { taken: number };
export type FromEnvironment =
  | { kind: 'ready' }
  | { kind: 'value'; json: string }
  | { kind: 'error'; error: FunctionError; fatal: boolean }
  | { kind: 'head'; head: StreamHead }
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'log'; text: string };

/** Bytes of a streamed answer that may be under way before the writer waits. */
const windowBytes = 256 * 1024;

const { cacheFolder, clock, preload } = workerData as ThreadData;
const port = parentPort;
if (!port) throw new Error('This file is the body of a worker thread');
const send = (message: FromEnvironment) => port.postMessage(message);

enableCompileCache(cacheFolder);
installStackDate(sharedNow(clock));
installAwsLambda();
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    send({ kind: 'log', text: typeof text === 'string' ? text : Buffer.from(text).toString('utf8') });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') queueMicrotask(() => callback());
    return true;
  };
}
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (reason: unknown) => {
    const error = describeError(reason);
    const document = {
      ...error,
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: `${error.errorType}: ${error.errorMessage}`,
    };
    send({ kind: 'error', error: event === 'unhandledRejection' ? document : error, fatal: true });
  });
}

let underWay = 0;
let waiting: (() => void) | undefined;
const sink: StreamSink = {
  head: (head) => send({ kind: 'head', head }),
  chunk(bytes, done) {
    underWay += bytes.length;
    // A plain copy: pooled buffers must not be detached from their owner.
    send({ kind: 'chunk', bytes: new Uint8Array(bytes) });
    if (underWay < windowBytes) done();
    else waiting = done;
  },
};

// What cannot be imported here fails again, and is told, when the handler asks for it.
const preloaded = Promise.allSettled(preload === undefined ? [] : [import(pathToFileURL(preload).href)]);
let environment: { begin: Begin; loading: ReturnType<typeof loadHandler> } | undefined;

function begin(message: Begin): void {
  Object.assign(process.env, message.env);
  if (message.file.endsWith('.mjs')) installSourceTraces();
  const loading = preloaded.then(() => loadHandler(message.file, message.handler));
  environment = { begin: message, loading };
  loading.then(
    () => send({ kind: 'ready' }),
    (error: unknown) => send({ kind: 'error', error: error instanceof InitError ? error.document : describeError(error), fatal: true }),
  );
}

function taken(bytes: number): void {
  underWay -= bytes;
  if (underWay >= windowBytes) return;
  const resume = waiting;
  waiting = undefined;
  resume?.();
}

let cached = false;
async function handle(requestId: string, event: string): Promise<void> {
  const handler = await environment?.loading.catch(() => undefined);
  if (!environment || !handler) return;
  const { functionName, memoryMb, timeoutMs } = environment.begin;
  const deadline = performance.now() + timeoutMs;
  const invocation = { requestId, functionName, memoryMb, remainingMs: () => deadline - performance.now() };
  process.env._X_AMZN_TRACE_ID = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`;
  try {
    send({ kind: 'value', json: await runHandler(handler, event, invocation, sink) });
  } catch (error) {
    send({ kind: 'error', error: describeError(error), fatal: false });
  }
  if (!cached) setImmediate(flushCompileCache);
  cached = true;
}

port.on('message', (message: ToEnvironment) => {
  if ('begin' in message) begin(message.begin);
  else if ('taken' in message) taken(message.taken);
  else void handle(message.requestId, message.event);
});
