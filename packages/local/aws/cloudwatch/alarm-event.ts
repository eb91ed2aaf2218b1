/** What an alarm says when its state changes: the EventBridge event and the message to an action's topic. Shapes only; it sends nothing. */
import { account, region } from '../service.ts';
import { type Alarm, alarmArn, type MetricAlarm, type StateValue } from './alarm.ts';
import { describeQuery, type MetricQuery } from './metric-query.ts';
import { stamp } from './stamp.ts';
import { isSimpleStatistic } from './statistic-set.ts';

export interface State {
  value: StateValue;
  reason: string;
  /** A JSON text. */
  reasonData?: string | undefined;
  /** Milliseconds. */
  since: number;
}

interface EventState {
  value: StateValue;
  reason: string;
  reasonData?: string;
  timestamp: string;
}

/** `CloudWatch Alarm State Change`, as the default bus carries it. */
export interface AlarmEvent {
  version: '0';
  id: string;
  'detail-type': 'CloudWatch Alarm State Change';
  source: 'aws.cloudwatch';
  account: string;
  time: string;
  region: string;
  resources: [string];
  detail: {
    alarmName: string;
    state: EventState;
    previousState: EventState;
    configuration: Record<string, unknown>;
  };
}

/** `queryId`: what CloudWatch calls the metric of an alarm that was given by MetricName. */
export function alarmEvent(alarm: Alarm, change: { from: State; to: State; id: string; queryId: string }): AlarmEvent {
  return {
    version: '0',
    id: change.id,
    'detail-type': 'CloudWatch Alarm State Change',
    source: 'aws.cloudwatch',
    account,
    time: `${new Date(change.to.since).toISOString().slice(0, 19)}Z`,
    region,
    resources: [alarmArn(alarm.name)],
    detail: {
      alarmName: alarm.name,
      state: eventState(change.to),
      previousState: eventState(change.from),
      configuration: {
        ...(alarm.description !== undefined && { description: alarm.description }),
        ...(alarm.kind === 'composite'
          ? { alarmRule: alarm.source }
          : { metrics: alarm.queries.map((query) => eventQuery(query, alarm.isPlain ? change.queryId : query.id)) }),
      },
    },
  };
}

function eventState({ value, reason, reasonData, since }: State): EventState {
  return { value, reason, ...(reasonData !== undefined && { reasonData }), timestamp: stamp(since) };
}

function eventQuery({ label, returnData, of }: MetricQuery, id: string): Record<string, unknown> {
  const common = { id, ...(label !== undefined && { label }), returnData };
  if (!('stat' in of)) return { ...common, expression: of.source };
  const { namespace, name, dimensions, periodSeconds, statistic, unit } = of.stat;
  const metric = { dimensions, name, namespace };
  return { ...common, metricStat: { metric, period: periodSeconds, stat: statistic, ...(unit !== undefined && { unit }) } };
}

/** The text that CloudWatch publishes to an SNS topic. */
export function actionMessage(alarm: Alarm, change: { from: State; to: State; configured: number }): string {
  return JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: account,
    AlarmConfigurationUpdatedTimestamp: stamp(change.configured),
    NewStateValue: change.to.value,
    NewStateReason: change.to.reason,
    StateChangeTime: stamp(change.to.since),
    Region: region,
    AlarmArn: alarmArn(alarm.name),
    OldStateValue: change.from.value,
    OKActions: alarm.actions.OK,
    AlarmActions: alarm.actions.ALARM,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
    ...(alarm.kind === 'composite' ? { AlarmRule: alarm.source } : { Trigger: trigger(alarm) }),
  });
}

function trigger(alarm: MetricAlarm): Record<string, unknown> {
  return {
    ...(alarm.isPlain ? plainTrigger(alarm.watched) : { Metrics: alarm.queries.map(describeQuery) }),
    Period: alarm.periodSeconds,
    EvaluationPeriods: alarm.evaluationPeriods,
    ...(alarm.datapointsToAlarm !== undefined && { DatapointsToAlarm: alarm.datapointsToAlarm }),
    ComparisonOperator: alarm.comparison,
    Threshold: alarm.threshold,
    TreatMissingData: alarm.treatMissingData ?? '',
    EvaluateLowSampleCountPercentile: '',
  };
}

const snsStatistics: Readonly<Record<string, string>> = {
  SampleCount: 'SAMPLE_COUNT',
  Average: 'AVERAGE',
  Sum: 'SUM',
  Minimum: 'MINIMUM',
  Maximum: 'MAXIMUM',
};

function plainTrigger({ of }: MetricQuery): Record<string, unknown> {
  if (!('stat' in of)) return {};
  const { namespace, name, dimensions, statistic, unit } = of.stat;
  return {
    MetricName: name,
    Namespace: namespace,
    ...(isSimpleStatistic(statistic)
      ? { StatisticType: 'Statistic', Statistic: snsStatistics[statistic] }
      : { StatisticType: 'ExtendedStatistic', ExtendedStatistic: statistic }),
    Unit: unit ?? null,
    Dimensions: Object.entries(dimensions).map(([name, value]) => ({ value, name })),
  };
}
