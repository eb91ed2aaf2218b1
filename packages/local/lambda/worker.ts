/**
 * One execution environment: the thread in which a function's code runs, one event at a time. Imports nothing that the function does
 * not need anyway; everything it reports goes through one port, so that log lines keep their order with answers.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionError, StreamHead } from './contract.ts';
import { describeError, InitError, installAwsLambda, loadHandler, runHandler, type StreamSink } from './runtime.ts';
import { installStackDate, sharedNow } from './stack-date.ts';

export interface EnvironmentData {
  root: string;
  handler: string;
  functionName: string;
  memoryMb: number;
  timeoutMs: number;
  cacheFolder: string;
  clock: SharedArrayBuffer;
}
export type ToEnvironment = { requestId: string; event: string } | { taken: number };
export type FromEnvironment =
  | { kind: 'ready' }
  | { kind: 'value'; json: string }
  | { kind: 'error'; error: FunctionError; fatal: boolean }
  | { kind: 'head'; head: StreamHead }
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'log'; text: string };

/** Bytes of a streamed answer that may be under way before the writer waits. */
const windowBytes = 256 * 1024;

const data = workerData as EnvironmentData;
const port = parentPort;
if (!port) throw new Error('This file is the body of a worker thread');
const send = (message: FromEnvironment) => port.postMessage(message);

enableCompileCache(data.cacheFolder);
installStackDate(sharedNow(data.clock));
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

const loading = loadHandler(data.root, data.handler);
loading.then(
  () => send({ kind: 'ready' }),
  (error: unknown) => send({ kind: 'error', error: error instanceof InitError ? error.document : describeError(error), fatal: true }),
);

let cached = false;
port.on('message', async (message: ToEnvironment) => {
  if ('taken' in message) {
    underWay -= message.taken;
    if (underWay < windowBytes) {
      const resume = waiting;
      waiting = undefined;
      resume?.();
    }
    return;
  }
  const handler = await loading.catch(() => undefined);
  if (!handler) return;
  const deadline = performance.now() + data.timeoutMs;
  const { functionName, memoryMb } = data;
  const invocation = { requestId: message.requestId, functionName, memoryMb, remainingMs: () => deadline - performance.now() };
  process.env._X_AMZN_TRACE_ID = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${message.requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`;
  try {
    send({ kind: 'value', json: await runHandler(handler, message.event, invocation, sink) });
  } catch (error) {
    send({ kind: 'error', error: describeError(error), fatal: false });
  }
  if (!cached) setImmediate(flushCompileCache);
  cached = true;
});
