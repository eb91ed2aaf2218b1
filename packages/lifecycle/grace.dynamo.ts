/**
 * The token of a case that waits out its grace: `GRACE#<per_>` / `GRACE`, one a person as the lock is; TTL beyond the longest grace. Not under
 * CASE#, which others may read: whoever has the token can end the wait.
 */
import { get, put, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Waiting = z.object({ case_id: z.string(), task_token: z.string() });
export type Waiting = z.infer<typeof Waiting>;

const keepSeconds = 120 * 86_400;
const key = (person: string) => ({ pk: `GRACE#${person}`, sk: 'GRACE' });

export async function park(table: string, person: string, waiting: Waiting, now: number): Promise<void> {
  await put(table, { ...key(person), ...waiting, expires_at: Math.floor(now / 1000) + keepSeconds });
}

export async function waitingCase(table: string, person: string): Promise<Waiting | undefined> {
  const row = await get(table, key(person));
  return row && Waiting.parse(row);
}

export function unpark(table: string, person: string): Write {
  return { Delete: { TableName: table, Key: key(person) } };
}
