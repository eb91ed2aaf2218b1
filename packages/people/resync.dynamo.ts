/**
 * A wish that the sweep reads everybody of a directory again: changes were lost, and lists do not show groups. `RESYNC#<issuer>` / `RESYNC`; no TTL: the
 * sweep that has read the last of them takes it away.
 */
import { timestamp } from '@gatehouse/runtime/clock';
import { get, put, remove } from '@gatehouse/runtime/table';
import * as z from 'zod';

const keyOf = (issuer: string) => ({ pk: `RESYNC#${issuer}`, sk: 'RESYNC' });
const Row = z.object({ asked_at: z.iso.datetime() });

export async function askResync(table: string, issuer: string, nowMs: number): Promise<void> {
  await put(table, { ...keyOf(issuer), asked_at: timestamp(nowMs) });
}

/** Whoever was read before this, ms, is to be read again. */
export async function resyncAskedAt(table: string, issuer: string): Promise<number | undefined> {
  const row = await get(table, keyOf(issuer));
  return row && Date.parse(Row.parse(row).asked_at);
}

/** Not when another was asked for meanwhile. */
export async function endResync(table: string, issuer: string, askedAt: number): Promise<void> {
  if ((await resyncAskedAt(table, issuer)) === askedAt) await remove(table, keyOf(issuer));
}
