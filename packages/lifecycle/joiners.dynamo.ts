/** How many joiners were heard of within an hour: `JOINERS#<2026-11-22T09>` / `COUNT`, `people`; TTL two days. A dump reveals how many. */
import { update } from '@gatehouse/runtime/table';
import * as z from 'zod';

const keepSeconds = 2 * 86_400;

/** @returns which of this hour they are; the first is 1. A fact that is tried again is counted again, which errs towards asking a person. */
export async function countJoiner(table: string, now: number): Promise<number> {
  const hour = new Date(now).toISOString().slice(0, 13);
  const { item } = await update(
    table,
    { pk: `JOINERS#${hour}`, sk: 'COUNT' },
    {
      UpdateExpression: 'ADD people :one SET expires_at = :expires',
      ExpressionAttributeValues: { ':one': 1, ':expires': Math.floor(now / 1000) + keepSeconds },
    },
  );
  return z.object({ people: z.int() }).parse(item).people;
}
