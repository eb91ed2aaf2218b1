/** CloudWatch's operations on metrics: put, list and read. They decide nothing about alarms. */
import type { Clock } from '../../clock.ts';
import type { Operation } from '../service.ts';
import { dimensionList, dimensions, finite, list, oneOf, optionalText, page, period, record, text, time, unit } from './input.ts';
import { answer, type MetricQuery, parseQueries, periodOf, statistic } from './metric-query.ts';
import type { MetricPoint, MetricStore, Series } from './metric-store.ts';
import { invalidCombination, invalidValue, missing } from './refusal.ts';
import { bareSet, isSimpleStatistic, percentileOf, read, type StatisticSet } from './statistic-set.ts';

const hourMs = 3_600_000;
const mostData = 1000;
const mostValues = 150;
const mostStatisticsPoints = 1440;
const mostDataPoints = 100_800;
const metricsPage = 500;

type Input = Record<string, unknown>;
type Datum = { point: MetricPoint } | { point: Omit<MetricPoint, 'values' | 'counts'>; set: StatisticSet };

export function metricOperations(store: MetricStore, clock: Clock): Record<string, Operation> {
  return {
    PutMetricData: (input: Input) => {
      const namespace = text(input.Namespace, 'Namespace', 255);
      // Names that begin so belong to AWS services: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
      if (namespace.startsWith('AWS/')) throw invalidValue(`The value ${namespace} for parameter Namespace is invalid.`);
      putMetricData(store, clock, input);
    },
    ListMetrics: (input: Input) => listMetrics(store, clock, input),
    GetMetricStatistics: (input: Input) => getMetricStatistics(store, input),
    GetMetricData: (input: Input) => getMetricData(store, input),
  };
}

/** PutMetricData in any namespace, for those who may play an AWS service. */
export function putMetricData(store: MetricStore, clock: Clock, input: Input): void {
  const namespace = text(input.Namespace, 'Namespace', 255);
  const data = list(input.MetricData, 'MetricData', mostData).map((item, index) =>
    readDatum(namespace, item, `MetricData.member.${index + 1}`, clock.now()),
  );
  if (data.length === 0) throw missing('MetricData');
  for (const datum of data) 'set' in datum ? store.putSet(datum.point, datum.set) : store.put(datum.point);
}

function readDatum(namespace: string, input: unknown, where: string, now: number): Datum {
  const datum = record(input, where);
  const timestamp = datum.Timestamp === undefined ? now : time(datum.Timestamp, `${where}.Timestamp`);
  if (timestamp < now - 14 * 24 * hourMs || timestamp > now + 2 * hourMs)
    throw invalidValue(`The parameter ${where}.Timestamp must specify a time within the past two weeks and at most two hours ahead.`);
  const resolution = datum.StorageResolution ?? 60;
  if (resolution !== 1 && resolution !== 60) throw invalidValue(`The parameter ${where}.StorageResolution must be 1 or 60.`);
  const point = {
    namespace,
    name: text(datum.MetricName, `${where}.MetricName`, 255),
    dimensions: dimensions(datum.Dimensions, `${where}.Dimensions`),
    unit: unit(datum.Unit, `${where}.Unit`),
    timestamp,
    resolution,
  } as const;
  const given = ['Value', 'Values', 'StatisticValues'].filter((name) => datum[name] !== undefined);
  if (given.length === 0) throw missing(`${where}.Value`);
  if (given.length > 1)
    throw invalidCombination(`The parameters ${given.map((name) => `${where}.${name}`).join(' and ')} exclude each other.`);
  if (datum.StatisticValues !== undefined) return { point, set: readSet(datum.StatisticValues, `${where}.StatisticValues`) };
  if (datum.Value !== undefined) return { point: { ...point, values: [finite(datum.Value, `${where}.Value`)] } };
  const values = list(datum.Values, `${where}.Values`, mostValues).map((value) => finite(value, `${where}.Values`));
  if (datum.Counts === undefined) return { point: { ...point, values } };
  const counts = list(datum.Counts, `${where}.Counts`, mostValues).map((count) => finite(count, `${where}.Counts`));
  if (counts.length !== values.length || counts.some((count) => count < 0))
    throw invalidValue(`The parameters ${where}.Values and ${where}.Counts must be of one size, and no count negative.`);
  return { point: { ...point, values, counts } };
}

function readSet(input: unknown, where: string): StatisticSet {
  const set = record(input, where);
  const [count, sum, min, max] = ['SampleCount', 'Sum', 'Minimum', 'Maximum'].map((name) => finite(set[name], `${where}.${name}`));
  if (count === undefined || sum === undefined || min === undefined || max === undefined) throw missing(where);
  if (!(count > 0) || min > max) throw invalidValue(`The parameter ${where} must count at least one sample, Minimum not above Maximum.`);
  return bareSet({ count, sum, min, max });
}

