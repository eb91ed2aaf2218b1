/**
 * When a schedule fires: `rate(...)`, `cron(...)` and `at(...)` as EventBridge Scheduler reads them, the last two by the clocks of a time
 * zone: a time that they jump over is left out, one that they show twice counts once. It knows no clock.
 */
import cron from 'aws-cron-parser';
import { AwsError } from '../service.ts';
import { momentOf, wallTime } from './time-zone.ts';

/** The first time after `after`, or undefined when there is none. A rate counts from `start`. Milliseconds. */
export type NextTime = (after: number, start: number) => number | undefined;

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Throws ValidationException for what AWS refuses. */
export function parseExpression(expression: unknown, zone = 'UTC'): NextTime {
  const text = typeof expression === 'string' ? expression : '';
  const [, kind, inner = ''] = /^(rate|cron|at)\((.+)\)$/.exec(text) ?? [];
  const next = kind === 'rate' ? rate(inner) : kind === 'cron' ? cronTimes(inner, zone) : kind === 'at' ? at(inner, zone) : undefined;
  if (!next) throw new AwsError('ValidationException', `Invalid Schedule Expression ${text}.`);
  return next;
}

/** `5 minutes`, `1 hour`: whether the word has its plural does not matter to Scheduler. */
function rate(inner: string): NextTime | undefined {
  const [, count, unit = ''] = /^(\d+) (minute|hour|day)s?$/.exec(inner) ?? [];
  const stepMs = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (!(stepMs > 0)) return undefined;
  return (after, start) => (after < start ? start : start + (Math.floor((after - start) / stepMs) + 1) * stepMs);
}

function cronTimes(inner: string, zone: string): NextTime | undefined {
  const parts = inner.trim().split(/\s+/);
  const [, , dayOfMonth, , dayOfWeek] = parts;
  // One of the two days is `?`, and only one; five fields are the other cron.
  if (parts.length !== 6 || (dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;
  if (!parts.every((part, index) => fits(part, index))) return undefined;
  const parsed = cron.parse(parts.join(' '));
  return (after, start) => {
    const from = Math.max(after, start);
    for (let wall = wallTime(from, zone); ; ) {
      const next = cron.next(parsed, new Date(wall))?.getTime();
      if (next === undefined) return undefined;
      const moment = momentOf(next, zone);
      if (moment !== undefined && moment > from) return moment;
      wall = next;
    }
  };
}

const ranges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
  [1970, 2199],
] as const;

/** Names, lists, ranges and steps of one field, and the letters that only days take; the parser itself takes anything. */
function fits(part: string, field: number): boolean {
  const [low, high] = ranges[field] ?? [0, 0];
  const days = field === 2 || field === 4;
  if (part === '*' || (part === '?' && days)) return true;
  const names = field === 3 ? months : field === 4 ? weekdays : [];
  const isValue = (text: string) =>
    names.includes(text.toUpperCase()) || (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high);
  return part.split(',').every((item) => {
    if (field === 2 && (/^L(-\d+)?$/.test(item) || item === 'LW' || /^\d+W$/.test(item))) return true;
    if (field === 4 && (item === 'L' || /^[1-7]L$/.test(item) || /^[1-7]#[1-5]$/.test(item))) return true;
    const [range = '', step, ...more] = item.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
    return (range === '*' && step !== undefined) || (range.split('-').length <= 2 && range.split('-').every(isValue));
  });
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const weekdays = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/** `2026-11-20T13:00:00`: once. */
function at(inner: string, zone: string): NextTime | undefined {
  const wall = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inner) ? Date.parse(`${inner}Z`) : Number.NaN;
  if (Number.isNaN(wall)) return undefined;
  const time = momentOf(wall, zone);
  return (after) => (time !== undefined && time > after ? time : undefined);
}
