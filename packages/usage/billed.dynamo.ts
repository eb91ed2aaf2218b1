/**
 * What vendors say they billed, in usage's table:
 *   BILLED#<day>  <source>#<per_ or ->#<32 hex>   micro-dollars of one line of a vendor's bill; TTL 400 days
 * Idempotent by the vendor's own line id: what comes again replaces what was there, since vendors correct their reports.
 * A dump reveals who cost how much.
 */
import { createHash } from 'node:crypto';
import { now } from '@gatehouse/runtime/clock';
import { put, query } from '@gatehouse/runtime/table';
import type { BilledLine } from './billed.ts';

const keepSeconds = 400 * 86_400;
const atOnce = 16;
/** Nobody's: the vendor named no person, or none that we know. */
export const nobodys = '-';

export async function putBilled(table: string, lines: readonly (BilledLine & { person: string })[]): Promise<void> {
  const expires_at = Math.floor(now() / 1000) + keepSeconds;
  for (let at = 0; at < lines.length; at += atOnce)
    await Promise.all(
      lines.slice(at, at + atOnce).map(({ day, source, person, line, amount_micros }) => {
        const digest = createHash('sha256').update(line).digest('hex').slice(0, 32);
        return put(table, { pk: `BILLED#${day}`, sk: `${source}#${person}#${digest}`, amount_micros, expires_at });
      }),
    );
}

/** Person -> source -> micro-dollars. */
export async function billedOn(table: string, day: string): Promise<Map<string, Record<string, number>>> {
  const found = new Map<string, Record<string, number>>();
  for (const { sk, amount_micros } of await query(table, `BILLED#${day}`)) {
    const [source = '', person = nobodys] = String(sk).split('#');
    const by = found.get(person) ?? {};
    found.set(person, by);
    by[source] = (by[source] ?? 0) + Number(amount_micros);
  }
  return found;
}
