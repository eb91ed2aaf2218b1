/** What functions print, and what others put: kept as log groups, read for the metrics embedded in it, handed to who subscribed. Prints nothing itself. */
import type { Clock } from '../clock.ts';
import { type MetricPoint, readEmf } from './logs/emf.ts';
import { compileFilter } from './logs/filter.ts';
import { createGroups, type Groups, type Line } from './logs/groups.ts';
import { createSubscriptions, type SubscriptionsOptions } from './logs/subscriptions.ts';
import type { AwsService } from './service.ts';

export interface Logs {
  /** Fits `onLog` of the Lambda host: one line, without its newline. */
  write(functionName: string, line: string): void;
  /** CloudWatch Logs: groups, streams, FilterLogEvents, GetLogEvents, subscription filters. */
  service: AwsService;
  /** Lines on their way to subscribers. */
  waiting(): number;
}

export interface LogsOptions {
  clock: Clock;
  /** Told of every point as it is read. */
  onPoint: (point: MetricPoint) => void;
  /** Invokes a subscribed function asynchronously. Without it subscribers hear nothing. */
  deliver?: SubscriptionsOptions['deliver'];
}

/** The one stream of a function's group. */
const stream = 'local';

export function createLogs({ clock, onPoint, deliver = () => {} }: LogsOptions): Logs {
  const groups: Groups = createGroups({ now: clock.now, write, onGone: (group) => subscriptions.forget(group) });
  const subscriptions = createSubscriptions({ now: clock.now, hasGroup: groups.has, compile: compileFilter, deliver });

  function write(group: string, line: Line): void {
    subscriptions.hear(group, line.stream, { id: groups.append(group, line), timestamp: line.timestamp, message: line.message });
    const emf = readEmf(line.message, line.timestamp);
    if (emf.kind === 'points') for (const point of emf.points) onPoint(point);
    else if (emf.kind !== 'none') {
      // CloudWatch drops a bad document in silence but for this count.
      const name = emf.kind === 'parsing' ? 'EMFParsingErrors' : 'EMFValidationErrors';
      onPoint({
        namespace: 'AWS/Logs',
        name,
        unit: 'Count',
        dimensions: { LogGroupName: group },
        values: [1],
        timestamp: line.timestamp,
        resolution: 60,
      });
    }
  }
  return {
    write: (functionName, message) => write(`/aws/lambda/${functionName}`, { stream, message, timestamp: clock.now() }),
    service: { targets: ['Logs_20140328'], json: '1.1', operations: { ...groups.operations, ...subscriptions.operations } },
    waiting: subscriptions.waiting,
  };
}
