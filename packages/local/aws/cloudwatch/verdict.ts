/**
 * Decides an alarm's state from the periods it looks at, missing ones among them, and says why in CloudWatch's words. It reads no clock
 * and changes nothing. Tables: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
import type { Comparison, MetricAlarm, StateValue } from './alarm.ts';
import { stamp } from './stamp.ts';

/** One period; `value` is undefined when nothing came in it. `start` in milliseconds. */
export interface Datapoint {
  start: number;
  value: number | undefined;
  sampleCount?: number | undefined;
}

export interface Verdict {
  state: StateValue;
  /** What decided: the periods with data, or the missing ones when none has any; newest first. */
  evaluated: readonly Datapoint[];
  /** How many periods were filled in for want of data. */
  filled: number;
}

/** What an alarm must say about itself to be judged. */
export type Judged = Pick<MetricAlarm, 'evaluationPeriods' | 'datapointsToAlarm' | 'threshold' | 'comparison' | 'missingData'>;

/** CloudWatch looks further back than the evaluation periods, to bridge gaps; its documented example is 5 periods for 3. */
export const extraPeriods = 2;

/** `range`: the newest `evaluationPeriods + extraPeriods` periods, newest first. Undefined: the state stays as it is. */
export function judge(alarm: Judged, range: readonly Datapoint[]): Verdict | undefined {
  const needed = alarm.datapointsToAlarm ?? alarm.evaluationPeriods;
  const evaluated = range.filter(({ value }) => value !== undefined).slice(0, alarm.evaluationPeriods);
  const filled = alarm.evaluationPeriods - evaluated.length;
  const isBreaching = ({ value }: Datapoint) => value !== undefined && breaches(value, alarm.comparison, alarm.threshold);
  const breaching = evaluated.filter(isBreaching).length;
  const verdict = (state: StateValue): Verdict => ({
    state,
    evaluated: evaluated.length > 0 ? evaluated : range.slice(0, alarm.evaluationPeriods),
    filled,
  });
  const asFilled = breaching + (alarm.missingData === 'breaching' ? filled : 0);
  if (asFilled >= needed) return verdict('ALARM');
  if (filled === 0 || alarm.missingData === 'breaching' || alarm.missingData === 'notBreaching') return verdict('OK');
  if (evaluated.length === 0) return alarm.missingData === 'missing' ? verdict('INSUFFICIENT_DATA') : undefined;
  if (breaching < evaluated.length) return verdict('OK');
  // Everything that came is breaching, but too little came. A first breach may be followed by a good value, so it waits until the
  // oldest one is as many periods old as must breach.
  const isOld = range.slice(needed - 1).some(isBreaching);
  return isOld && alarm.missingData === 'missing' ? verdict('ALARM') : undefined;
}

function breaches(value: number, comparison: Comparison, threshold: number): boolean {
  switch (comparison) {
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'LessThanThreshold':
      return value < threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= threshold;
  }
}

const words: Readonly<Record<Comparison, string>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

/** The sentence of StateReason. People read it; programs read `reasonData`. */
export function reason(alarm: Judged, { state, evaluated, filled }: Verdict): string {
  if (state === 'INSUFFICIENT_DATA') return `Insufficient Data: ${many(filled, 'datapoint')} unknown.`;
  const treated = { breaching: 'Breaching', notBreaching: 'NonBreaching', ignore: '', missing: '' }[alarm.missingData];
  const missing = filled > 0 && treated ? ` and ${many(filled, 'missing datapoint')} treated as [${treated}]` : '';
  const isAlarm = state === 'ALARM';
  const telling = evaluated.filter(({ value }) => value !== undefined && breaches(value, alarm.comparison, alarm.threshold) === isAlarm);
  // An alarm by missing data alone may have only good values to show, and the reverse.
  const shown = telling.length > 0 ? telling : evaluated.filter(({ value }) => value !== undefined);
  if (shown.length === 0) return `Threshold Crossed: no datapoints were received for ${periods(filled)}${missing}.`;
  const values = shown.map(({ start, value }) => `${double(value ?? 0)} (${day(start)})`).join(', ');
  const needed = alarm.datapointsToAlarm;
  const count =
    needed === undefined ? countOf(shown.length, 'datapoint') : `${shown.length} out of the last ${alarm.evaluationPeriods} datapoints`;
  const is = `${shown.length === 1 ? 'was' : 'were'}${isAlarm === telling.length > 0 ? '' : ' not'}`;
  const compared = `${is} ${words[alarm.comparison]} the threshold (${double(alarm.threshold)})${missing}`;
  return `Threshold Crossed: ${count} [${values}] ${compared}${minimum(alarm, isAlarm)}.`;
}

function minimum({ datapointsToAlarm, evaluationPeriods }: Judged, isAlarm: boolean): string {
  if (datapointsToAlarm === undefined) return '';
  return isAlarm
    ? ` (minimum ${countOf(datapointsToAlarm, 'datapoint')} for OK -> ALARM transition)`
    : ` (minimum ${countOf(evaluationPeriods - datapointsToAlarm + 1, 'datapoint')} for ALARM -> OK transition)`;
}

/** StateReasonData: a JSON text, in the members that CloudWatch gives it. */
export function reasonData(alarm: MetricAlarm, { evaluated }: Verdict, at: number): string {
  const real = evaluated.filter(({ value }) => value !== undefined);
  const oldest = real.at(-1);
  const stat = 'stat' in alarm.watched.of ? alarm.watched.of.stat : undefined;
  return JSON.stringify({
    version: '1.0',
    queryDate: stamp(at),
    ...(oldest && { startDate: stamp(oldest.start) }),
    ...(stat?.unit !== undefined && { unit: stat.unit }),
    ...(stat && { statistic: stat.statistic }),
    period: alarm.periodSeconds,
    recentDatapoints: real.map(({ value }) => value).reverse(),
    threshold: alarm.threshold,
    evaluatedDatapoints: evaluated.map(({ start, value, sampleCount }) => ({
      timestamp: stamp(start),
      ...(sampleCount !== undefined && { sampleCount }),
      ...(value !== undefined && { value }),
    })),
  });
}

function many(count: number, noun: string): string {
  return `${countOf(count, noun)} ${count === 1 ? 'was' : 'were'}`;
}
function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
function periods(count: number): string {
  return countOf(count, 'period');
}
function double(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
/** `02/10/19 16:59:00` */
function day(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split(/[T.]/);
  const [year = '', month = '', dayOfMonth = ''] = date.split('-');
  return `${dayOfMonth}/${month}/${year.slice(2)} ${time}`;
}
