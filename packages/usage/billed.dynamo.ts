/**
 * What vendors say they billed, in usage's table:
 *   BILLED#<day>  <source>#<per_ or ->#<32 hex>   micro-dollars of one line of a vendor's bill; TTL 400 days
 * Idempotent by the vendor's own line id: what comes again replaces what was there, since vendors correct their reports.
 * A dump reveals who cost how much.
 */
import { createHash } from 'node:crypto';
import { now } from '@gatehouse/runtime/clock';
import { put, query } from '@gatehouse/runtime/table';
import { type BilledLine, costReport } from './billed.ts';
import { nobodys } from './reconciliation.ts';

const keepSeconds = 400 * 86_400;
const atOnce = 16;

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

export interface Billed {
  /** Person -> source -> micro-dollars. */
  people: Map<string, Record<string, number>>;
  /** What Anthropic's cost report says that the whole organization owes; undefined when there was none. */
  organization: number | undefined;
}

export async function billedOn(table: string, day: string): Promise<Billed> {
  const billed: Billed = { people: new Map(), organization: undefined };
  for (const { sk, amount_micros } of await query(table, `BILLED#${day}`)) {
    const [source = '', person = nobodys] = String(sk).split('#');
    const micros = Number(amount_micros);
    if (source === costReport) {
      billed.organization = (billed.organization ?? 0) + micros;
      continue;
    }
    const by = billed.people.get(person) ?? {};
    billed.people.set(person, by);
    by[source] = (by[source] ?? 0) + micros;
  }
  return billed;
}
