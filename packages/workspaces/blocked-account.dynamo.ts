/**
 * Which Coder accounts Gatehouse itself suspended: `BLOCKED#<per_>` / `CODER#<Coder's user id>`, written before the suspension; no TTL: it ends
 * with the unblock or the purge. Coder has no room for such a mark. A dump reveals who left, by id.
 */
import { get, put, remove } from '@gatehouse/runtime/table';

export async function rememberBlock(table: string, person: string, account: string, caseId: string, at: string): Promise<void> {
  await put(table, { ...key(person, account), case_id: caseId, at });
}

export async function isOurBlock(table: string, person: string, account: string): Promise<boolean> {
  return (await get(table, key(person, account))) !== undefined;
}

export async function forgetBlock(table: string, person: string, account: string): Promise<void> {
  await remove(table, key(person, account));
}

function key(person: string, account: string) {
  return { pk: `BLOCKED#${person}`, sk: `CODER#${account}` };
}
