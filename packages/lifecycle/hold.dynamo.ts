/** A legal hold on a person: `HOLD#<per_>` / `HOLD`, looked at before every purge; no TTL. A dump reveals on whom, by whom and why. */
import { get, put, remove } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Hold = z.object({ by: z.string(), reason: z.string(), at: z.string() });
export type Hold = z.infer<typeof Hold>;

const key = (person: string) => ({ pk: `HOLD#${person}`, sk: 'HOLD' });

export async function holdOf(table: string, person: string): Promise<Hold | undefined> {
  const row = await get(table, key(person));
  return row && Hold.parse(row);
}

export async function setHold(table: string, person: string, hold: Hold): Promise<void> {
  await put(table, { ...key(person), ...hold });
}

export async function liftHold(table: string, person: string): Promise<void> {
  await remove(table, key(person));
}
