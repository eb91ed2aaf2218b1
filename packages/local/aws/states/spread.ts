/** Runs the threads of a Parallel or Map side by side; the first failure that is not tolerated stops the others. */
import type { Machine } from './definition.ts';
import { errorOutput, StatesFault } from './fault.ts';
import type { Frame, Spread } from './frame.ts';
import type { JsonObject } from './json.ts';
import type { Place, Run } from './place.ts';

export interface Plan {
  machine: (index: number) => Machine;
  /** Variables that the threads see from outside. */
  outer: JsonObject;
  /** Threads at once. */
  limit: number;
  run: (index: number) => Run;
  /** A thread starts, after the event `previous`. Sets the frame's `last`. */
  begin?: (child: Frame, index: number, previous: number) => void;
  /** A thread ended; returns the newest event of the whole. */
  succeeded: (child: Frame, index: number) => number;
  failed?: (child: Frame, index: number) => void;
  /** The state failed because of another thread. */
  aborted: (child: Frame, index: number, previous: number) => void;
  tolerates?: (failures: number) => boolean;
}

/** Resolves with the id of the event that ended the last thread; rejects with the fault of the first that failed. */
export async function spreadOut(place: Place, frame: Frame, spread: Spread, plan: Plan): Promise<number> {
  const { run, signal } = place;
  const group = new AbortController();
  const stop = () => group.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });

  const pending = [...spread.frames.entries()].filter(([, child]) => !child.done && !child.tolerated);
  let last = Math.max(spread.started, ...spread.frames.filter((child) => child.done).map((child) => child.last));
  let failures = spread.frames.filter((child) => child.tolerated).length;
  let failure: { fault: StatesFault; child: Frame } | undefined;

  async function follow(child: Frame, index: number): Promise<void> {
    // Threads that start together are all begun before the first one enters a state.
    await Promise.resolve();
    const inner: Place = { machine: plan.machine(index), outer: plan.outer, signal: group.signal, run: plan.run(index) };
    await run.follow(inner, child);
    last = plan.succeeded(child, index);
  }
  function lose(child: Frame, index: number, thrown: unknown): void {
    const fault = thrown instanceof StatesFault ? thrown : new StatesFault('States.Runtime', String(thrown));
    plan.failed?.(child, index);
    failures++;
    if (plan.tolerates?.(failures)) {
      child.tolerated = errorOutput(fault);
      run.touched();
      return;
    }
    failure = { fault, child };
    group.abort(fault);
  }
  async function work(): Promise<void> {
    let previous = spread.started;
    for (let next = pending.shift(); next && !group.signal.aborted; next = pending.shift()) {
      const [index, child] = next;
      if (!child.begun) {
        plan.begin?.(child, index, previous);
        child.begun = true;
      }
      run.wake();
      try {
        await follow(child, index);
      } catch (thrown) {
        if (!group.signal.aborted) lose(child, index, thrown);
      } finally {
        run.rest();
      }
      previous = child.last;
    }
  }

  run.rest();
  try {
    await Promise.all(Array.from({ length: Math.min(plan.limit, pending.length) }, work));
  } finally {
    run.wake();
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (!failure) return last;
  const { fault, child: failed } = failure;
  for (const [index, child] of spread.frames.entries())
    if (child.begun && !child.done && !child.tolerated && child !== failed) plan.aborted(child, index, failed.last);
  frame.last = failed.last;
  throw fault;
}

/** Only these types have an Aborted event. */
const abortable = new Set(['Task', 'Wait', 'Map', 'Parallel']);

/** Writes `TaskStateAborted` and the like for a thread that was stopped inside a state. */
export function logAborted(run: Run, machine: Machine, child: Frame, previous: number): void {
  const type = machine.States[child.state]?.Type;
  if (child.entered && type && abortable.has(type)) run.log(`${type}StateAborted`, previous);
}
