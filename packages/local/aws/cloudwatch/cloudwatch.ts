/**
 * CloudWatch for the embedded stack: metrics, metric math and alarms, in memory, on the stack clock. Alarms speak through `onAlarm` and
 * `onAction`; nothing is sent from here. Dashboards, anomaly detection, Metrics Insights and streams are not offered.
 */
import type { Clock } from '../../clock.ts';
import type { AwsService } from '../service.ts';
import type { Alarm } from './alarm.ts';
import type { AlarmEvent } from './alarm-event.ts';
import { type AlarmAction, createAlarms } from './alarms.ts';
import { answer } from './metric-query.ts';
import { createMetricStore, type MetricPoint, type MetricStore } from './metric-store.ts';
import { alarmOperations } from './operations.alarms.ts';
import { metricOperations, putMetricData } from './operations.metrics.ts';

export interface CloudWatch {
  service: AwsService;
  /** From inside the stack, where `AWS/...` namespaces are welcome. Values that are not finite are left out. */
  put(point: MetricPoint): void;
  /** PutMetricData as an AWS service does it: `AWS/...` namespaces too. Throws an `AwsError` for what the call refuses. */
  putPlatformMetrics(input: Record<string, unknown>): void;
  /** Cancels the timer; nothing is evaluated afterwards. */
  close(): void;
}

export interface CloudWatchOptions {
  clock: Clock;
  /** Told of each change of an alarm's state, in order: a whole event, to be published on the default bus. */
  onAlarm: (event: AlarmEvent) => unknown;
  /** Carries out an alarm's action, e.g. publishes to an SNS topic; may throw or reject. Without it the history tells of each as failed. */
  onAction?: (action: AlarmAction) => unknown;
  /** Called before alarms look at the minute that ends at `at` (milliseconds): whoever has gauges puts them, dated before `at`. */
  beforeLook?: (at: number) => void;
}

export function createCloudWatch({ clock, onAlarm, onAction, beforeLook }: CloudWatchOptions): CloudWatch {
  const kept = createMetricStore({ clock });
  const alarms = createAlarms({ clock, store: kept, onAlarm, onAction, beforeLook });
  const store: MetricStore = {
    ...kept,
    put: (point) => {
      kept.put(point);
      alarms.touch();
    },
    putSet: (point, set) => {
      kept.putSet(point, set);
      alarms.touch();
    },
  };

  /** What an expression yields does not hang on its data: an empty range shows whether an alarm can be evaluated. */
  function check(alarm: Alarm): void {
    if (alarm.kind === 'metric') answer(alarm.watched, alarm.queries, store, { from: 0, to: alarm.periodSeconds * 1000 });
  }

  return {
    service: {
      targets: ['GraniteServiceVersion20100801'],
      json: '1.0',
      operations: { ...metricOperations(store, clock), ...alarmOperations(alarms, check) },
    },
    put: store.put,
    putPlatformMetrics: (input) => putMetricData(store, clock, input),
    close: alarms.close,
  };
}
