/**
 * Which case an execution that an admin started has left its work to: `CASE#<cas_>` / `JOINED` with `case_id`; no TTL: the admin was told the first id.
 * Written before that execution ends; the case itself never changes by it.
 */
import { get, put } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { readCase, type Stored } from './case.dynamo.ts';

const key = (caseId: string) => ({ pk: `CASE#${caseId}`, sk: 'JOINED' });

export async function rememberJoined(table: string, caseId: string, other: string): Promise<void> {
  await put(table, { ...key(caseId), case_id: other });
}

/** The case of this id, or the one that it was left to. Undefined: there is neither, or not yet. */
export async function caseNamed(table: string, id: string): Promise<Stored | undefined> {
  const own = await readCase(table, id);
  if (own) return own;
  const row = await get(table, key(id));
  return row && readCase(table, z.object({ case_id: z.string() }).parse(row).case_id);
}
