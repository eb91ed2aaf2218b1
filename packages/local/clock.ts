/**
 * The stack's one clock: real time plus an offset that only `advance` moves, for every part of the embedded stack and every
 * execution environment (they share the offset's memory). Timers made here fire early when the clock is moved past them.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch, in stack time. */
  now(): number;
  /** Runs `task` once `delayMs` of stack time have passed. */
  after(delayMs: number, task: () => void): Timer;
  /** Resolves after `delayMs` of stack time; rejects with the signal's reason when it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Moves stack time forward and fires what became due, in order of due time. */
  advance(seconds: number): void;
  /** Milliseconds that `advance` has added so far. */
  offset(): number;
  /** The offset's memory, handed to worker threads: one float64. */
  shared: SharedArrayBuffer;
  /** Cancels every timer; later calls of `after` do nothing. */
  close(): void;
}

/** setTimeout counts in signed 32 bits. */
const longestTimeoutMs = 2 ** 31 - 1;

interface Pending {
  due: number;
  order: number;
  task: () => void;
  handle?: NodeJS.Timeout;
}

/** `startMs`: how far ahead of real time an earlier run of the same data had come. */
export function createClock(real: () => number = realNow, startMs = 0): Clock {
  const shared = new SharedArrayBuffer(8);
  const offsetMs = new Float64Array(shared);
  offsetMs[0] = startMs;
  const pending = new Set<Pending>();
  let order = 0;
  let closed = false;

  const offset = () => offsetMs[0] ?? 0;
  const now = () => real() + offset();

  function arm(entry: Pending): void {
    clearTimeout(entry.handle);
    const wait = Math.max(0, entry.due - now());
    entry.handle = setTimeout(() => (entry.due > now() + 1 ? arm(entry) : fire(entry)), Math.min(wait, longestTimeoutMs));
  }
  function fire(entry: Pending): void {
    if (!pending.delete(entry)) return;
    clearTimeout(entry.handle);
    entry.task();
  }
  function after(delayMs: number, task: () => void): Timer {
    if (closed) return { cancel: () => {} };
    const entry: Pending = { due: now() + Math.max(0, delayMs), order: order++, task };
    pending.add(entry);
    arm(entry);
    return {
      cancel: () => {
        pending.delete(entry);
        clearTimeout(entry.handle);
      },
    };
  }
  function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = after(delayMs, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      function stop(): void {
        timer.cancel();
        reject(signal?.reason);
      }
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
  function advance(seconds: number): void {
    if (!(seconds >= 0)) throw new RangeError(`The clock only moves forward: ${seconds} seconds asked`);
    offsetMs[0] = offset() + seconds * 1000;
    const due = [...pending].filter((entry) => entry.due <= now()).sort((a, b) => a.due - b.due || a.order - b.order);
    for (const entry of due) fire(entry);
    for (const entry of pending) arm(entry);
  }
  function close(): void {
    closed = true;
    for (const entry of pending) clearTimeout(entry.handle);
    pending.clear();
  }
  return { now, after, sleep, advance, offset, shared, close };
}

/** Bound at load: the process's own Date may be moved by this very clock. */
const systemNow = Date.now.bind(Date);
function realNow(): number {
  return systemNow();
}
