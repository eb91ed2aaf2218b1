/** Reads the ledger's counters for reports. Writes nothing. */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { tokenKinds } from '@gatehouse/ledger/price';
import { dayPk, spendPk } from '@gatehouse/ledger/rows';
import { getMany, type Item, query } from '@gatehouse/runtime/table';
import * as z from 'zod';
import type { Spent } from './report.ts';
import { daysOf, type Span } from './span.ts';

const count = z.number().default(0);
const Row = z.object({
  amount_micros: z.number(),
  requests: count,
  claimed_micros: count,
  server_micros: count,
  ...Object.fromEntries(tokenKinds.map((kind) => [kind, count])),
});

/** A person's own, strongly consistent. */
export async function spentBy(table: string, person: string, { from, to }: Span): Promise<Spent[]> {
  const rows = await query(table, spendPk(person), { from: `${from}#`, to: `${to}#~` });
  return rows.map((row) => spentOf(person, String(row.sk), row));
}

const daysAtOnce = 8;

/** Everybody's, by the index of days: a second behind at most, as indexes are. */
export async function spentByAll(table: string, span: Span): Promise<Spent[]> {
  const days = daysOf(span);
  const spent: Spent[] = [];
  for (let at = 0; at < days.length; at += daysAtOnce) {
    const rows = await Promise.all(days.slice(at, at + daysAtOnce).map((day) => query(table, dayPk(day), { index: 'gsi1' })));
    for (const row of rows.flat()) spent.push(spentOf(String(row.pk).slice(spendPk('').length), String(row.sk), row));
  }
  return spent;
}

function spentOf(person: string, sk: string, row: Item): Spent {
  // A model's name is the sender's text and may hold the separator; day and route never do.
  const [day = '', ...rest] = sk.split('#');
  const route = rest.pop() ?? '';
  const { amount_micros, requests, claimed_micros, server_micros, ...tokens } = Row.parse(row);
  return {
    person,
    day,
    model: rest.join('#'),
    route,
    amount_micros,
    requests,
    claimed_micros,
    server_micros,
    tokens: tokens as Spent['tokens'],
  };
}

/** BatchGetItem takes a hundred keys. */
const keysAtOnce = 100;

/** The groups that people are in now. Somebody without a gate is in none. */
export async function groupsOfAll(accessTable: string, people: readonly string[]): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (let at = 0; at < people.length; at += keysAtOnce) {
    const some = people.slice(at, at + keysAtOnce);
    const rows = await getMany(some.map((person) => ({ table: accessTable, key: gate.key(person) })));
    for (const row of rows) {
      const door = Gate.safeParse(row);
      if (door.success) found.set(door.data.person, door.data.groups);
    }
  }
  return found;
}
