/** What a thread of an execution can see and use: variables, context, clock, history, tokens. Never decides where a thread goes. */
import type { Clock } from '../../clock.ts';
import type { Machine } from './definition.ts';
import type { Evaluator } from './expression.ts';
import { EvaluationFault, StatesFault } from './fault.ts';
import type { Frame } from './frame.ts';
import { type Details, evaluationFailed } from './history.ts';
import { type Json, type JsonObject, jsonBytes, maxPayloadBytes } from './json.ts';

/** What the threads of one execution share. */
export interface Run {
  clock: Clock;
  evaluator: Evaluator;
  random: () => number;
  uuid: () => string;
  /** Does a Task's work; resolves with what `$states.result` shows. */
  invoke: Invoke;
  /** Members of `$states.context` that all states see. */
  context: () => JsonObject;
  machineName: string;
  /** Writes an event and returns its id. */
  log: (type: string, previous: number, details?: Details) => number;
  /** Says that a frame changed. */
  touched: () => void;
  /** A thread stops or starts having work in flight; a thread that waits for time, a token or its branches has none. */
  rest: () => void;
  wake: () => void;
  tokens: Tokens;
  /** How often the execution was redriven so far. */
  redriveCount: number;
  /** Follows a thread to its end; here so that a Parallel or Map can run its own machines. */
  follow: (place: Place, frame: Frame) => Promise<Json>;
}

export interface InvokeOptions {
  /** Aborts when the task timed out or its execution ended: the result is no longer looked at. */
  signal: AbortSignal;
  /** Only for `.waitForTaskToken`. */
  token?: string;
  /** `$states.context` as the task sees it. */
  context: JsonObject;
}
export type Invoke = (resource: string, args: Json, options: InvokeOptions) => Promise<unknown>;

export interface Tokens {
  issue(): string;
  /** Until `close`, an answer to the token reaches the waiting task. */
  open(token: string, waiting: Waiting): void;
  close(token: string): void;
}
export interface Waiting {
  succeed(output: Json): void;
  fail(fault: StatesFault): void;
  beat(): void;
}

/** Where a thread runs: its machine, the variables it sees from outside, and the signal that stops it. */
export interface Place {
  machine: Machine;
  outer: JsonObject;
  signal: AbortSignal;
  run: Run;
}

/** Throws States.DataLimitExceeded above 256 KiB. `what` is the state's name, or the resource of a task. */
export function limit(what: string, value: Json): void {
  if (jsonBytes(value) <= maxPayloadBytes) return;
  throw new StatesFault(
    'States.DataLimitExceeded',
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}

/** `$states.context` in this state. */
export function contextOf({ run }: Place, frame: Frame, token?: string): JsonObject {
  return {
    ...run.context(),
    State: {
      Name: frame.state,
      EnteredTime: new Date(frame.entered?.at ?? run.clock.now()).toISOString(),
      RetryCount: frame.retryCount,
    },
    ...(frame.item && { Map: { Item: { ...frame.item } } }),
    ...(token !== undefined && { Task: { Token: token } }),
  };
}

/** Evaluates a template in this state; a failure is written to the history and fails the state with States.QueryEvaluationError. */
export async function evaluate(
  place: Place,
  frame: Frame,
  template: Json,
  field: string,
  extra: JsonObject = {},
  token?: string,
): Promise<Json> {
  const states = { input: frame.input, context: contextOf(place, frame, token), ...extra };
  const variables = { ...place.outer, ...frame.variables };
  try {
    const value = await place.run.evaluator.evaluate(template, field, variables, states);
    place.signal.throwIfAborted();
    return value;
  } catch (thrown) {
    if (thrown instanceof EvaluationFault) throw evaluationFault(place, frame, thrown);
    throw thrown;
  }
}

/** Writes EvaluationFailed. Its predecessor is the event before the entry when nothing else happened in the state, as AWS has it. */
export function evaluationFault({ run, machine }: Place, frame: Frame, thrown: EvaluationFault): StatesFault {
  const entry = frame.entered;
  const cause = `An error occurred while executing the state '${frame.state}' (entered at the event id #${entry?.id}). ${thrown.message}`;
  const untouched = entry !== undefined && frame.last === entry.id && machine.States[frame.state]?.Type !== 'Wait';
  const details = evaluationFailed(frame.state, cause, thrown.location);
  frame.last = run.log('EvaluationFailed', untouched ? entry.before : frame.last, details);
  return new StatesFault('States.QueryEvaluationError', cause);
}

/** Resolves when stack time has reached `due`; the thread counts as waiting, not working, until then. */
export function sleepUntil({ run, signal }: Place, due: number): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (due <= run.clock.now()) {
      resolve();
      return;
    }
    run.rest();
    const timer = run.clock.after(due - run.clock.now(), () => {
      signal.removeEventListener('abort', stop);
      run.wake();
      resolve();
    });
    function stop(): void {
      timer.cancel();
      run.wake();
      reject(signal.reason);
    }
    signal.addEventListener('abort', stop, { once: true });
  });
}
