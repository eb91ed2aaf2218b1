/** How far each polled source has been read. `POLL#<source>#<issuer>` / `POLL`; no TTL. A dump reveals positions in logs, and nobody. */
import { get, put } from '@gatehouse/runtime/table';
import * as z from 'zod';

const keyOf = (source: string, issuer: string) => ({ pk: `POLL#${source}#${issuer}`, sk: 'POLL' });
const Row = z.object({ cursor: z.string() });

export async function readCursor(table: string, source: string, issuer: string): Promise<string | undefined> {
  const row = await get(table, keyOf(source, issuer));
  return row && Row.parse(row).cursor;
}

/** Only after everything before the cursor is written down. */
export async function keepCursor(table: string, source: string, issuer: string, cursor: string): Promise<void> {
  await put(table, { ...keyOf(source, issuer), cursor });
}
