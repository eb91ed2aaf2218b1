/** What an alarm is: its configuration, as PutMetricAlarm and PutCompositeAlarm give it and DescribeAlarms tells it. It judges nothing. */
import { account, region } from '../service.ts';
import { dimensionList, finite, oneOf, optionalText, text, texts } from './input.ts';
import { describeQuery, type MetricQuery, parseQueries, periodOf } from './metric-query.ts';
import { invalidCombination, invalidValue, missing, notHere, validation } from './refusal.ts';
import { parseRule, type Rule } from './rule.ts';
import { isSimpleStatistic } from './statistic-set.ts';

export const stateValues = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;
export type StateValue = (typeof stateValues)[number];

export const comparisons = [
  'GreaterThanThreshold',
  'GreaterThanOrEqualToThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const;
export type Comparison = (typeof comparisons)[number];
export type MissingData = 'notBreaching' | 'breaching' | 'ignore' | 'missing';

interface Common {
  name: string;
  description?: string | undefined;
  actionsEnabled: boolean;
  /** ARNs by the state that they hear of. */
  actions: Readonly<Record<StateValue, readonly string[]>>;
}

export interface MetricAlarm extends Common {
  kind: 'metric';
  queries: readonly MetricQuery[];
  /** The one query that is compared with the threshold. */
  watched: MetricQuery;
  /** True when it was given by MetricName, not by Metrics: DescribeAlarms tells it so. */
  isPlain: boolean;
  periodSeconds: number;
  evaluationPeriods: number;
  /** All of the evaluation periods when absent. */
  datapointsToAlarm?: number | undefined;
  threshold: number;
  comparison: Comparison;
  missingData: MissingData;
  /** As it was given: the default is not told. */
  treatMissingData?: string | undefined;
}

export interface CompositeAlarm extends Common {
  kind: 'composite';
  source: string;
  rule: Rule;
}

export type Alarm = MetricAlarm | CompositeAlarm;

/** Seconds; alarms of an hour or longer may look back a week, others a day. */
const daySeconds = 86_400;
/** Members that change what an alarm means and that this stack does not have. */
const unsupported = ['ThresholdMetricId', 'EvaluationCriteria', 'EvaluationInterval', 'WarmUpConfiguration'];

const plainMembers = ['MetricName', 'Namespace', 'Statistic', 'ExtendedStatistic', 'Period', 'Dimensions', 'Unit'];

type Input = Record<string, unknown>;

export function alarmArn(name: string): string {
  return `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
}
export function alarmNameOf(nameOrArn: string): string {
  return /^arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(nameOrArn)?.[1] ?? nameOrArn;
}

export function parseMetricAlarm(input: Input): MetricAlarm {
  for (const name of unsupported) if (input[name] !== undefined) throw notHere(`${name} of an alarm`);
  if (typeof input.EvaluationWindow === 'object' && input.EvaluationWindow !== null && 'WallClockWindow' in input.EvaluationWindow)
    throw notHere('An EvaluationWindow other than SlidingWindow');
  if (input.EvaluateLowSampleCountPercentile === 'ignore') throw notHere('EvaluateLowSampleCountPercentile: ignore');
  const common = parseCommon(input);
  const isPlain = input.Metrics === undefined;
  const both = isPlain ? [] : plainMembers.filter((name) => input[name] !== undefined);
  if (both.length > 0) throw invalidCombination(`The parameters Metrics and ${both.join(', ')} exclude each other.`);
  const queries = isPlain ? [plainQuery(input)] : parseQueries(input.Metrics, 'Metrics');
  const [watched, another] = queries.filter(({ returnData }) => returnData);
  if (!watched || another) throw validation('Exactly one element of the metrics list should return data.');
  const periodSeconds = periodOf(watched, queries);
  if (periodSeconds < 10) throw invalidValue(`Period must be 10, 20, 30 or a multiple of 60, not ${periodSeconds}.`);
  const evaluationPeriods = whole(input.EvaluationPeriods, 'EvaluationPeriods');
  const lookBack = periodSeconds * evaluationPeriods;
  const most = periodSeconds >= 3600 ? 7 * daySeconds : daySeconds;
  if (lookBack > most)
    throw validation(
      `Metrics cannot be checked across more than ${most / daySeconds} day(s) (EvaluationPeriods * Period must be <= ${most}).`,
    );
  const datapointsToAlarm = input.DatapointsToAlarm === undefined ? undefined : whole(input.DatapointsToAlarm, 'DatapointsToAlarm');
  if (datapointsToAlarm !== undefined && datapointsToAlarm > evaluationPeriods)
    throw validation('DatapointsToAlarm must not exceed EvaluationPeriods.');
  const treatMissingData = optionalText(input.TreatMissingData, 'TreatMissingData', 255);
  return {
    ...common,
    kind: 'metric',
    queries,
    watched,
    isPlain,
    periodSeconds,
    evaluationPeriods,
    datapointsToAlarm,
    threshold: finite(input.Threshold, 'Threshold'),
    comparison: comparisonOf(input.ComparisonOperator),
    // Metrics of DynamoDB: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    missingData: queries.some(({ of }) => 'stat' in of && of.stat.namespace === 'AWS/DynamoDB')
      ? 'ignore'
      : oneOf(treatMissingData ?? 'missing', 'TreatMissingData', ['missing', 'breaching', 'notBreaching', 'ignore']),
    treatMissingData,
  };
}

export function parseCompositeAlarm(input: Input): CompositeAlarm {
  if (input.ActionsSuppressor !== undefined) throw notHere('ActionsSuppressor of a composite alarm');
  const source = text(input.AlarmRule, 'AlarmRule', 10_240);
  return { ...parseCommon(input), kind: 'composite', source, rule: parseRule(source) };
}

function parseCommon(input: Input): Common {
  const actions = (parameter: string) => texts(input[parameter], parameter, 5);
  if (input.ActionsEnabled !== undefined && typeof input.ActionsEnabled !== 'boolean')
    throw invalidValue('The parameter ActionsEnabled must be true or false.');
  return {
    name: text(input.AlarmName, 'AlarmName', 255),
    description: input.AlarmDescription === '' ? undefined : optionalText(input.AlarmDescription, 'AlarmDescription', 1024),
    actionsEnabled: input.ActionsEnabled !== false,
    actions: {
      OK: actions('OKActions'),
      ALARM: actions('AlarmActions'),
      INSUFFICIENT_DATA: actions('InsufficientDataActions'),
    },
  };
}

function plainQuery(input: Input): MetricQuery {
  if ((input.Statistic === undefined) === (input.ExtendedStatistic === undefined))
    throw invalidCombination('Must specify either Statistic or ExtendedStatistic.');
  if (input.Statistic !== undefined && !isSimpleStatistic(input.Statistic))
    throw invalidValue(`The value ${input.Statistic} for parameter Statistic is invalid.`);
  if (input.MetricName === undefined) throw missing('MetricName');
  const Metric = { Namespace: input.Namespace, MetricName: input.MetricName, Dimensions: input.Dimensions };
  const MetricStat = { Metric, Period: input.Period, Stat: input.Statistic ?? input.ExtendedStatistic, Unit: input.Unit };
  const [query] = parseQueries([{ Id: 'm1', MetricStat }], 'Metrics');
  if (!query) throw missing('MetricName');
  return query;
}

function comparisonOf(value: unknown): Comparison {
  if (/Threshold$/.test(String(value)) && /LowerOr|LowerThreshold|UpperThreshold/.test(String(value)))
    throw notHere(`The anomaly detection comparison ${value}`);
  return oneOf(value, 'ComparisonOperator', comparisons);
}

function whole(value: unknown, parameter: string): number {
  const number = finite(value, parameter);
  if (!Number.isInteger(number) || number < 1)
    throw invalidValue(`The parameter ${parameter} must be a whole number from 1, not ${number}.`);
  return number;
}

/** The configuration as DescribeAlarms tells it, without state and times. */
export function describeAlarm(alarm: Alarm): Record<string, unknown> {
  const common = {
    AlarmName: alarm.name,
    AlarmArn: alarmArn(alarm.name),
    ...(alarm.description !== undefined && { AlarmDescription: alarm.description }),
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: alarm.actions.OK,
    AlarmActions: alarm.actions.ALARM,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
  };
  if (alarm.kind === 'composite') return { ...common, AlarmRule: alarm.source };
  return {
    ...common,
    ...(alarm.isPlain ? describePlain(alarm.watched) : { Dimensions: [], Metrics: alarm.queries.map(describeQuery) }),
    EvaluationPeriods: alarm.evaluationPeriods,
    ...(alarm.datapointsToAlarm !== undefined && { DatapointsToAlarm: alarm.datapointsToAlarm }),
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparison,
    ...(alarm.treatMissingData !== undefined && { TreatMissingData: alarm.treatMissingData }),
  };
}

function describePlain({ of }: MetricQuery): Record<string, unknown> {
  if (!('stat' in of)) return {};
  const { namespace, name, dimensions, periodSeconds, statistic, unit } = of.stat;
  return {
    MetricName: name,
    Namespace: namespace,
    ...(isSimpleStatistic(statistic) ? { Statistic: statistic } : { ExtendedStatistic: statistic }),
    Dimensions: dimensionList(dimensions),
    Period: periodSeconds,
    ...(unit !== undefined && { Unit: unit }),
  };
}
