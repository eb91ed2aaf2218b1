/**
 * The `--fast` way to run functions: in this process, side by side. Each function has its own instances of the product's modules, its
 * own view of `process.env` and its own log; what a thread would protect (memory, a busy loop, `process.exit`) is not protected here.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../clock.ts';
import type { FunctionSpec, InvokeIo, InvokeResult, OnLog } from './contract.ts';
import type { Fleet } from './fleet.ts';
import { describeError, InitError, installAwsLambda, loadHandler, runHandler, sourceOf } from './runtime.ts';
import { installStackDate } from './stack-date.ts';

interface InlineOptions {
  root: string;
  clock: Clock;
  onLog: OnLog;
  environmentOf: (spec: FunctionSpec) => Record<string, string>;
}
interface Scope {
  name: string;
  requestId: string;
  env: Record<string, string>;
  onLine?: InvokeIo['onLine'];
}
interface Registered {
  spec: FunctionSpec;
  scope?: Scope;
  handler?: ReturnType<typeof loadHandler>;
}

/** Takes over `Date`, `process.env` and `process.stdout` of this process until `close`: one at a time per process. */
export function createInline({ root, clock, onLog, environmentOf }: InlineOptions): Fleet {
  const functions = new Map<string, Registered>();
  const scopes = new AsyncLocalStorage<Scope>();
  let open = 0;
  installAwsLambda();
  const undo = [installStackDate(() => clock.now()), divertEnv(scopes), isolateModules(root), ...divertOutput(scopes, onLog)];

  async function invoke(
    spec: FunctionSpec,
    scope: Scope,
    handler: ReturnType<typeof loadHandler>,
    event: string,
    io: InvokeIo,
  ): Promise<InvokeResult> {
    const requestId = randomUUID();
    const chunks: Uint8Array[] = [];
    const sink = {
      head: (head: Parameters<NonNullable<InvokeIo['onHead']>>[0]) => io.onHead?.(head),
      chunk(bytes: Uint8Array, done: () => void) {
        const room = io.onChunk ? io.onChunk(bytes) : void chunks.push(bytes);
        if (room) room.then(done, done);
        else done();
      },
    };
    const deadline = performance.now() + spec.timeoutSeconds * 1000;
    const invocation = { requestId, functionName: spec.name, memoryMb: spec.memoryMb, remainingMs: () => deadline - performance.now() };
    let timer: NodeJS.Timeout | undefined;
    const overrun = new Promise<InvokeResult>((resolve) => {
      const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`;
      timer = setTimeout(() => resolve({ error: { errorType: 'Sandbox.Timedout', errorMessage } }), spec.timeoutSeconds * 1000);
    });
    const answer = scopes.run({ ...scope, requestId, onLine: io.onLine }, async (): Promise<InvokeResult> => {
      try {
        const json = await runHandler(await handler, event, invocation, sink);
        return { value: chunks.length > 0 ? Buffer.concat(chunks).toString('utf8') : JSON.parse(json) };
      } catch (error) {
        return { error: error instanceof InitError ? error.document : describeError(error) };
      }
    });
    const result = await Promise.race([answer, overrun]);
    clearTimeout(timer);
    return result;
  }

  return {
    add(spec) {
      functions.set(spec.name, { spec });
    },
    has: (name) => functions.has(name),
    async invoke(name, event, _patient, io = {}) {
      const found = functions.get(name);
      if (!found)
        return { error: { errorType: 'ResourceNotFoundException', errorMessage: `Function not found: ${name}` }, refused: 'unknown' };
      found.scope ??= { name, requestId: '', env: environmentOf(found.spec) };
      found.handler ??= scopes.run(found.scope, () =>
        loadHandler(sourceOf(root, found.spec.handler), found.spec.handler, `?function=${encodeURIComponent(name)}`),
      );
      open++;
      try {
        return await invoke(found.spec, found.scope, found.handler, event, io);
      } finally {
        open--;
      }
    },
    busy: () => open,
    size: () => [...functions.values()].filter(({ handler }) => handler).length,
    async close() {
      for (const restore of undo.reverse()) restore();
    },
  };
}

/** A module of the product that is imported by an instance of function F belongs to F; libraries are shared. */
function isolateModules(root: string): () => void {
  const product = pathToFileURL(`${root}/`).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const owner = /\?function=[^&]+/.exec(context.parentURL ?? '')?.[0];
      const own = owner && resolved.url.startsWith(product) && !resolved.url.includes('/node_modules/') && !resolved.url.includes('?');
      return own ? { ...resolved, url: resolved.url + owner } : resolved;
    },
  });
  return () => hooks.deregister();
}

function divertEnv(scopes: AsyncLocalStorage<Scope>): () => void {
  const real = process.env;
  const view = () => scopes.getStore()?.env ?? real;
  process.env = new Proxy(real, {
    get: (_, key) => Reflect.get(view(), key),
    set: (_, key, value) => Reflect.set(view(), key, String(value)),
    has: (_, key) => Reflect.has(view(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(view(), key),
    ownKeys: () => Reflect.ownKeys(view()),
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(view(), key);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
  return () => {
    process.env = real;
  };
}

function divertOutput(scopes: AsyncLocalStorage<Scope>, onLog: OnLog): (() => void)[] {
  return [process.stdout, process.stderr].map((stream) => {
    const real = stream.write;
    stream.write = function write(this: NodeJS.WriteStream, text: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
      const scope = scopes.getStore();
      if (!scope) return Reflect.apply(real, this, [text, encoding, done]);
      const lines = (typeof text === 'string' ? text : Buffer.from(text).toString('utf8')).split('\n');
      for (const line of lines) {
        if (line === '') continue;
        scopes.exit(() => onLog(scope.name, line, scope.requestId));
        scope.onLine?.(line);
      }
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') queueMicrotask(() => callback());
      return true;
    };
    return () => {
      stream.write = real;
    };
  });
}
