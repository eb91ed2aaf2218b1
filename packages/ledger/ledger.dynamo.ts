/**
 * Posts entries to the ledger: each chunk is one transaction that holds its entry keys, its cells, its counters and its fact, or nothing.
 * The race: two batches of one group read the same version; the second's transaction fails on it and then waits its turn. An entry that is
 * already there is dropped and the rest posted. Idempotent by the entries' keys.
 */
import { createHash } from 'node:crypto';
import { now } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { get, put } from '@gatehouse/runtime/table';
import { commitOnce, withoutKnown } from './commit.dynamo.ts';
import type { Entry, Group } from './entry.ts';
import { chunks, type Difference, type Plan, plus, type Terms } from './post.ts';
import { bodyKey, bodySeconds, groupPk } from './rows.ts';
import { postInTurn } from './turn.dynamo.ts';

export interface Posted {
  /** Entries that were new. */
  entries: number;
  /** Entries that the ledger already had. */
  duplicates: number;
  /** What changed, by person and `day#model#route`. */
  spend: Map<string, Map<string, Difference>>;
  unpriced: Plan['unpriced'];
}

export interface PostOptions {
  table: string;
  terms: Terms;
  /** Milliseconds after which the rest is given up and the sender told to come back. */
  deadlineMs: number;
  /** Filled as chunks are committed: holds what was posted also when the rest failed. */
  posted?: Posted;
}

export function nothingPosted(): Posted {
  return { entries: 0, duplicates: 0, spend: new Map(), unpriced: [] };
}

/** Whether a whole body was posted before. False proves nothing. */
export async function knowsBody(table: string, digest: string): Promise<boolean> {
  return (await get(table, bodyKey(digest), { consistent: false })) !== undefined;
}

export async function rememberBody(table: string, digest: string): Promise<void> {
  await put(table, { ...bodyKey(digest), expires_at: Math.floor(now() / 1000) + bodySeconds });
}

/** Throws Throttled or Unavailable when the table does not let it finish in time: what was posted stays posted, and a repeat adds the rest. */
export async function post(entries: readonly Entry[], options: PostOptions): Promise<Posted> {
  const until = now() + options.deadlineMs;
  const posted = options.posted ?? nothingPosted();
  const once = unique(entries);
  posted.duplicates += entries.length - once.length;
  const shared = shareGroups(once);
  let queue = chunks(shared);
  for (let at = 0, filtered = false; at < queue.length; at++) {
    const met = await postChunk(queue[at] ?? [], options, until, posted);
    if (!met || filtered) continue;
    // A body that comes again after we gave it up half posted: what is known is left out at once, so that each try gets further.
    filtered = true;
    const left = queue.slice(at + 1).flat();
    const fresh = await withoutKnown(options.table, left);
    posted.duplicates += left.length - fresh.length;
    queue = chunks(fresh);
    at = -1;
  }
  return posted;
}

/** One batch may carry the same point twice. */
function unique(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, Entry>();
  for (const entry of entries) if (!seen.has(entry.key)) seen.set(entry.key, entry);
  return [...seen.values()];
}

/** Entries of equal groups carry the same object, so that groups compare by identity from here on. */
function shareGroups(entries: readonly Entry[]): Entry[] {
  const known = new Map<string, Group>();
  const shared = new Map<Group, Group>();
  return entries.map((entry) => {
    let group = shared.get(entry.group);
    if (!group) {
      const pk = groupPk(entry.group);
      group = known.get(pk) ?? entry.group;
      known.set(pk, group);
      shared.set(entry.group, group);
    }
    return group === entry.group ? entry : { ...entry, group };
  });
}

/** True when the ledger knew some of it before. */
async function postChunk(chunk: readonly Entry[], options: PostOptions, until: number, posted: Posted): Promise<boolean> {
  let rest = chunk;
  while (rest.length > 0) {
    if (now() > until) throw new Throttled(`The ledger was busy: ${rest.length} entries are not posted yet`);
    const outcome = await commitOnce(rest, options);
    if (outcome.done === 'committed') {
      posted.entries += outcome.plan.entries.length;
      posted.duplicates += chunk.length - outcome.plan.entries.length;
      merge(posted, outcome.plan);
      return rest.length < chunk.length;
    }
    if (outcome.done === 'known') rest = outcome.fresh;
    else if (outcome.done === 'too_large' && rest.length > 1) {
      // Late events un-bill more windows than one transaction holds.
      posted.duplicates += chunk.length - rest.length;
      const middle = Math.ceil(rest.length / 2);
      const met = [
        await postChunk(rest.slice(0, middle), options, until, posted),
        await postChunk(rest.slice(middle), options, until, posted),
      ];
      return met.includes(true);
    } else {
      const { length } = rest;
      rest = await withoutKnown(options.table, rest);
      if (rest.length < length) continue;
      await wait(rest, options, until, posted);
      posted.entries += rest.length;
      posted.duplicates += chunk.length - rest.length;
      return rest.length < chunk.length;
    }
  }
  posted.duplicates += chunk.length;
  return true;
}

async function wait(entries: readonly Entry[], { table, terms }: PostOptions, until: number, posted: Posted): Promise<void> {
  const committed = (plan: Plan) => merge(posted, plan);
  for (const person of new Set(entries.map(({ group }) => group.person))) {
    const mine = entries.filter(({ group }) => group.person === person);
    await postInTurn(person, mine, { table, terms, until, committed });
  }
}

function merge(posted: Posted, made: Plan): void {
  posted.unpriced.push(...made.unpriced);
  for (const [person, days] of made.spend) {
    const known = posted.spend.get(person) ?? new Map<string, Difference>();
    posted.spend.set(person, known);
    for (const [key, one] of days) {
      const sum = known.get(key);
      known.set(key, sum ? plus(sum, one) : one);
    }
  }
}

/** A key over the parts that make an entry itself. */
export function entryDigest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
