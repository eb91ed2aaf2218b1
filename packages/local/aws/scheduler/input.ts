/** What Create- and UpdateSchedule say, checked. What the embedded stack cannot do is refused in words. It schedules nothing. */
import { AwsError } from '../service.ts';
import { type NextTime, parseExpression } from './expression.ts';
import { isTimeZone } from './time-zone.ts';

export interface Target {
  Arn: string;
  RoleArn: string;
  Input?: string;
  DeadLetterConfig?: { Arn?: string };
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
}

/** As it is kept and told. Times are seconds, as on the wire. */
export interface ScheduleDocument {
  Name: string;
  GroupName: 'default';
  ScheduleExpression: string;
  ScheduleExpressionTimezone: string;
  FlexibleTimeWindow: { Mode: string; MaximumWindowInMinutes?: number };
  State: 'ENABLED' | 'DISABLED';
  Target: Target;
  Description?: string;
  StartDate?: number;
  EndDate?: number;
  ActionAfterCompletion: 'NONE' | 'DELETE';
}

const lambdaArn = /^arn:aws:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/;

/** Throws ValidationException. `Name` comes from the path. */
export function readSchedule(name: string, input: Readonly<Record<string, unknown>>): { document: ScheduleDocument; next: NextTime } {
  if (!/^[\w.-]{1,64}$/.test(name)) throw invalid(`Value '${name}' at 'name' failed to satisfy constraint: [0-9a-zA-Z-_.]{1,64}`);
  if (input.GroupName !== undefined && input.GroupName !== 'default') throw notHere('A schedule group besides "default"');
  const zone = String(input.ScheduleExpressionTimezone ?? 'UTC');
  if (!isTimeZone(zone)) throw invalid(`Value '${zone}' at 'scheduleExpressionTimezone' is no time zone`);
  const next = parseExpression(input.ScheduleExpression, zone);
  return {
    next,
    document: {
      Name: name,
      GroupName: 'default',
      ScheduleExpression: String(input.ScheduleExpression),
      ScheduleExpressionTimezone: zone,
      FlexibleTimeWindow: readWindow(recordOf(input.FlexibleTimeWindow, 'flexibleTimeWindow')),
      State: oneOf(input.State ?? 'ENABLED', ['ENABLED', 'DISABLED'], 'state'),
      Target: readTarget(recordOf(input.Target, 'target')),
      ActionAfterCompletion: oneOf(input.ActionAfterCompletion ?? 'NONE', ['NONE', 'DELETE'], 'actionAfterCompletion'),
      ...(typeof input.Description === 'string' && { Description: input.Description }),
      ...(input.StartDate !== undefined && { StartDate: seconds(input.StartDate, 'startDate') }),
      ...(input.EndDate !== undefined && { EndDate: seconds(input.EndDate, 'endDate') }),
    },
  };
}

function readWindow({ Mode, MaximumWindowInMinutes: minutes }: Readonly<Record<string, unknown>>): ScheduleDocument['FlexibleTimeWindow'] {
  const mode = oneOf(Mode, ['OFF', 'FLEXIBLE'], 'flexibleTimeWindow.mode');
  if (mode === 'OFF' && minutes === undefined) return { Mode: mode };
  if (mode === 'FLEXIBLE' && typeof minutes === 'number' && Number.isInteger(minutes) && minutes >= 1 && minutes <= 1440)
    return { Mode: mode, MaximumWindowInMinutes: minutes };
  throw invalid("Value at 'flexibleTimeWindow.maximumWindowInMinutes' must be 1 to 1440 where the mode is FLEXIBLE, and absent else");
}

function readTarget(target: Readonly<Record<string, unknown>>): Target {
  const { Arn, RoleArn, Input, DeadLetterConfig, RetryPolicy } = target;
  if (typeof RoleArn !== 'string' || RoleArn === '') throw invalid("Value at 'target.roleArn' must not be null");
  if (typeof Arn !== 'string' || Arn === '') throw invalid("Value at 'target.arn' must not be null");
  if (!lambdaArn.test(Arn)) throw notHere(`The schedule target ${Arn}: only functions are`);
  if (Input !== undefined) checkJson(Input);
  return {
    Arn,
    RoleArn,
    ...(Input !== undefined && { Input: String(Input) }),
    ...(DeadLetterConfig !== undefined && { DeadLetterConfig: recordOf(DeadLetterConfig, 'target.deadLetterConfig') }),
    RetryPolicy: {
      MaximumEventAgeInSeconds: 86_400,
      MaximumRetryAttempts: 185,
      ...(RetryPolicy !== undefined && recordOf(RetryPolicy, 'target.retryPolicy')),
    },
  };
}

/** A function's payload is JSON, also before its `<aws.scheduler...>` words are replaced. */
function checkJson(value: unknown): void {
  try {
    JSON.parse(String(value));
  } catch {
    throw invalid("Value at 'target.input' must be JSON for a Lambda target");
  }
}

function oneOf<T extends string>(value: unknown, known: readonly T[], field: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw invalid(`Value '${value}' at '${field}' failed to satisfy constraint: Member must be one of ${known}`);
  return found;
}
function seconds(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(`Value '${value}' at '${field}' is no time`);
  return value;
}
function recordOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`Value at '${field}' must not be null`);
  return { ...value };
}
function invalid(message: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${message}`);
}
function notHere(what: string): AwsError {
  return new AwsError('ValidationException', `${what} is not in the embedded stack`);
}
