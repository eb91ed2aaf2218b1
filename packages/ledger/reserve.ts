/** Where open requests and spend limits stand in the ledger's table. Reads nothing. */
import { dayOf } from './entry.ts';
import { periodStart, periods, usedPk } from './rows.ts';
import { monthsOf } from './used.ts';

interface Key {
  pk: string;
  sk: string;
}

export function holdKey(id: string): Key {
  return { pk: `HOLD#${id}`, sk: 'HOLD' };
}
export function heldKey(counter: string): Key {
  return { pk: counter, sk: 'HELD' };
}
export function heldBy(person: string): string {
  return `HELD#${person}`;
}
export function heldByPool(group: string): string {
  return `HELD#POOL#${group}`;
}
export function shardPk(shard: number): string {
  return `HOLDS#${shard}`;
}
export const sharedLimitsKey: Key = { pk: 'LIMITS', sk: 'SHARED' };
export function ownLimitsKey(person: string): Key {
  return { pk: 'LIMITS', sk: person };
}

/** What says how much a person has left, known from the person and the day alone: for the one read that admits a request. */
export function moneyKeys(person: string, nowMs: number): Key[] {
  const today = dayOf(nowMs);
  const months = new Set(periods.flatMap((period) => monthsOf(period, periodStart(period, today))));
  return [
    heldKey(heldBy(person)),
    ownLimitsKey(person),
    sharedLimitsKey,
    ...[...months].map((month) => ({ pk: usedPk(person), sk: month })),
  ];
}
