/** What functions print: kept as log groups, and read for the metrics embedded in it. Prints nothing itself. */
import type { Clock } from '../clock.ts';
import { type MetricPoint, readEmf } from './logs/emf.ts';
import { createGroups } from './logs/groups.ts';
import type { AwsService } from './service.ts';

export interface Logs {
  /** Fits `onLog` of the Lambda host: one line, without its newline. */
  write(functionName: string, line: string): void;
  /** CloudWatch Logs: DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents. */
  service: AwsService;
}

export interface LogsOptions {
  clock: Clock;
  /** Told of every point as it is read. */
  onPoint: (point: MetricPoint) => void;
}

export function createLogs({ clock, onPoint }: LogsOptions): Logs {
  const groups = createGroups();
  return {
    write(functionName, line) {
      const now = clock.now();
      const group = `/aws/lambda/${functionName}`;
      groups.append(group, line, now);
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
    service: { targets: ['Logs_20140328'], json: '1.1', operations: groups.operations },
  };
}
