/** What functions print: kept as log groups, read for the metrics embedded in it, handed to who subscribed. Prints nothing itself. */
import type { Clock } from '../clock.ts';
import { type MetricPoint, readEmf } from './logs/emf.ts';
import { compileFilter, createGroups, stream } from './logs/groups.ts';
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

export function createLogs({ clock, onPoint, deliver = () => {} }: LogsOptions): Logs {
  const groups = createGroups(clock.now);
  const subscriptions = createSubscriptions({ now: clock.now, hasGroup: groups.has, compile: compileFilter, deliver });
  return {
    write(functionName, line) {
      const now = clock.now();
      const group = `/aws/lambda/${functionName}`;
      subscriptions.hear(group, stream, { id: groups.append(group, line, now), timestamp: now, message: line });
      const emf = readEmf(line, now);
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
          timestamp: now,
          resolution: 60,
        });
      }
    },
    service: { targets: ['Logs_20140328'], json: '1.1', operations: { ...groups.operations, ...subscriptions.operations } },
    waiting: subscriptions.waiting,
  };
}
