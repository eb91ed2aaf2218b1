/** The queries of GetMetricData and of alarms: a statistic of a metric, or metric math over other queries. Reads them, checks them, answers them. */
import { type Expression, idsOf, parseExpression } from './expression.ts';
import { dimensionList, dimensions, list, oneOf, period, record, text, unit } from './input.ts';
import { evaluate, type TimeSeries } from './metric-math.ts';
import type { MetricStore } from './metric-store.ts';
import { notHere, validation } from './refusal.ts';
import { isSimpleStatistic, isStatistic, read } from './statistic-set.ts';

export interface MetricStat {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  periodSeconds: number;
  statistic: string;
  unit?: string | undefined;
}

export interface MetricQuery {
  id: string;
  label?: string | undefined;
  returnData: boolean;
  of: { stat: MetricStat } | { source: string; tree: Expression };
}

/** Milliseconds; `to` is not in. */
export interface Range {
  from: number;
  to: number;
}

const mostQueries = 500;
/** As many datapoints as GetMetricData answers at once. */
const mostPeriods = 100_800;

/** Throws ValidationError and the InvalidParameter exceptions. Every id that an expression names is there, and none needs itself. */
export function parseQueries(input: unknown, parameter: string): MetricQuery[] {
  const queries = list(input, parameter, mostQueries).map((item, index) => parseQuery(item, `${parameter}.member.${index + 1}`));
  if (queries.length === 0) throw validation(`${parameter} must hold at least one query`);
  const byId = new Map(queries.map((query) => [query.id, query]));
  if (byId.size < queries.length) throw validation(`The values for parameter id in ${parameter} are not unique`);
  const checked = new Set<string>();
  for (const query of queries) checkReach(query, byId, [], checked);
  for (const query of queries) periodOf(query, queries);
  return queries;
}

function parseQuery(input: unknown, where: string): MetricQuery {
  const query = record(input, where);
  const id = text(query.Id, `${where}.Id`, 255);
  if (!/^[a-z]\w*$/.test(id)) throw validation(`The value ${id} for parameter ${where}.Id must start with a lower case letter`);
  if (query.AccountId !== undefined) throw notHere('AccountId of a metric query');
  if ((query.MetricStat === undefined) === (query.Expression === undefined))
    throw validation(`${where} must have either MetricStat or Expression`);
  const common = {
    id,
    label: query.Label === undefined ? undefined : text(query.Label, `${where}.Label`, 1024),
    returnData: query.ReturnData !== false,
  };
  if (query.MetricStat !== undefined) return { ...common, of: { stat: parseStat(query.MetricStat, `${where}.MetricStat`) } };
  const source = text(query.Expression, `${where}.Expression`, 2048);
  return { ...common, of: { source, tree: parseExpression(source) } };
}

function parseStat(input: unknown, where: string): MetricStat {
  const stat = record(input, where);
  const metric = record(stat.Metric, `${where}.Metric`);
  return {
    namespace: text(metric.Namespace, `${where}.Metric.Namespace`, 255),
    name: text(metric.MetricName, `${where}.Metric.MetricName`, 255),
    dimensions: dimensions(metric.Dimensions, `${where}.Metric.Dimensions`),
    periodSeconds: period(stat.Period, `${where}.Period`),
    statistic: statistic(stat.Stat, `${where}.Stat`),
    unit: unit(stat.Unit, `${where}.Unit`),
  };
}

/** Throws ValidationError for a statistic that CloudWatch has and this stack has not, too. */
export function statistic(value: unknown, parameter: string): string {
  if (isStatistic(value)) return value;
  if (/^(tm|wm|tc|ts|IQM|PR|TM|WM|TC|TS)/.test(String(value))) throw notHere(`The statistic ${value}`);
  return oneOf(value, parameter, ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum', 'p0 to p100']);
}

function checkReach(query: MetricQuery, byId: ReadonlyMap<string, MetricQuery>, path: readonly string[], checked: Set<string>): void {
  if (path.includes(query.id)) throw validation(`The expression ${query.id} needs itself: ${[...path, query.id].join(' -> ')}`);
  if (!('tree' in query.of) || checked.has(query.id)) return;
  for (const id of idsOf(query.of.tree)) {
    const next = byId.get(id);
    if (!next) throw validation(`The expression '${query.of.source}' names the metric ${id}, which is not in the request`);
    checkReach(next, byId, [...path, query.id], checked);
  }
  checked.add(query.id);
}

/** Seconds. All metrics of an expression must share one period. */
export function periodOf(query: MetricQuery, queries: readonly MetricQuery[]): number {
  if ('stat' in query.of) return query.of.stat.periodSeconds;
  const periods = new Set(queries.flatMap(({ of }) => ('stat' in of ? [of.stat.periodSeconds] : [])));
  const [first] = periods;
  if (first === undefined) throw validation(`The expression '${query.of.source}' stands on no metric`);
  if (periods.size > 1) throw notHere(`Metric math over periods of different lengths (${[...periods].join(', ')} seconds)`);
  return first;
}

/** Periods without a value are absent. Throws ValidationError when an expression does not yield one time series. */
export function answer(query: MetricQuery, queries: readonly MetricQuery[], store: MetricStore, range: Range): TimeSeries {
  if ('stat' in query.of) return readStat(query.of.stat, store, range);
  const periodMs = periodOf(query, queries) * 1000;
  if ((range.to - range.from) / periodMs > mostPeriods) throw notHere(`Metric math over more than ${mostPeriods} periods`);
  const periods: number[] = [];
  for (let start = range.from; start < range.to; start += periodMs) periods.push(start);
  const known = new Map<string, TimeSeries>();
  const series = (id: string): TimeSeries => {
    const found = known.get(id) ?? work(id);
    known.set(id, found);
    return found;
  };
  const metricIds = queries.filter(({ of }) => 'stat' in of).map(({ id }) => id);
  const scope = { series, metricIds, periods, periodMs };
  return evaluate(query.of.tree, scope, query.of.source);

  function work(id: string): TimeSeries {
    const of = queries.find((one) => one.id === id)?.of;
    if (!of) throw validation(`There is no metric ${id} in the request`);
    return 'stat' in of ? readStat(of.stat, store, range) : evaluate(of.tree, scope, of.source);
  }
}

/** `statistic`: another one than the query's own. */
export function readStat(stat: MetricStat, store: MetricStore, { from, to }: Range, statistic = stat.statistic): TimeSeries {
  const sets = store.collect(store.find(stat.namespace, stat.name, stat.dimensions), {
    from,
    to,
    periodMs: stat.periodSeconds * 1000,
    unit: stat.unit,
    bare: isSimpleStatistic(statistic),
  });
  const values = new Map<number, number>();
  for (const [start, set] of sets) {
    const value = read(set, statistic);
    if (value !== undefined) values.set(start, value);
  }
  return values;
}

/** As the API answers it: what `parseQueries` took. */
export function describeQuery(query: MetricQuery): Record<string, unknown> {
  const { id, label, returnData, of } = query;
  const common = { Id: id, ...(label !== undefined && { Label: label }), ReturnData: returnData };
  if (!('stat' in of)) return { ...common, Expression: of.source };
  const { namespace, name, dimensions: by, periodSeconds, statistic: Stat, unit: Unit } = of.stat;
  const Metric = { Namespace: namespace, MetricName: name, Dimensions: dimensionList(by) };
  return { ...common, MetricStat: { Metric, Period: periodSeconds, Stat, ...(Unit !== undefined && { Unit }) } };
}
