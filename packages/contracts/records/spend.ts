/**
 * What a person used of a model by a route on a day, and what it cost. `SPEND#<per_>` / `<day>#<model>#<route>`;
 * gsi1 `DAY#<day>` / `<per_>#<model>#<route>`; no TTL. The ledger writes it, in the transaction that posts.
 */
import * as z from 'zod';
import { record } from './record.ts';

/** Tokens by kind stand beside these; readers of money alone do not need them. */
export const Spend = z.object({ amount_micros: z.number(), requests: z.number().default(0) });
export type Spend = z.infer<typeof Spend>;

export function spendPk(person: string): string {
  return `SPEND#${person}`;
}
/** @param day `2026-11-22`. @param model any text: it may hold the separator; day and route never do. */
export function spendSk(day: string, model: string, route: string): string {
  return `${day}#${model}#${route}`;
}
/** All spend of a day, in the index. */
export function spendDayPk(day: string): string {
  return `DAY#${day}`;
}

export const spend = record({
  name: 'spend',
  writer: 'usage',
  readers: ['policy', 'operations'],
  leadingKeys: ['SPEND#*', 'DAY#*'],
  key: (person: string, day: string, model: string, route: string) => ({ pk: spendPk(person), sk: spendSk(day, model, route) }),
  schema: Spend,
  example: { amount_micros: 31250, requests: 2 },
  consistency: 'eventual',
  away: 'say that the replay is partial, or refuse it, 503',
  reveals: 'who used which model, when and how much',
});
