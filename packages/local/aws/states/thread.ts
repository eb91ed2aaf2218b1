/** Walks one thread through its machine: enter, act, retry, catch, leave. What a state does in between is in act.ts. */
import { act, type Outcome } from './act.ts';
import type { Catcher, Leaving, MapState, Parallel, State, Task } from './definition.ts';
import { errorOutput, matches, StatesFault } from './fault.ts';
import { clearState, type Frame, moveOn } from './frame.ts';
import { entered, exited } from './history.ts';
import { type Json, type JsonObject, jsonBytes, maxPayloadBytes } from './json.ts';
import { evaluate, limit, type Place, sleepUntil } from './place.ts';
import { nextRetry } from './retry.ts';

/** Follows the frame to the machine's end and resolves with its output. Rejects with a StatesFault, or with the signal's reason. */
export async function follow(place: Place, frame: Frame): Promise<Json> {
  for (;;) {
    place.signal.throwIfAborted();
    const state = place.machine.States[frame.state];
    if (!state) throw new StatesFault('States.Runtime', `There is no state '${frame.state}'.`);
    enter(place, frame, state);
    const output = await pass(place, frame, state);
    if (frame.done) return output;
  }
}

type Fallible = Task | MapState | Parallel;

function enter({ run }: Place, frame: Frame, state: State): void {
  if (frame.entered) return;
  const before = frame.last;
  frame.last = run.log(`${state.Type}StateEntered`, before, entered(frame.state, frame.input));
  frame.entered = { id: frame.last, before, at: run.clock.now() };
  run.touched();
}

/** Tries the state until it is left; resolves with its output. */
async function pass(place: Place, frame: Frame, state: State): Promise<Json> {
  for (;;) {
    try {
      if (frame.retryAt !== undefined) await backOff(place, frame, frame.retryAt);
      const outcome = await act(place, frame, state);
      return await leave(place, frame, state, outcome);
    } catch (thrown) {
      place.signal.throwIfAborted();
      const fault = thrown instanceof StatesFault ? thrown : new StatesFault('States.Runtime', String(thrown));
      if (state.Type !== 'Task' && state.Type !== 'Map' && state.Type !== 'Parallel') throw fault;
      if (planRetry(place, frame, state, fault)) continue;
      if (state.Type !== 'Task') frame.last = place.run.log(`${state.Type}StateFailed`, frame.last);
      const catcher = state.Catch?.find((each) => matches(each.ErrorEquals, fault));
      if (!catcher) throw fault;
      return await leaveCaught(place, frame, state, catcher, fault);
    }
  }
}

function planRetry({ run }: Place, frame: Frame, state: Fallible, fault: StatesFault): boolean {
  const delay = nextRetry(state.Retry, fault, frame.attempts, run.random);
  if (delay === undefined) return false;
  clearState(frame);
  frame.retryCount++;
  frame.retryAt = run.clock.now() + delay;
  run.touched();
  return true;
}

async function backOff(place: Place, frame: Frame, retryAt: number): Promise<void> {
  await sleepUntil(place, retryAt);
  delete frame.retryAt;
}

async function leave(place: Place, frame: Frame, state: State, outcome: Outcome): Promise<Json> {
  const leaving: Leaving = outcome.leaving ?? (state.Type === 'Fail' ? {} : state);
  const { result } = outcome;
  const extra = result === undefined ? {} : { result };
  const otherwise = result === undefined ? frame.input : result;
  const left = await outputs(place, frame, leaving, extra, otherwise, '');
  const next = outcome.next ?? ('Next' in state ? state.Next : undefined);
  return exit(place, frame, state, next, left, outcome.exitAfter ?? frame.last);
}

async function leaveCaught(place: Place, frame: Frame, state: Fallible, catcher: Catcher, fault: StatesFault): Promise<Json> {
  const caught = { ...errorOutput(fault) };
  const within = `Catch[${state.Catch?.indexOf(catcher)}]/`;
  const left = await outputs(place, frame, catcher, { errorOutput: caught }, caught, within);
  return exit(place, frame, state, catcher.Next, left, frame.last);
}

interface Left {
  output: Json;
  assigned: JsonObject;
}

/** Output and Assign see the same, old variables. */
async function outputs(place: Place, frame: Frame, leaving: Leaving, extra: JsonObject, otherwise: Json, within: string): Promise<Left> {
  const output = leaving.Output === undefined ? otherwise : await evaluate(place, frame, leaving.Output, `${within}Output`, extra);
  const assigned = leaving.Assign === undefined ? {} : await evaluate(place, frame, leaving.Assign, `${within}Assign`, extra);
  place.signal.throwIfAborted();
  limit(frame.state, output);
  const variables = assigned as JsonObject; // A template that is an object evaluates to one.
  limitVariables(frame, variables);
  return { output, assigned: variables };
}

/** Everything after the last await of a state: a stored frame is either before or after all of it. */
function exit({ run }: Place, frame: Frame, state: State, next: string | undefined, left: Left, previous: number): Json {
  frame.last = run.log(`${state.Type}StateExited`, previous, exited(frame.state, left.output, left.assigned));
  Object.assign(frame.variables, left.assigned);
  if (next === undefined) {
    clearState(frame);
    frame.input = null;
    frame.variables = {};
    frame.done = { output: left.output };
  } else moveOn(frame, next, left.output);
  run.touched();
  return left.output;
}

/** 256 KiB in one Assign (so also in one variable), 10 MiB in one scope (Step Functions quotas count an execution's). */
const maxVariablesBytes = 10 * 1024 * 1024;
function limitVariables(frame: Frame, assigned: JsonObject): void {
  if (jsonBytes(assigned) > maxPayloadBytes)
    throw new StatesFault('States.DataLimitExceeded', `The variables assigned by the state '${frame.state}' exceed 256 KiB.`);
  if (Object.keys(assigned).length > 0 && jsonBytes({ ...frame.variables, ...assigned }) > maxVariablesBytes)
    throw new StatesFault('States.DataLimitExceeded', `The variables of the execution exceed 10 MiB in the state '${frame.state}'.`);
}
