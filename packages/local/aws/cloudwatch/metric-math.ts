/** Works out a metric math expression over time series. It reads no store: the series arrive by id. */
import type { Binary, Expression, FunctionName } from './expression.ts';
import { isFillWord } from './expression.ts';
import { notHere, validation } from './refusal.ts';

/** Values by the start of their period in milliseconds. Never NaN or infinite. */
export type TimeSeries = ReadonlyMap<number, number>;
type Value = number | TimeSeries | TimeSeries[];

export interface Scope {
  /** A metric or another expression of the request. */
  series(id: string): TimeSeries;
  /** The ids that METRICS() stands for: metrics, not expressions. */
  metricIds: readonly string[];
  /** The start of every period asked for, ascending, in milliseconds. */
  periods: readonly number[];
  periodMs: number;
}

/** Throws ValidationError unless the expression yields one time series. */
export function evaluate(tree: Expression, scope: Scope, source: string): TimeSeries {
  const value = work(tree, scope);
  if (value instanceof Map) return value;
  throw validation(`The expression '${source}' must yield one time series, not ${Array.isArray(value) ? 'a list of them' : 'a number'}`);
}

function work(tree: Expression, scope: Scope): Value {
  switch (tree.kind) {
    case 'number':
      return tree.value;
    case 'text':
      throw validation(`The text "${tree.value}" is no value; it may only stand in METRICS()`);
    case 'id':
      return scope.series(tree.name);
    case 'list':
      return tree.items.map((item) => seriesOf(work(item, scope), 'A list'));
    case 'negative':
      return each(work(tree.of, scope), (value) => -value);
    case 'binary':
      return combine(work(tree.left, scope), work(tree.right, scope), binaries[tree.operator]);
    case 'call':
      return call(tree.name, tree.args, scope);
  }
}

const binaries: Readonly<Record<Binary, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '<': (left, right) => Number(left < right),
  '<=': (left, right) => Number(left <= right),
  '>': (left, right) => Number(left > right),
  '>=': (left, right) => Number(left >= right),
  '==': (left, right) => Number(left === right),
  '!=': (left, right) => Number(left !== right),
  AND: (left, right) => Number(left !== 0 && right !== 0),
  OR: (left, right) => Number(left !== 0 || right !== 0),
};

type Args = readonly Expression[];

function call(name: FunctionName, args: Args, scope: Scope): Value {
  const arg = (index: number): Value => {
    const found = args[index];
    if (!found) throw validation(`${name}() lacks an argument`);
    return work(found, scope);
  };
  switch (name) {
    case 'METRICS':
      return metrics(args[0], scope);
    case 'SUM':
      return reduce(arg(0), sum);
    case 'AVG':
      return reduce(arg(0), (values) => sum(values) / values.length);
    case 'MIN':
      return reduce(arg(0), (values) => Math.min(...values));
    case 'MAX':
      return reduce(arg(0), (values) => Math.max(...values));
    case 'ABS':
      return each(arg(0), Math.abs);
    case 'CEIL':
      return each(arg(0), Math.ceil);
    case 'FLOOR':
      return each(arg(0), Math.floor);
    case 'PERIOD':
      seriesOf(arg(0), 'PERIOD()');
      return scope.periodMs / 1000;
    case 'FILL':
      return fill(arg(0), args[1], scope);
    case 'IF':
      return choose(arg(0), arg(1), args.length > 2 ? arg(2) : undefined, scope);
  }
}

function metrics(part: Expression | undefined, scope: Scope): TimeSeries[] {
  if (part && part.kind !== 'text') throw validation('METRICS() takes a text in quotation marks, or nothing');
  return scope.metricIds.filter((id) => !part || id.includes(part.value)).map((id) => scope.series(id));
}

