/** The events of an execution's history, by AWS's names and detail members. Holds no history itself. */
import type { StatesFault } from './fault.ts';
import { errorDetails } from './fault.ts';
import type { Json, JsonObject } from './json.ts';

/** One event as kept and stored; `at` is stack time in milliseconds. `details` is keyed by AWS's own member, e.g. `stateEnteredEventDetails`. */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  type: string;
  at: number;
  details?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export type Details = NonNullable<HistoryEvent['details']>;

/** An execution that reaches this many events fails (Step Functions quotas). */
export const maxEvents = 25_000;

const whole = { truncated: false };

export function entered(name: string, input: Json): Details {
  return { stateEnteredEventDetails: { name, input: JSON.stringify(input), inputDetails: whole } };
}
export function exited(name: string, output: Json, assigned: JsonObject): Details {
  const variables = Object.entries(assigned).map(([variable, value]) => [variable, JSON.stringify(value)]);
  return {
    stateExitedEventDetails: {
      name,
      output: JSON.stringify(output),
      outputDetails: whole,
      ...(variables.length > 0 && { assignedVariables: Object.fromEntries(variables), assignedVariablesDetails: whole }),
    },
  };
}
export function evaluationFailed(state: string, cause: string, location: string | undefined): Details {
  return {
    evaluationFailedEventDetails: { error: 'States.QueryEvaluationError', cause, state, ...(location !== undefined && { location }) },
  };
}

/** What a Task's events say of it: a direct function ARN has events of its own. */
export interface TaskKind {
  resource: string;
  /** `lambda`, `events`, `aws-sdk:dynamodb`; undefined for a function's own ARN. */
  resourceType: string | undefined;
  waitsForToken: boolean;
}

/** `arn:aws:states:::lambda:invoke.waitForTaskToken` -> lambda, invoke.waitForTaskToken. */
export function taskKind(resource: string): TaskKind {
  const [, , service, , , ...rest] = resource.split(':');
  const waitsForToken = resource.endsWith('.waitForTaskToken');
  if (service !== 'states') return { resource, resourceType: undefined, waitsForToken };
  const action = rest.findIndex((_, index) => index > 0 && !(rest[0] === 'aws-sdk' && index === 1));
  return { resource: rest.slice(action).join(':'), resourceType: rest.slice(0, action).join(':'), waitsForToken };
}

interface Named {
  type: string;
  details?: Details;
}

export function taskScheduled(
  kind: TaskKind,
  region: string,
  parameters: Json,
  timeoutInSeconds: number | undefined,
  heartbeatInSeconds: number | undefined,
): Named {
  const text = JSON.stringify(parameters);
  const timeouts = { ...(timeoutInSeconds !== undefined && { timeoutInSeconds }) };
  if (kind.resourceType === undefined) {
    const details = { resource: kind.resource, input: text, inputDetails: whole, ...timeouts };
    return { type: 'LambdaFunctionScheduled', details: { lambdaFunctionScheduledEventDetails: details } };
  }
  const details = {
    ...of(kind),
    region,
    parameters: text,
    ...timeouts,
    ...(heartbeatInSeconds !== undefined && { heartbeatInSeconds }),
  };
  return { type: 'TaskScheduled', details: { taskScheduledEventDetails: details } };
}
export function taskStarted(kind: TaskKind): Named {
  if (kind.resourceType === undefined) return { type: 'LambdaFunctionStarted' };
  return { type: 'TaskStarted', details: { taskStartedEventDetails: of(kind) } };
}
export function taskSubmitted(kind: TaskKind, output: Json): Named {
  const details = { ...of(kind), output: JSON.stringify(output), outputDetails: whole };
  return { type: 'TaskSubmitted', details: { taskSubmittedEventDetails: details } };
}
export function taskSucceeded(kind: TaskKind, output: Json): Named {
  const details = { output: JSON.stringify(output), outputDetails: whole };
  if (kind.resourceType === undefined)
    return { type: 'LambdaFunctionSucceeded', details: { lambdaFunctionSucceededEventDetails: details } };
  return { type: 'TaskSucceeded', details: { taskSucceededEventDetails: { ...of(kind), ...details } } };
}
export function taskFailed(kind: TaskKind, fault: StatesFault): Named {
  const timedOut = fault.error === 'States.Timeout';
  const what = errorDetails(fault);
  if (kind.resourceType === undefined) {
    return timedOut
      ? { type: 'LambdaFunctionTimedOut', details: { lambdaFunctionTimedOutEventDetails: what } }
      : { type: 'LambdaFunctionFailed', details: { lambdaFunctionFailedEventDetails: what } };
  }
  return timedOut
    ? { type: 'TaskTimedOut', details: { taskTimedOutEventDetails: { ...of(kind), ...what } } }
    : { type: 'TaskFailed', details: { taskFailedEventDetails: { ...of(kind), ...what } } };
}

function of(kind: TaskKind): { resource: string; resourceType: string } {
  return { resource: kind.resource, resourceType: kind.resourceType ?? 'lambda' };
}
