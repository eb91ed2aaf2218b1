/**
 * The embedded Lambda: registered functions, invoked synchronously or as events. By default each runs in threads of its own; with mode
 * `fast` all run in this process. It holds no route, rule or permission.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { account, region } from '../aws/service.ts';
import type { Clock } from '../clock.ts';
import { createBundles } from './bundles.ts';
import type { FunctionSpec, InvokeIo, InvokeResult, LambdaHost, OnLog } from './contract.ts';
import { startEnvironment } from './environment.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createInline } from './inline.ts';
import { sourceOf } from './runtime.ts';
import { createThreads } from './threads.ts';

export interface LambdaOptions {
  clock: Clock;
  onLog: OnLog;
  /** Joins every function's variables, e.g. AWS_ENDPOINT_URL. A function is asked when an environment starts. */
  baseEnv?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  /** `threads`: isolated, killed on timeout. `fast`: in this process, nothing can be killed, `Date` of the process is stack time. */
  mode?: 'threads' | 'fast';
  /** The folder that handlers are named from; by default the repository. */
  root?: string;
  /** V8's compiled code is kept here, so that the second start skips compilation. */
  cacheFolder?: string;
  /** Bundles of the handlers are kept here, and made at the first registrations; without it environments run the sources. */
  bundleFolder?: string;
  /**
   * Environments kept at once, idle ones too; about 15 MB each. Fewer than the functions that one leaver's case goes through (some 35) would
   * have every step of it begin cold, which Lambda, where idle ones cost nothing, does not do. A function that has none may still start one above it.
   */
  maxEnvironments?: number;
  /** Real seconds. */
  idleSeconds?: number;
}

/** Lambda's quota for the event of a synchronous invocation. */
const maxEventBytes = 6 * 1024 * 1024;
const retryMs = 60_000;
/** What a thread runs before and around the handler. */
const body = fileURLToPath(new URL('./worker.ts', import.meta.url));
const libraries = fileURLToPath(new URL('./libraries.ts', import.meta.url));

export function createLambdaHost(options: LambdaOptions): LambdaHost {
  const { clock, onLog, mode = 'threads' } = options;
  const root = (options.root ?? fileURLToPath(new URL('../../../', import.meta.url))).replace(/\/$/, '');
  const cacheFolder = options.cacheFolder ?? join(tmpdir(), 'gatehouse-compile-cache');
  const softLimit = options.maxEnvironments ?? 40;

  const baseEnv = () => ({ ...commonEnvironment, ...(typeof options.baseEnv === 'function' ? options.baseEnv() : options.baseEnv) });
  const environmentOf = (spec: FunctionSpec) => ({ ...baseEnv(), ...functionEnvironment(spec) });
  const bundles = mode === 'threads' && options.bundleFolder !== undefined ? createBundles(root, options.bundleFolder) : undefined;
  const bundled = (source: string) => bundles?.of(source) ?? source;
  const registered = new Map<string, FunctionSpec>();
  const sources = new Set([body, libraries]);
  const threads = createThreads({
    body: () => bundled(body),
    preload: () => bundles?.of(libraries),
    env: baseEnv,
    cacheFolder,
    clock: clock.shared,
  });
  if (mode === 'threads') threads.refill();
  const fleet: Fleet =
    mode === 'fast'
      ? createInline({ root, clock, onLog, environmentOf })
      : createFleet({
          softLimit,
          hardLimit: softLimit * 2,
          idleMs: (options.idleSeconds ?? 60) * 1000,
          start: (spec, onDeath) =>
            startEnvironment({
              spec,
              worker: threads.take(spec.memoryMb),
              file: bundled(sourceOf(root, spec.handler)),
              env: environmentOf(spec),
              onLog: (line, requestId) => onLog(spec.name, line, requestId),
              onDeath,
            }),
        });

  async function run(name: string, event: string, patient: boolean, io?: InvokeIo): Promise<InvokeResult> {
    const result = await fleet.invoke(name, event, patient, io);
    // Lambda itself writes failures to the function's log.
    if (result.error && !result.refused)
      onLog(name, `${new Date(clock.now()).toISOString()} ERROR Invoke Error ${JSON.stringify(result.error)}`, '');
    return result;
  }

  return {
    register(spec) {
      fleet.add(spec);
      registered.set(spec.name, spec);
      if (sources.size === 2) setImmediate(() => void bundles?.build([...sources]).then(threads.refill));
      sources.add(sourceOf(root, spec.handler));
    },
    has: (name) => fleet.has(name),
    functions: () => [...registered.values()],
    async invoke(name, event, io) {
      const json = JSON.stringify(event ?? null);
      const size = Buffer.byteLength(json);
      if (size <= maxEventBytes) return run(name, json, false, io);
      const errorMessage = `Request must be smaller than ${maxEventBytes} bytes for the InvokeFunction operation`;
      return { error: { errorType: 'RequestEntityTooLargeException', errorMessage }, refused: 'too_large' };
    },
    invokeAsync(name, event, { retries = 2, onSuccess, onFailure } = {}) {
      const json = JSON.stringify(event ?? null);
      const attempt = async (failures: number): Promise<void> => {
        const result = await run(name, json, true);
        if (!result.error) return onSuccess?.();
        if (failures < retries) clock.after(retryMs * (failures + 1), () => void attempt(failures + 1));
        else onFailure?.(JSON.parse(json), result.error);
      };
      void attempt(0);
    },
    busy: () => fleet.busy(),
    environments: () => fleet.size(),
    async close() {
      await Promise.all([fleet.close(), threads.close()]);
    },
  };
}

/** What Lambda sets alike for all functions, and what keeps SDK calls inside the stack; nothing of this process. */
const commonEnvironment = {
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCOUNT_ID: account,
  AWS_SECRET_ACCESS_KEY: 'embedded',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_STREAM_NAME: 'local',
  LAMBDA_TASK_ROOT: '/var/task',
  TZ: ':UTC',
  POWERTOOLS_TRACE_ENABLED: 'false',
};

/** What Lambda sets for one function, and what the function declares. */
function functionEnvironment(spec: FunctionSpec): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${spec.name}`,
    _HANDLER: spec.handler,
    ...spec.env,
    // The endpoint knows its caller by this.
    AWS_ACCESS_KEY_ID: spec.name,
  };
}
