/** Reads what everybody used on a day from the ledger's counters, by their index of days: a second behind at most. Writes nothing. */
import { Spend, spend, spendDayPk } from '@gatehouse/contracts/records/spend';
import { query } from '@gatehouse/runtime/table';
import type { Used } from './replay.ts';

/** @param table usage's. @param day `2026-11-22`. Throws Unavailable, Throttled. */
export async function usedOn(table: string, day: string): Promise<Used[]> {
  const prefix = spend.key('', '', '', '').pk;
  const rows = await query(table, spendDayPk(day), { index: 'gsi1' });
  return rows.map((row) => {
    // A model's name is the sender's text and may hold the separator; day and route never do.
    const [, ...rest] = String(row.sk).split('#');
    const route = rest.pop() ?? '';
    return { person: String(row.pk).slice(prefix.length), day, model: rest.join('#'), route, ...Spend.parse(row) };
  });
}
