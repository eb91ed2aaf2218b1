/**
 * Which keys a case has blocked: `CASE#<cas_>` / `KEY#<LiteLLM's hash>`, written before the block; TTL beyond the longest grace period.
 * With it a key stays under watch even when somebody deletes it meanwhile. A dump reveals hashes of keys, no key.
 */
import { put, query } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ token: z.string() });
const keepSeconds = 180 * 86_400;

export async function remember(table: string, caseId: string, token: string, now: number): Promise<void> {
  await put(table, { ...keyOf(caseId, token), token, expires_at: Math.floor(now / 1000) + keepSeconds });
}

export async function remembered(table: string, caseId: string): Promise<string[]> {
  const rows = await query(table, keyOf(caseId, '').pk, { prefix: 'KEY#' });
  return rows.map((row) => Row.parse(row).token);
}

function keyOf(caseId: string, token: string) {
  return { pk: `CASE#${caseId}`, sk: `KEY#${token}` };
}