function listMetrics(store: MetricStore, clock: Clock, input: Input): unknown {
  const namespace = optionalText(input.Namespace, 'Namespace', 255);
  const name = optionalText(input.MetricName, 'MetricName', 255);
  const filters = list(input.Dimensions, 'Dimensions', 10).map((item, index) => {
    const { Name, Value } = record(item, `Dimensions.member.${index + 1}`);
    return { name: text(Name, 'Dimensions.Name', 255), value: optionalText(Value, 'Dimensions.Value', 1024) };
  });
  const since = input.RecentlyActive === undefined ? 0 : clock.now() - 3 * hourMs;
  if (input.RecentlyActive !== undefined) oneOf(input.RecentlyActive, 'RecentlyActive', ['PT3H']);
  const fits = (series: Series) =>
    (namespace === undefined || series.namespace === namespace) &&
    (name === undefined || series.name === name) &&
    series.newest >= since &&
    filters.every((filter) => {
      const value = series.dimensions[filter.name];
      return value !== undefined && (filter.value === undefined || filter.value === value);
    });
  const { items, ...more } = page(store.all().filter(fits), metricsPage, input.NextToken);
  return {
    Metrics: items.map((series) => ({
      Namespace: series.namespace,
      MetricName: series.name,
      Dimensions: dimensionList(series.dimensions),
    })),
    ...more,
  };
}

function getMetricStatistics(store: MetricStore, input: Input): unknown {
  const series = store.find(
    text(input.Namespace, 'Namespace', 255),
    text(input.MetricName, 'MetricName', 255),
    dimensions(input.Dimensions),
  );
  const periodMs = period(input.Period) * 1000;
  const { from, to } = range(input, periodMs);
  const asked = Math.ceil((to - from) / periodMs);
  if (asked > mostStatisticsPoints)
    throw invalidCombination(
      `You have requested up to ${asked} datapoints, which exceeds the limit of ${mostStatisticsPoints}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  const simple = list(input.Statistics, 'Statistics', 5);
  const extended = list(input.ExtendedStatistics, 'ExtendedStatistics', 10);
  if (simple.length + extended.length === 0) throw invalidCombination('Must specify either Statistics or ExtendedStatistics');
  const simpleNames = simple.map((one) => statistic(one, 'Statistics')).filter((one) => mustBe(one, isSimpleStatistic(one), 'Statistics'));
  const percentiles = extended
    .map((one) => statistic(one, 'ExtendedStatistics'))
    .filter((one) => mustBe(one, percentileOf(one) !== undefined, 'ExtendedStatistics'));
  const only = unit(input.Unit);
  const Datapoints = [...(series?.units.keys() ?? [])]
    .filter((name) => only === undefined || only === name)
    .flatMap((Unit) =>
      [...store.collect(series, { from, to, periodMs, unit: Unit })].map(([start, set]) => ({
        Timestamp: start / 1000,
        Unit,
        ...readAll(set, simpleNames),
        ...(percentiles.length > 0 && { ExtendedStatistics: readAll(set, percentiles) }),
      })),
    );
  return { Label: input.MetricName, Datapoints };
}

function mustBe(name: string, fits: boolean, parameter: string): boolean {
  if (fits) return true;
  throw invalidValue(`The value ${name} for parameter ${parameter} is invalid.`);
}

function readAll(set: StatisticSet, names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) {
    const value = read(set, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function getMetricData(store: MetricStore, input: Input): unknown {
  const queries = parseQueries(input.MetricDataQueries, 'MetricDataQueries');
  const isAscending =
    oneOf(input.ScanBy ?? 'TimestampDescending', 'ScanBy', ['TimestampDescending', 'TimestampAscending']) !== 'TimestampDescending';
  const most = input.MaxDatapoints === undefined ? mostDataPoints : finite(input.MaxDatapoints, 'MaxDatapoints');
  if (!Number.isInteger(most) || most < 1 || most > mostDataPoints)
    throw invalidValue(`MaxDatapoints must be between 1 and ${mostDataPoints}, not ${most}.`);
  const points = queries
    .filter(({ returnData }) => returnData)
    .flatMap((query) => {
      const periodMs = periodOf(query, queries) * 1000;
      const values = [...answer(query, queries, store, range(input, periodMs))].sort(([a], [b]) => (isAscending ? a - b : b - a));
      // A query without data still has its result.
      return values.length === 0 ? [{ query }] : values.map(([start, value]) => ({ query, start, value }));
    });
  const { items, ...more } = page<{ query: MetricQuery; start?: number; value?: number }>(points, most, input.NextToken);
  const last = items.at(-1)?.query;
  const results = Map.groupBy(items, ({ query }) => query);
  return {
    MetricDataResults: [...results].map(([query, found]) => ({
      Id: query.id,
      Label: query.label ?? ('stat' in query.of ? query.of.stat.name : query.id),
      Timestamps: found.flatMap(({ start }) => (start === undefined ? [] : [start / 1000])),
      Values: found.flatMap(({ value }) => value ?? []),
      StatusCode: more.NextToken !== undefined && query === last ? 'PartialData' : 'Complete',
    })),
    Messages: [],
    ...more,
  };
}

/** The start is rounded down to the minute, or to the period where that is shorter, as CloudWatch does for the last 15 days. */
function range(input: Input, periodMs: number): { from: number; to: number } {
  const step = Math.min(periodMs, 60_000);
  const from = Math.floor(time(input.StartTime, 'StartTime') / step) * step;
  const to = time(input.EndTime, 'EndTime');
  if (from >= to) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  return { from, to };
}