/** A list becomes the series of what each period holds; one series becomes one number. */
function reduce(value: Value, how: (values: number[]) => number): Value {
  if (typeof value === 'number') return value;
  // Of no values there is no number: NaN leaves gaps wherever it goes.
  if (value instanceof Map) return value.size === 0 ? Number.NaN : how([...value.values()]);
  const columns = new Map<number, number[]>();
  for (const one of value as TimeSeries[])
    for (const [time, number] of one) {
      const column = columns.get(time);
      if (column) column.push(number);
      else columns.set(time, [number]);
    }
  return finite([...columns].sort(([a], [b]) => a - b).map(([time, column]) => [time, how(column)]));
}

function fill(value: Value, how: Expression | undefined, scope: Scope): Value {
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map((one) => seriesOf(fill(one, how, scope), 'FILL()'));
  const series = value;
  if (how?.kind === 'id' && isFillWord(how.name)) {
    if (how.name === 'LINEAR') throw notHere('FILL(..., LINEAR)');
    return repeat(series, scope.periods);
  }
  const other = how && work(how, scope);
  if (other === undefined || Array.isArray(other)) throw validation('FILL() takes a number, a time series, REPEAT or LINEAR');
  const at = typeof other === 'number' ? () => other : (time: number) => other.get(time);
  return finite(scope.periods.map((time) => [time, series.get(time) ?? at(time)]));
}

function repeat(series: TimeSeries, periods: readonly number[]): TimeSeries {
  let last: number | undefined;
  return finite(
    periods.map((time) => {
      last = series.get(time) ?? last;
      return [time, last];
    }),
  );
}

/** One series if any part is one, so that what an expression yields does not hang on its data. */
function choose(condition: Value, whenTrue: Value, whenFalse: Value | undefined, scope: Scope): Value {
  if (Array.isArray(condition) || Array.isArray(whenTrue) || Array.isArray(whenFalse))
    throw validation('IF() takes numbers and single time series, not a list');
  if (typeof condition === 'number' && typeof whenTrue === 'number' && typeof whenFalse === 'number')
    return Number.isNaN(condition) ? Number.NaN : condition !== 0 ? whenTrue : whenFalse;
  const at = (value: number | TimeSeries | undefined, time: number) => (typeof value === 'object' ? value.get(time) : value);
  return finite(
    scope.periods.map((time) => {
      const truth = at(condition, time);
      return [time, truth === undefined || Number.isNaN(truth) ? undefined : at(truth !== 0 ? whenTrue : whenFalse, time)];
    }),
  );
}

/** Two series meet where both have a value. */
function combine(left: Value, right: Value, how: (left: number, right: number) => number): Value {
  if (Array.isArray(left) && Array.isArray(right)) throw notHere('An operator between two lists of metrics');
  if (Array.isArray(left)) return left.map((one) => seriesOf(combine(one, right, how), 'An operator'));
  if (Array.isArray(right)) return right.map((one) => seriesOf(combine(left, one, how), 'An operator'));
  if (typeof left === 'number') return each(right, (value) => how(left, value));
  if (typeof right === 'number') return each(left, (value) => how(value, right));
  return finite(
    [...left].map(([time, value]) => {
      const other = right.get(time);
      return [time, other === undefined ? undefined : how(value, other)];
    }),
  );
}

function each(value: Value, how: (value: number) => number): Value {
  if (typeof value === 'number') return how(value);
  if (Array.isArray(value)) return value.map((one) => seriesOf(each(one, how), 'A function'));
  return finite([...value].map(([time, number]) => [time, how(number)]));
}

/** A division by zero leaves a gap, as CloudWatch does. */
function finite(entries: readonly (readonly [number, number | undefined])[]): TimeSeries {
  const kept = new Map<number, number>();
  for (const [time, value] of entries) if (value !== undefined && Number.isFinite(value)) kept.set(time, value);
  return kept;
}

function seriesOf(value: Value, what: string): TimeSeries {
  if (value instanceof Map) return value;
  throw validation(`${what} takes time series, not ${Array.isArray(value) ? 'a list' : 'a number'}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
