/** Prices, once the book knows it, what a model's users left waiting. What was billed before stays as it was billed. */
import { now } from '@gatehouse/runtime/clock';
import { get, getMany, query, transact } from '@gatehouse/runtime/table';
import type { Group } from './entry.ts';
import type { PostOptions } from './ledger.dynamo.ts';
import { replan, type StoredGroup } from './post.ts';
import { headSk, unpricedPk } from './rows.ts';
import { cellOf, writesOf } from './writes.dynamo.ts';

/** So many cells of one group fit into a transaction with their counters. */
const cellsAtOnce = 40;

export interface Repriced {
  model: string;
  amount_micros: number;
  /** Cells that were priced, and those that wait still: the deadline came first, or others wrote the same group. */
  priced: number;
  waiting: number;
}

/**
 * Prices what a model's users left waiting while the book did not know it. Idempotent: a cell that is priced waits no more. Safe beside ingestion:
 * each group moves by its version. @param model as entries name it.
 */
export async function reprice(model: string, { table, terms, deadlineMs }: PostOptions): Promise<Repriced> {
  const until = now() + deadlineMs;
  const done: Repriced = { model, amount_micros: 0, priced: 0, waiting: 0 };
  const rows = await query(table, unpricedPk(model), { index: 'gsi1' });
  const groups = new Map<string, string[]>();
  for (const { pk, sk } of rows) groups.set(String(pk), [...(groups.get(String(pk)) ?? []), String(sk)]);
  for (const [pk, all] of groups)
    for (let at = 0; at < all.length; at += cellsAtOnce) {
      const some = all.slice(at, at + cellsAtOnce);
      const made = now() < until ? replan(await readCells(table, pk, some), terms) : undefined;
      const changed = made?.groups[0]?.cells.size ?? 0;
      if (!made || changed === 0 || !(await transact(writesOf(made, { table, terms }))).held) {
        done.waiting += some.length;
        continue;
      }
      done.priced += changed;
      done.waiting += some.length - changed;
      for (const days of made.spend.values()) for (const one of days.values()) done.amount_micros += one.amount_micros;
    }
  return done;
}

/** The index is behind by a second at most: what it names is read again, after the group's version. */
async function readCells(table: string, pk: string, sks: readonly string[]): Promise<StoredGroup> {
  const head = await get(table, { pk, sk: headSk });
  const rows = await getMany(sks.map((sk) => ({ table, key: { pk, sk } })));
  const cells = new Map(rows.flatMap((row, index) => (row ? [[sks[index] ?? '', cellOf(row)] as const] : [])));
  return { group: head?.group as Group, version: Number(head?.version ?? 0), cells };
}
