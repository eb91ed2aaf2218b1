/** The errors that states fail with, and which of them a Retry or Catch takes. Never decides what happens next. */
import { AwsError } from '../service.ts';
import { isObject } from './json.ts';

/** AWS cuts longer ones. */
const maxErrorLength = 256;
const maxCauseLength = 32_768;

/** A failed state: `error` is the name that machines match, `detail` the Cause. A Fail state may have neither. */
export class StatesFault extends Error {
  override name = 'StatesFault';
  readonly error: string | undefined;
  readonly detail: string | undefined;
  /** Set for a missed heartbeat, which Step Functions records as States.Timeout and also matches as States.HeartbeatTimeout. */
  readonly heartbeat: boolean;
  constructor(error: string | undefined, detail?: string, options: { heartbeat?: boolean } = {}) {
    super([error, detail].filter((part) => part !== undefined).join(': '));
    this.error = error?.slice(0, maxErrorLength);
    this.detail = detail?.slice(0, maxCauseLength);
    this.heartbeat = options.heartbeat ?? false;
  }
}

/** An expression that could not be evaluated: `location` is the field, e.g. `Output/result`. The thread adds the state's name. */
export class EvaluationFault extends Error {
  override name = 'EvaluationFault';
  readonly location: string | undefined;
  constructor(location: string | undefined, sentence: string) {
    super(sentence);
    this.location = location;
  }
}

/** Not taken by States.ALL or States.TaskFailed (Amazon States Language, "Error names"). */
const terminal = new Set<string | undefined>(['States.DataLimitExceeded', 'States.Runtime']);

/** Whether a retrier or catcher with these ErrorEquals takes the fault. */
export function matches(errorEquals: readonly string[], fault: StatesFault): boolean {
  return errorEquals.some((name) => {
    if (name === 'States.ALL') return !terminal.has(fault.error);
    if (name === 'States.TaskFailed') return fault.error !== 'States.Timeout' && !terminal.has(fault.error);
    if (name === 'States.HeartbeatTimeout') return fault.heartbeat || fault.error === name;
    return name === fault.error;
  });
}

/** What `$states.errorOutput` holds. */
export function errorOutput(fault: StatesFault): { Error?: string; Cause?: string } {
  return {
    ...(fault.error !== undefined && { Error: fault.error }),
    ...(fault.detail !== undefined && { Cause: fault.detail }),
  };
}

/** What AWS writes into an event's error members. */
export function errorDetails(fault: StatesFault): { error?: string; cause?: string } {
  return {
    ...(fault.error !== undefined && { error: fault.error }),
    ...(fault.detail !== undefined && { cause: fault.detail }),
  };
}

/**
 * What an invoker threw, as Step Functions names it: a function's `{errorType, errorMessage, trace}` fails with that errorType and
 * the object as Cause; an SDK integration fails with `<Service>.<Exception>`; anything else is States.TaskFailed.
 */
export function taskFault(thrown: unknown, resource: string): StatesFault {
  if (thrown instanceof StatesFault) return thrown;
  if (thrown instanceof AwsError) return sdkFault(thrown, resource);
  if (isObject(thrown) && typeof thrown.errorType === 'string') {
    const { errorType, errorMessage, trace } = thrown;
    return new StatesFault(errorType, JSON.stringify({ errorType, errorMessage, trace }));
  }
  return new StatesFault('States.TaskFailed', thrown instanceof Error ? thrown.message : String(thrown));
}

function sdkFault(thrown: AwsError, resource: string): StatesFault {
  const sdk = /^arn:aws:states:::aws-sdk:([a-z0-9]+):/.exec(resource)?.[1];
  const optimised = /^arn:aws:states:::([a-z0-9]+):/.exec(resource)?.[1];
  const service = serviceNames[sdk ?? optimised ?? ''] ?? capitalised(sdk ?? optimised ?? 'Task');
  // The optimised Lambda integration names modelled errors `Lambda.<Exception>`, as SDK integrations do.
  const type = thrown.type.endsWith('Exception') || !sdk ? thrown.type : `${thrown.type}Exception`;
  return new StatesFault(`${service}.${type}`, `${thrown.message} (Service: ${service}, Status Code: ${thrown.status})`);
}

/** The service prefixes that are not the resource's word with a capital. */
const serviceNames: Readonly<Record<string, string>> = {
  cloudwatch: 'CloudWatch',
  cloudwatchlogs: 'CloudWatchLogs',
  dynamodb: 'DynamoDb',
  eventbridge: 'EventBridge',
  events: 'EventBridge',
  secretsmanager: 'SecretsManager',
};

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
