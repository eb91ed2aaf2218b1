/** What CloudWatch sees of the queues: how many messages wait in each, a point a minute while there are any. It moves no message. */
import type { MetricPoint } from '../cloudwatch/metric-store.ts';
import type { Messages } from './messages.ts';

/** To be called once for each minute, with its end in milliseconds. A queue that was emptied tells its zero once. */
export function depthMetrics(messages: Messages, put: (point: MetricPoint) => void): (at: number) => void {
  const filled = new Set<string>();
  return (at) => {
    for (const [queue, { visible, notVisible, delayed }] of messages.depths() ?? []) {
      const isFilled = visible + notVisible + delayed > 0;
      if (!isFilled && !filled.delete(queue)) continue;
      if (isFilled) filled.add(queue);
      const point = (name: string, value: number): MetricPoint => ({
        namespace: 'AWS/SQS',
        name,
        unit: 'Count',
        dimensions: { QueueName: queue },
        values: [value],
        timestamp: at - 1,
      });
      put(point('ApproximateNumberOfMessagesVisible', visible));
      put(point('ApproximateNumberOfMessagesNotVisible', notVisible));
      put(point('ApproximateNumberOfMessagesDelayed', delayed));
    }
  };
}
