/**
 * One execution environment seen from outside: takes a thread for a function, gives it one event at a time, and ends it when it overruns its time
 * or memory. It keeps no queue and never restarts a dead thread.
 */
import type { Worker } from 'node:worker_threads';
import type { FunctionError, FunctionSpec, InvokeIo, InvokeResult } from './contract.ts';
import type { FromEnvironment, ToEnvironment } from './worker.ts';

/** Lambda quota for an answer: 6 MiB and 100 bytes. */
const maxAnswerBytes = 6 * 1024 * 1024 + 100;
/** Lambda allows 10 s of initialisation; a laptop that starts twenty environments at once gets more. */
const initMs = 30_000;
const acknowledgeBytes = 64 * 1024;

export interface EnvironmentOptions {
  spec: FunctionSpec;
  /** Runs `worker.ts`, and is nobody's yet. */
  worker: Worker;
  /** What is imported: the handler's source, or its bundle. */
  file: string;
  env: Record<string, string>;
  onLog: (line: string, requestId: string) => void;
  /** The thread is gone, or is about to go; no further event may be given. */
  onDeath: () => void;
}

export interface Environment {
  /** Resolves once, whatever happens to the thread. Call only while no other event runs. */
  run(requestId: string, event: string, io?: InvokeIo): Promise<InvokeResult>;
  /** `performance.now()` when the current event began to run, or when the last one ended; now while it is being initialised. */
  since(): number;
  terminate(): Promise<void>;
}

interface Current {
  requestId: string;
  io: InvokeIo;
  chunks: Uint8Array[];
  untaken: number;
  resolve: (result: InvokeResult) => void;
}

/** Makes the thread the function's; its initialisation begins at once. */
export function startEnvironment(options: EnvironmentOptions): Environment {
  const { spec, worker, file, env } = options;
  const timeoutMs = spec.timeoutSeconds * 1000;
  const { name: functionName, handler, memoryMb } = spec;
  worker.postMessage({ begin: { file, handler, functionName, memoryMb, timeoutMs, env } } satisfies ToEnvironment);

  let current: Current | undefined;
  let lastId = '';
  let partialLine = '';
  let ready = false;
  let dead = false;
  let since = performance.now();
  let timer = setTimeout(() => overrun(`Init did not finish within ${initMs / 1000} seconds`), initMs);

  worker.on('message', receive);
  worker.on('error', (error: Error & { code?: string }) => {
    const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    die({
      errorType: memory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError',
      errorMessage: `RequestId: ${lastId} Error: Runtime exited with error: ${memory ? `memory limit of ${spec.memoryMb} MB reached` : error.message}`,
    });
  });
  worker.on('exit', (code) => {
    const how = code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${code}`;
    die({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${lastId} Error: ${how}` });
  });

  function receive(message: FromEnvironment): void {
    if (message.kind === 'log') log(message.text);
    else if (dead) return;
    else if (message.kind === 'ready') {
      ready = true;
      // What is being initialised waits for the processor: a second one would not help it.
      since = performance.now();
      clearTimeout(timer);
      if (current) startTimer();
    } else if (message.kind === 'error') {
      if (message.fatal) die(message.error);
      else finish({ error: message.error });
    } else if (!current) return;
    else if (message.kind === 'head') current.io.onHead?.(message.head);
    else if (message.kind === 'chunk') take(current, message.bytes);
    else finish(answer(current, message.json));
  }
  function answer({ io, chunks }: Current, json: string): InvokeResult {
    if (chunks.length > 0) return { value: Buffer.concat(chunks).toString('utf8') };
    if (!io.onChunk && Buffer.byteLength(json) > maxAnswerBytes) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${maxAnswerBytes} bytes).`;
      return { error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage } };
    }
    return { value: JSON.parse(json) };
  }
  function take(job: Current, bytes: Uint8Array): void {
    const taken = () => {
      job.untaken += bytes.length;
      if (job.untaken < acknowledgeBytes || dead) return;
      worker.postMessage({ taken: job.untaken } satisfies ToEnvironment);
      job.untaken = 0;
    };
    if (!job.io.onChunk) {
      job.chunks.push(bytes);
      taken();
      return;
    }
    const room = job.io.onChunk(bytes);
    if (room) room.then(taken, taken);
    else taken();
  }
  function log(text: string): void {
    const lines = (partialLine + text).split('\n');
    partialLine = lines.pop() ?? '';
    for (const line of lines) tell(line);
  }
  function flushLog(): void {
    tell(partialLine);
    partialLine = '';
  }
  function tell(line: string): void {
    if (line === '') return;
    options.onLog(line, lastId);
    current?.io.onLine?.(line);
  }
  function startTimer(): void {
    timer = setTimeout(() => overrun(`Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`), timeoutMs);
  }
  function overrun(message: string): void {
    const requestId = current?.requestId ?? lastId;
    die({ errorType: 'Sandbox.Timedout', errorMessage: `RequestId: ${requestId} Error: ${message}` });
  }
  function finish(result: InvokeResult): void {
    clearTimeout(timer);
    flushLog();
    const job = current;
    current = undefined;
    since = performance.now();
    job?.resolve(result);
  }
  function die(error: FunctionError): void {
    if (dead) return;
    dead = true;
    options.onDeath();
    finish({ error });
    void worker.terminate();
  }

  return {
    run(requestId, event, io = {}) {
      return new Promise((resolve) => {
        current = { requestId, io, chunks: [], untaken: 0, resolve };
        lastId = requestId;
        since = performance.now();
        if (dead)
          return finish({ error: { errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} Error: Runtime exited` } });
        worker.postMessage({ requestId, event } satisfies ToEnvironment);
        if (ready) startTimer();
      });
    },
    since: () => (ready ? since : performance.now()),
    async terminate() {
      die({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${lastId} Error: the embedded stack is shutting down` });
      await worker.terminate();
    },
  };
}
