/** Whose seat at Anthropic came from us: `SEAT#<per_>` / `GIVEN`, with the case, written before the invite; no TTL: it ends when the seat is taken back. A dump reveals who has one. */
import { get, put, remove } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ case_id: z.string() });

/** The case that gave it; undefined: it is not from us. */
export async function seatGivenBy(table: string, person: string): Promise<string | undefined> {
  const row = await get(table, key(person));
  return row && Row.parse(row).case_id;
}

export async function rememberGivenSeat(table: string, person: string, caseId: string): Promise<void> {
  await put(table, { ...key(person), case_id: caseId });
}

export async function forgetGivenSeat(table: string, person: string): Promise<void> {
  await remove(table, key(person));
}

function key(person: string) {
  return { pk: `SEAT#${person}`, sk: 'GIVEN' };
}
