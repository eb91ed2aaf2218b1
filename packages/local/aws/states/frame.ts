/** Where one thread of an execution stands: plain data, so that it can be stored and gone on from. Decides nothing. */
import type { Json, JsonObject } from './json.ts';

/** The position of a machine, branch or iteration. Serialised whole at every step. */
export interface Frame {
  /** The state the thread is in or about to enter. */
  state: string;
  input: Json;
  /** The variables assigned in this scope; outer ones are not copied. */
  variables: JsonObject;
  /** Id of the thread's newest event, which the next one names as its predecessor. */
  last: number;
  /** Set once the state's Entered event is written. */
  entered?: Entry;
  /** Tries ordered by each retrier of the state so far, and all together. */
  attempts: number[];
  retryCount: number;
  /** Stack time in milliseconds at which the backoff ends. */
  retryAt?: number;
  /** Stack time at which the Wait state ends. */
  until?: number;
  /** A callback task that was handed out and is waited for. */
  callback?: Callback;
  /** How the task's last try ended, kept until the state is left: what is recorded is not done again. */
  ended?: Ended;
  spread?: Spread;
  /** An iteration whose start is in the history. */
  begun?: true;
  /** Only in an iteration of a Map: its item, as `$states.context.Map.Item` shows it. */
  item?: { Index: number; Value: Json };
  /** The thread reached its end. */
  done?: { output: Json };
  /** An iteration whose failure was tolerated. */
  tolerated?: { Error?: string; Cause?: string };
}

export interface Entry {
  id: number;
  /** The event before the Entered event. */
  before: number;
  at: number;
}

export interface Callback {
  token: string;
  /** Stack times in milliseconds. */
  timeoutAt?: number;
  heartbeatAt?: number;
  heartbeatMs?: number;
}

export type Ended = { result: Json } | { fault: { error?: string; detail?: string; heartbeat: boolean } };

/** The threads of a Parallel or Map state. */
export interface Spread {
  frames: Frame[];
  /** Id of the event that the threads' first ones follow. */
  started: number;
  /** Only of a distributed Map. */
  mapRunArn?: string;
  /** Set by a redrive, until the history says so. */
  redriven?: true;
}

export function newFrame(state: string, input: Json, last: number): Frame {
  return { state, input, variables: {}, last, attempts: [], retryCount: 0 };
}

/** Moves the thread on, forgetting what belonged to the state left. */
export function moveOn(frame: Frame, next: string, input: Json): void {
  frame.state = next;
  frame.input = input;
  frame.attempts = [];
  frame.retryCount = 0;
  clearState(frame);
  delete frame.entered;
}

export function clearState(frame: Frame): void {
  delete frame.retryAt;
  delete frame.until;
  delete frame.callback;
  delete frame.ended;
  delete frame.spread;
}

/**
 * Makes an unfinished thread ready to go on after a redrive: retries, waits and tokens start afresh, finished branches stay, unless
 * together they were too much data (`error`, what the execution failed with), when all run again (Step Functions, "Redrive behavior").
 */
export function rearm(frame: Frame, error?: string): void {
  if (frame.done) return;
  frame.attempts = [];
  frame.retryCount = 0;
  delete frame.retryAt;
  delete frame.until;
  delete frame.callback;
  delete frame.ended;
  delete frame.tolerated;
  const children = frame.spread?.frames ?? [];
  if (error === 'States.DataLimitExceeded' && children.every((child) => child.done)) delete frame.spread;
  if (frame.spread?.mapRunArn !== undefined) frame.spread.redriven = true;
  for (const child of children) rearm(child, error);
  // The next event's chain starts at the state's own entry again.
  if (frame.entered && !frame.spread) frame.last = frame.entered.id;
}
