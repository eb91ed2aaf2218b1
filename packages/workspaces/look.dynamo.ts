/** Up to when builds have been looked at: `LOOK` / `BUILDS`, `until` (RFC 3339); no TTL. A dump reveals nothing. */
import { get, put } from '@gatehouse/runtime/table';
import * as z from 'zod';

const key = { pk: 'LOOK', sk: 'BUILDS' };

export async function lastLook(table: string): Promise<string | undefined> {
  const row = await get(table, key);
  return row && z.object({ until: z.string() }).parse(row).until;
}

export async function rememberLook(table: string, until: string): Promise<void> {
  await put(table, { ...key, until });
}
