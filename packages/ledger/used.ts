/** What a person used, one row a month with a member for each day; a day, a week and a month are sums of those. Reads and writes nothing. */
import { type Period, periodEnd } from './rows.ts';

/** A row as the table holds it: its sort key is the month, its members `d01` to `d31` are micro-dollars. */
export type UsedRow = Readonly<Record<string, unknown>>;

const dayMs = 86_400_000;

/** The row that a day is in: 2026-11. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

/** A day's member in its month's row. */
export function memberOf(day: string): string {
  return `d${day.slice(8)}`;
}

/** @param start the first day of the period. */
export function daysOf(period: Period, start: string): string[] {
  const days: string[] = [];
  const end = Date.parse(periodEnd(period, start));
  for (let at = Date.parse(start); at < end; at += dayMs) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** The rows that a period is in: one, or two for a week that two months share. */
export function monthsOf(period: Period, start: string): string[] {
  return [...new Set(daysOf(period, start).map(monthOf))];
}

/** Micro-dollars of a period, of the rows that it is in. Corrections may leave a day below zero; a period never is. */
export function usedIn(rows: readonly (UsedRow | undefined)[], period: Period, start: string): number {
  const sum = daysOf(period, start).reduce((total, day) => {
    const row = rows.find((one) => one?.sk === monthOf(day));
    return total + Number(row?.[memberOf(day)] ?? 0);
  }, 0);
  return Math.max(0, sum);
}

/** Days of a row whose amount is another than before, with the difference. */
export function changedDays(before: UsedRow | undefined, after: UsedRow): { day: string; micros: number }[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const micros = /^d\d\d$/.test(name) ? Number(value) - Number(before?.[name] ?? 0) : 0;
    return micros === 0 ? [] : [{ day: `${String(after.sk)}-${name.slice(1)}`, micros }];
  });
}
