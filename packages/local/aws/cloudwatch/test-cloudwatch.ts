/** For tests: CloudWatch on a clock that stands still until it is moved, and what it said. */
import { type Clock, createClock } from '../../clock.ts';
import { AwsError } from '../service.ts';
import type { AlarmEvent } from './alarm-event.ts';
import { type CloudWatch, type CloudWatchOptions, createCloudWatch } from './cloudwatch.ts';

/** Not at the start of a minute, as life is. */
export const start = Date.parse('2026-03-01T12:00:20Z');

export interface TestCloudWatch extends CloudWatch {
  clock: Clock;
  events: AlarmEvent[];
  /** Puts values of `Gatehouse/Errors` without dimensions, now or so many seconds ago. */
  errors(values: number | readonly number[], secondsAgo?: number): void;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of many operations; each test reads what it asserts.
  call(operation: string, input?: object): any;
  /** The name of the error with which it is refused. */
  refused(operation: string, input?: object): string;
  /** `12:03 OK -> ALARM` of each event so far. */
  story(): string[];
}

export function openCloudWatch(options: Partial<CloudWatchOptions> = {}): TestCloudWatch {
  const clock = options.clock ?? createClock(() => start);
  const events: AlarmEvent[] = [];
  const cloudwatch = createCloudWatch({ clock, onAlarm: (event) => events.push(event), ...options });
  function call(operation: string, input: object = {}): unknown {
    const run = cloudwatch.service.operations[operation];
    if (!run) throw new Error(`${operation} is not there`);
    return run(input, { caller: 'test', requestId: 'test' });
  }
  function refused(operation: string, input?: object): string {
    try {
      call(operation, input);
    } catch (error) {
      if (error instanceof AwsError) return `${error.type}: ${error.message}`;
      throw error;
    }
    return 'not refused';
  }
  return {
    ...cloudwatch,
    clock,
    events,
    call,
    refused,
    errors: (values, secondsAgo = 0) =>
      cloudwatch.put({
        namespace: 'Gatehouse',
        name: 'Errors',
        unit: 'Count',
        dimensions: {},
        values: [values].flat(),
        timestamp: clock.now() - secondsAgo * 1000,
      }),
    story: () =>
      events.map(({ detail: { alarmName, state, previousState } }) =>
        [state.timestamp.slice(11, 16), alarmName, previousState.value, '->', state.value].join(' '),
      ),
  };
}

/** An alarm on the sum of `Gatehouse/Errors` over one minute. */
export const errorsAlarm = {
  AlarmName: 'errors',
  AlarmDescription: 'Something failed. Look at the log.',
  Namespace: 'Gatehouse',
  MetricName: 'Errors',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'notBreaching',
};
