/** When a directory was last swept whole, with nobody left to read. `SWEPT#<issuer>` / `SWEPT`; no TTL. What is nobody's can only be told by who is here. */
import { timestamp } from '@gatehouse/runtime/clock';
import { get, put } from '@gatehouse/runtime/table';
import * as z from 'zod';

const keyOf = (issuer: string) => ({ pk: `SWEPT#${issuer}`, sk: 'SWEPT' });
const Row = z.object({ at: z.iso.datetime() });

export async function markSwept(table: string, issuer: string, atMs: number): Promise<void> {
  await put(table, { ...keyOf(issuer), at: timestamp(atMs) });
}

/** Ms. Undefined: never. */
export async function lastSwept(table: string, issuer: string): Promise<number | undefined> {
  const row = await get(table, keyOf(issuer));
  return row && Date.parse(Row.parse(row).at);
}
