/**
 * Posts entries of one person whose writers meet at the same rows: each leaves its entries in a row of its own, one at a time takes what waits and
 * commits it for all, the others only look whether their row is gone. A lease says whose turn it is; it spares work and proves nothing:
 * the row goes in the transaction that posts its entries. What a dead writer left is posted by the next, or by the sender's repeat, never by both.
 */
import { freshId, now } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { getMany, type Item, type Key, put, query, update, type Write } from '@gatehouse/runtime/table';
import { commitOnce, withoutKnown } from './commit.dynamo.ts';
import { type Entry, groupText } from './entry.ts';
import type { Plan, Terms } from './post.ts';
import { leaseKey, waitingKey, waitingPk, waitingPrefix, waitingSeconds } from './rows.ts';

interface Turn {
  table: string;
  terms: Terms;
  /** The clock's milliseconds after which the sender is told to come back. */
  until: number;
  /** Told of each plan that was committed here, others' entries included. */
  committed(plan: Plan): void;
}

/** Longer than a commit takes; a holder that died holds up the others no longer than this. */
const leaseMs = 800;
const shortestNapMs = 15;
const longestNapMs = 120;

/** @param entries of one person, at most a chunk. Throws Throttled when the time is over: they may still be posted, and a repeat changes nothing. */
export async function postInTurn(person: string, entries: readonly Entry[], turn: Turn): Promise<void> {
  const { table, until } = turn;
  const at = now();
  const mine = waitingKey(person, at, freshId('evt'));
  await put(table, { ...mine, entries: JSON.stringify(entries), expires_at: Math.floor(at / 1000) + waitingSeconds });
  for (let round = 0; ; round++) {
    const [row, lease] = await getMany([mine, leaseKey(person)].map((key) => ({ table, key })));
    if (!row) return;
    if (now() > until) throw new Throttled(`The ledger was busy: ${entries.length} entries wait still`);
    const free = Number(lease?.until_ms ?? 0) < now();
    if (free && (await takeLease(table, person))) await commitWaiting(person, mine, turn);
    else await new Promise((resolve) => setTimeout(resolve, napMs(round)));
  }
}

function napMs(round: number): number {
  return Math.min(longestNapMs, shortestNapMs * 2 ** round) * (0.5 + Math.random() / 2);
}

async function takeLease(table: string, person: string): Promise<boolean> {
  const at = now();
  const { held } = await update(table, leaseKey(person), {
    UpdateExpression: 'SET until_ms = :until, expires_at = :expires',
    ConditionExpression: 'attribute_not_exists(until_ms) OR until_ms < :now',
    ExpressionAttributeValues: { ':until': at + leaseMs, ':now': at, ':expires': Math.floor(at / 1000) + waitingSeconds },
  });
  return held;
}

function giveLease(table: string, person: string): Promise<unknown> {
  return update(table, leaseKey(person), { UpdateExpression: 'SET until_ms = :over', ExpressionAttributeValues: { ':over': 0 } });
}

/** Takes turns until its own row is gone. */
async function commitWaiting(person: string, mine: Key, turn: Turn): Promise<void> {
  const until = Math.min(turn.until, now() + leaseMs);
  try {
    for (let gone = false; !gone && now() < until; ) {
      const rows = await query(turn.table, waitingPk(person), { prefix: waitingPrefix });
      gone = !rows.some(({ sk }) => sk === mine.sk);
      if (rows.length > 0) await commitRows(rows, turn);
    }
  } finally {
    await giveLease(turn.table, person);
  }
}

/** A transaction takes a hundred writes: an entry, its cell and, for a series, its total; a row's deletion; a group's head and counters. */
const mostWrites = 85;
const widestEntry = 3;
const widestGroup = 6;

/** Commits as many of the oldest rows as fit, half as many when they did not. */
async function commitRows(rows: readonly Item[], turn: Turn): Promise<void> {
  const share = new Map<string, Entry['group']>();
  const waiting = rows.map(({ pk, sk, entries }) => ({
    key: { pk: String(pk), sk: String(sk) },
    entries: entriesOf(String(entries), share),
  }));
  let take = fitting(waiting.map(({ entries }) => entries));
  for (let known: Entry[] | undefined; take > 0; ) {
    const some = waiting.slice(0, take);
    const all = new Map(some.flatMap(({ entries }) => entries).map((entry) => [entry.key, entry]));
    const fresh = known ?? (await withoutKnown(turn.table, [...all.values()]));
    const outcome = await commitOnce(
      fresh,
      turn,
      some.map(({ key }) => goneWith(turn.table, key)),
    );
    if (outcome.done === 'committed') return turn.committed(outcome.plan);
    if (outcome.done === 'contended') return;
    if (outcome.done === 'known') known = outcome.fresh;
    else if (take > 1) {
      take = Math.floor(take / 2);
      known = undefined;
    } else return commitPart(fresh, turn);
  }
}

/** One row's entries may un-bill more windows than one transaction holds: half of them go ahead, and their row later. */
async function commitPart(entries: readonly Entry[], turn: Turn): Promise<void> {
  const outcome = await commitOnce(entries.slice(0, Math.ceil(entries.length / 2)), turn);
  if (outcome.done === 'committed') turn.committed(outcome.plan);
  else if (outcome.done === 'too_large' && entries.length > 1) await commitPart(entries.slice(0, Math.ceil(entries.length / 2)), turn);
}

/** How many of the first rows are likely to fit; at least one. */
function fitting(rows: readonly (readonly Entry[])[]): number {
  const groups = new Set<Entry['group']>();
  let writes = 0;
  for (const [index, entries] of rows.entries()) {
    writes++;
    for (const { group, series } of entries) {
      writes += series ? widestEntry : widestEntry - 1;
      if (!groups.has(group)) writes += widestGroup;
      groups.add(group);
    }
    if (writes > mostWrites) return Math.max(1, index);
  }
  return rows.length;
}

/** Only this file writes the text. Equal groups become one object, since plans compare them by identity. */
function entriesOf(text: string, share: Map<string, Entry['group']>): Entry[] {
  return (JSON.parse(text) as Entry[]).map((entry) => {
    const key = groupText(entry.group);
    const group = share.get(key) ?? entry.group;
    share.set(key, group);
    return { ...entry, group };
  });
}

/** Fails the transaction of whoever comes second with the same row. */
function goneWith(table: string, Key: Key): Write {
  return { Delete: { TableName: table, Key, ConditionExpression: 'attribute_exists(pk)' } };
}
