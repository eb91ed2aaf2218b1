/**
 * The ledger's rows in usage's table; their layout is here and nowhere else, but for spend's, which others read: that is its record's.
 *   ENTRY#<key>                 ENTRY                    an entry, once; TTL 400 days. The idempotency key of all spend.
 *   CELL#<per_>#<32 hex>        HEAD                     a group's version: every write of the group moves it
 *   CELL#<per_>#<32 hex>        S#<ms> E#<ms> M#<ms>#<ms>  what is witnessed there and what of it is billed; gsi1 UNPRICED#<model> while unpriced
 *   SERIES#<key>                SERIES                   the last running total of a cumulative counter; TTL 60 days
 *   SPEND#<per_>                <day>#<model>#<route>    counters of a person, a day, a model and a route; gsi1 DAY#<day> / <per_>#<model>#<route>
 *   USED#<per_>                 <yyyy-mm>                what a person used on each day of a month: d01 to d31, micro-dollars
 *   POOL#<group>                <period>#<first day>     what a group used of a period, for budgets that it shares; /#<per_>: how much of it is whose
 *   BUDGET#<budget>             <first day>#<limit>      the highest mark of a budget that was told of
 *   WAITING#<per_>              W#<ms>#<id>, LEASE       entries whose writers met others at the same rows, and who commits them for all just now; TTL 1 day
 *   BODY#<sha256>               BODY                     a whole body was posted: a shortcut, never the proof; TTL 2 days
 * A dump reveals who used which model, when and how much; no prompt, no e-mail.
 */
import { createHash } from 'node:crypto';
import { type Group, groupText } from './entry.ts';

export { spendDayPk as dayPk, spendPk, spendSk } from '@gatehouse/contracts/records/spend';

export function entryKey(key: string) {
  return { pk: `ENTRY#${key}`, sk: 'ENTRY' };
}
export function bodyKey(digest: string) {
  return { pk: `BODY#${digest}`, sk: 'BODY' };
}
export function seriesKey(key: string) {
  return { pk: `SERIES#${key}`, sk: 'SERIES' };
}
export function groupPk(group: Group): string {
  return `CELL#${group.person}#${createHash('sha256').update(groupText(group)).digest('hex').slice(0, 32)}`;
}
export const headSk = 'HEAD';
/** @param ms when the writer began to wait. */
export function waitingKey(person: string, ms: number, id: string) {
  return { pk: waitingPk(person), sk: `${waitingPrefix}${String(ms).padStart(13, '0')}#${id}` };
}
export const waitingPrefix = 'W#';
export function waitingPk(person: string): string {
  return `WAITING#${person}`;
}
export function leaseKey(person: string) {
  return { pk: waitingPk(person), sk: 'LEASE' };
}
/** Cells of a model that wait for a price, in the index. */
export function unpricedPk(model: string): string {
  return `UNPRICED#${model}`;
}
export function usedPk(person: string): string {
  return `USED#${person}`;
}

/** Of a pool's counters. */
export function usedSk(period: Period, start: string): string {
  return `${period}#${start}`;
}
/** The pool that everybody is in; no group has this name, since a directory's names are not empty. */
export const everybody = '';
export function poolPk(group: string): string {
  return `POOL#${group}`;
}
/** @param budget as `budgetId` spells it. */
export function budgetKey(budget: string, start: string, limitMicros: number) {
  return { pk: `BUDGET#${budget}`, sk: `${start}#${limitMicros}` };
}

export const entrySeconds = 400 * 86_400;
export const bodySeconds = 2 * 86_400;
export const waitingSeconds = 86_400;
export const seriesSeconds = 60 * 86_400;

export type Period = 'daily' | 'weekly' | 'monthly';
export const periods: readonly Period[] = ['daily', 'weekly', 'monthly'];

/** The first day after the period that begins on the day given. */
export function periodEnd(period: Period, start: string): string {
  const date = new Date(`${start}T00:00:00Z`);
  if (period === 'monthly') date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCDate(date.getUTCDate() + (period === 'weekly' ? 7 : 1));
  return date.toISOString().slice(0, 10);
}

/** The first day of the period that a day lies in; weeks begin on Monday, all in UTC. */
export function periodStart(period: Period, day: string): string {
  if (period === 'daily') return day;
  if (period === 'monthly') return `${day.slice(0, 7)}-01`;
  const date = new Date(`${day}T00:00:00Z`);
  const sinceMonday = (date.getUTCDay() + 6) % 7;
  return new Date(date.getTime() - sinceMonday * 86_400_000).toISOString().slice(0, 10);
}
