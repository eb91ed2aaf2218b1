/** What functions print: kept as log groups, and read for the metrics embedded in it. Prints nothing itself. */
import type { Clock } from '../clock.ts';
import { type MetricPoint, readEmf } from './logs/emf.ts';
import { createGroups } from './logs/groups.ts';
import { createPoints } from './logs/points.ts';
import type { AwsService } from './service.ts';

export interface Logs {
  /** Fits `onLog` of the Lambda host: one line, without its newline. */
  write(functionName: string, line: string): void;
  /** CloudWatch Logs: DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents. */
  service: AwsService;
  /** CloudWatch: ListMetrics and GetMetricStatistics over the embedded metrics. */
  metrics: AwsService;
  /** Every point kept, oldest first. */
  points(): readonly MetricPoint[];
}

export interface LogsOptions {
  clock: Clock;
  /** Told of every point as it is read. */
  onPoint?: (point: MetricPoint) => void;
}

export function createLogs({ clock, onPoint }: LogsOptions): Logs {
  const groups = createGroups();
  const points = createPoints();
  function keep(point: MetricPoint): void {
    points.add(point);
    onPoint?.(point);
  }
  return {
    write(functionName, line) {
      const now = clock.now();
      const group = `/aws/lambda/${functionName}`;
      groups.append(group, line, now);
      const emf = readEmf(line, now);
      if (emf.kind === 'points') for (const point of emf.points) keep(point);
      else if (emf.kind !== 'none') {
        // CloudWatch drops a bad document in silence but for this count.
        const name = emf.kind === 'parsing' ? 'EMFParsingErrors' : 'EMFValidationErrors';
        keep({
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
    service: { targets: ['Logs_20140328'], json: '1.1', operations: groups.operations },
    metrics: { targets: ['GraniteServiceVersion20100801'], json: '1.0', operations: points.operations },
    points: points.all,
  };
}
