/**
 * Starts the threads that environments run in, a few ahead of need: booting Node and importing the libraries that nearly every function
 * imports is half of a cold start. A spare thread is nobody's, and becomes one function's environment once; it is never given back.
 */
import { Worker } from 'node:worker_threads';
import type { ThreadData } from './worker.ts';

export interface ThreadOptions {
  /** The file that a thread runs: `worker.ts`, or its bundle. */
  body: () => string;
  /** The file that a spare imports; there are no spares while there is none. */
  preload: () => string | undefined;
  /** Variables that all functions have alike. */
  env: () => Record<string, string>;
  cacheFolder: string;
  clock: SharedArrayBuffer;
}

export interface Threads {
  /** A thread whose old generation may grow to `memoryMb`. */
  take(memoryMb: number): Worker;
  /** Makes up for spares that were taken or could not be started yet. */
  refill(): void;
  close(): Promise<void>;
}

/** What all functions but a few ask for; the limit of a thread is fixed when it starts. */
const spareMemoryMb = 512;
const spares = 1;
/** At first: while the stack starts a second processor has nothing to do, and right after it a dozen functions are wanted at once. */
const firstSpares = 5;
/** V8's default young generation would cost every environment some 6 MB more for nothing. */
const youngGenerationMb = 8;

export function createThreads({ body, preload, env, cacheFolder, clock }: ThreadOptions): Threads {
  const pool = new Set<Worker>();
  let closed = false;
  let wanted = firstSpares;

  function start(memoryMb: number, libraries?: string): Worker {
    const workerData: ThreadData = { cacheFolder, clock, preload: libraries };
    const worker = new Worker(body(), {
      env: env(),
      execArgv: [],
      stdout: true,
      stderr: true,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: youngGenerationMb },
    });
    // What native code prints passes the bootstrap by; nobody reads it, and an unread pipe would grow.
    worker.stdout.resume();
    worker.stderr.resume();
    return worker;
  }
  function refill(): void {
    const libraries = preload();
    while (!closed && libraries && pool.size < wanted) {
      const worker = start(spareMemoryMb, libraries);
      pool.add(worker);
      const lost = () => pool.delete(worker);
      worker.once('error', lost).once('exit', lost);
    }
  }

  return {
    take(memoryMb) {
      const [spare] = memoryMb === spareMemoryMb ? pool : [];
      if (!spare) return start(memoryMb);
      pool.delete(spare);
      wanted = Math.max(spares, wanted - 1);
      setImmediate(refill);
      return spare;
    },
    refill,
    async close() {
      closed = true;
      await Promise.all([...pool].map((worker) => worker.terminate()));
    },
  };
}
