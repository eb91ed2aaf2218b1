/**
 * What Gatehouse made for a person in Coder: `GIVEN#<per_>` / `ACCOUNT`, and `GIVEN#<per_>` / `WORKSPACE#<alias>`, each with the case, written before it
 * is made; no TTL: it ends when it is taken back. A dump reveals who was given an account.
 */
import { get, put, remove } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ case_id: z.string() });
export type What = 'ACCOUNT' | `WORKSPACE#${string}`;

/** The case that gave it; undefined: it is not from us. */
export async function givenBy(table: string, person: string, what: What): Promise<string | undefined> {
  const row = await get(table, key(person, what));
  return row && Row.parse(row).case_id;
}

export async function rememberGiven(table: string, person: string, what: What, caseId: string): Promise<void> {
  await put(table, { ...key(person, what), case_id: caseId });
}

export async function forgetGiven(table: string, person: string, what: What): Promise<void> {
  await remove(table, key(person, what));
}

function key(person: string, sk: What) {
  return { pk: `GIVEN#${person}`, sk };
}
