/** What each type of state does between being entered and left. Retry, Catch, Output and Assign are the thread's. */
import type { Choice, Fail, Leaving, State, Wait } from './definition.ts';
import { isExpression } from './expression.ts';
import { EvaluationFault, StatesFault } from './fault.ts';
import type { Frame } from './frame.ts';
import type { Json } from './json.ts';
import { iterate } from './map.ts';
import { branchOut } from './parallel.ts';
import { evaluate, evaluationFault, type Place, sleepUntil } from './place.ts';
import { perform } from './task.ts';

export interface Outcome {
  /** Absent for states that have no result of their own. */
  result?: Json;
  /** A Choice's way on; other states have it in their definition. */
  next?: string;
  /** The Output and Assign that count, when they are not the state's own. */
  leaving?: Leaving;
  /** The event that the Exited event follows, when it is not the thread's newest. */
  exitAfter?: number;
}

export async function act(place: Place, frame: Frame, state: State): Promise<Outcome> {
  switch (state.Type) {
    case 'Pass':
    case 'Succeed':
      return {};
    case 'Fail':
      throw await failure(place, frame, state);
    case 'Wait':
      await wait(place, frame, state);
      return {};
    case 'Choice':
      return choose(place, frame, state);
    case 'Task':
      return { result: await perform(place, frame, state) };
    case 'Parallel':
      return branchOut(place, frame, state);
    case 'Map':
      return iterate(place, frame, state);
  }
}

async function failure(place: Place, frame: Frame, state: Fail): Promise<StatesFault> {
  const error = state.Error === undefined ? undefined : await text(place, frame, state.Error, 'Error');
  const cause = state.Cause === undefined ? undefined : await text(place, frame, state.Cause, 'Cause');
  return new StatesFault(error, cause);
}

async function text(place: Place, frame: Frame, template: string, field: string): Promise<string> {
  const value = await evaluate(place, frame, template, field);
  if (typeof value !== 'string') throw unexpected(place, frame, template, field, 'string', value);
  return value;
}

const longestWaitSeconds = 99_999_999;
/** ISO 8601 with date, T, time and an offset. */
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

async function wait(place: Place, frame: Frame, state: Wait): Promise<void> {
  if (frame.until === undefined) {
    frame.until = await waitEnd(place, frame, state);
    place.run.touched();
  }
  await sleepUntil(place, frame.until);
}

async function waitEnd(place: Place, frame: Frame, state: Wait): Promise<number> {
  if (state.Seconds !== undefined) {
    const seconds = await wholeNumber(place, frame, state.Seconds, 'Seconds', 0, longestWaitSeconds);
    return place.run.clock.now() + seconds * 1000;
  }
  const stamp = await text(place, frame, state.Timestamp ?? '', 'Timestamp');
  const due = timestampPattern.test(stamp) ? Date.parse(stamp) : Number.NaN;
  if (!Number.isNaN(due)) return due;
  const sentence = `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${stamp}`;
  throw evaluationFault(place, frame, new EvaluationFault('Timestamp', sentence));
}

async function choose(place: Place, frame: Frame, state: Choice): Promise<Outcome> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const held = await evaluate(place, frame, rule.Condition, field);
    if (typeof held !== 'boolean') throw unexpected(place, frame, rule.Condition, field, 'boolean', held);
    if (held) return { next: rule.Next, leaving: rule };
  }
  if (state.Default !== undefined) return { next: state.Default };
  throw new StatesFault(
    'States.NoChoiceMatched',
    `An error occurred while executing the state '${frame.state}' (entered at the event id #${frame.entered?.id}). ` +
      `Failed to transition out of the state. The state's choices did not match the input and it has no Default.`,
  );
}

/** Evaluates a field that must be a whole number in the range; fails the state with States.QueryEvaluationError otherwise. */
export async function wholeNumber(
  place: Place,
  frame: Frame,
  template: number | string,
  field: string,
  least: number,
  most: number,
): Promise<number> {
  const value = await evaluate(place, frame, template, field);
  if (typeof value !== 'number') throw unexpected(place, frame, template, field, 'number', value);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const sentence = `The value of the field '${field}' must be a whole number from ${least} to ${most}, but was ${value}.`;
  throw evaluationFault(place, frame, new EvaluationFault(field, sentence));
}

/** The fault for a value of the wrong type, worded as AWS words it. */
export function unexpected(place: Place, frame: Frame, template: Json, field: string, expected: string, value: Json): StatesFault {
  const source = typeof template === 'string' && isExpression(template) ? template.slice(2, -2).trim() : JSON.stringify(template);
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const sentence =
    `The JSONata expression '${source}' specified for the field '${field}' returned an unexpected result type. ` +
    `Expected '${expected}', but was '${type}' for value: ${JSON.stringify(value)}`;
  return evaluationFault(place, frame, new EvaluationFault(field, sentence));
}
