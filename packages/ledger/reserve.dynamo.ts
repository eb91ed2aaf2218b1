/**
 * Money of requests that pass our own gateway: held before, settled after by the witness `server`. A hold that nobody settles is settled at its own
 * estimate, marked, and corrected when the truth comes late.
 *   HOLD#<id>        HOLD   an open request: whose, what it may cost; gsi1 HOLDS#<shard> / <time> while open; TTL 400 days once overdue
 *   HELD#<per_>      HELD   micro-dollars that open requests of a person hold
 *   HELD#POOL#<group> HELD  the same of a budget that a group shares
 *   LIMITS           SHARED, <per_>   spend limits set by hand: for everybody and groups, and for one person
 * The race: two requests of one person hold at once; each adds under the condition that what others hold leaves room, so that one of them sees the other.
 * Idempotent by the request's id: the entry's key is made of it, and a hold is released once.
 */
import { now } from '@gatehouse/runtime/clock';
import { getMany, type Item, query, transact, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import type { Budget } from './budget.ts';
import { dayOf, type Entry, type Group } from './entry.ts';
import { nothingPosted, type Posted, type PostOptions, post } from './ledger.dynamo.ts';
import { amountMicros, noTokens, type Tokens, tokenKinds } from './price.ts';
import { listPrices, priceOn } from './price-book.ts';
import { heldBy, heldByPool, heldKey, holdKey, moneyKeys, shardPk } from './reserve.ts';
import { entryKey, entrySeconds, periodStart, poolPk, usedSk } from './rows.ts';
import { bindings, type Limit, limitOf, noLimits, type SpendLimits } from './spend-limit.ts';
import { usedIn } from './used.ts';

/** What a request is held by, and settled by when nobody knows better. */
export interface Deal {
  /** The negotiated share of the list price, in millionths. */
  pricePpm: number;
  /** Bedrock answers, in a region or a geography: that costs a tenth more, of the models that have the premium. */
  regional: boolean;
}

/** The list price. */
const listDeal: Deal = { pricePpm: 1_000_000, regional: false };

export interface Hold {
  /** The request's own id. */
  id: string;
  group: Group;
  /** When it began, ms. */
  at: number;
  /** What it may cost, before anybody knows. */
  tokens: Tokens;
  amountMicros: number;
  deal: Deal;
  /** Counters that hold the amount, by their partition. */
  counters: readonly string[];
}

const termsOf = ({ pricePpm }: Deal) => ({ book: listPrices, multiplierPpm: pricePpm });
const regionalTokens = ({ regional }: Deal, tokens: Tokens) => (regional ? { regionalTokens: tokens } : {});
const shards = 4;
/** The function lives for 15 minutes at most. */
export const overdueMs = 16 * 60_000;

const Amounts = z.object({ daily: z.number().nullable(), weekly: z.number().nullable(), monthly: z.number().nullable() }).partial();
const Shared = z.object({ organization: Amounts, groups: z.record(z.string(), Amounts) });

function spendLimitsOf(own: Item | undefined, shared: Item | undefined): SpendLimits {
  if (!own && !shared) return noLimits;
  return {
    own: own ? Amounts.parse(own.amounts) : {},
    shared: shared ? Shared.parse(shared) : noLimits.shared,
  };
}

/**
 * The limits that bind a person now. Pots that groups share are read here, since whose they are is only known with the policy.
 * @param rows of `moneyKeys`, in its order.
 */
export async function limitsOf(
  table: string,
  of: { person: string; groups: readonly string[]; budgets: readonly Budget[]; rows: readonly (Item | undefined)[]; nowMs: number },
): Promise<Limit[]> {
  const { person, groups, budgets, rows, nowMs } = of;
  const today = dayOf(nowMs);
  const [held, own, shared, ...used] = rows;
  const bound = bindings(budgets, spendLimitsOf(own, shared), groups);
  const pots = bound.flatMap(({ budget }) =>
    budget.scope === 'group' && budget.group !== undefined ? [{ budget, group: budget.group }] : [],
  );
  const potRows =
    pots.length === 0
      ? []
      : await getMany(
          pots.flatMap(({ budget: { period }, group }) => [
            { table, key: { pk: poolPk(group), sk: usedSk(period, periodStart(period, today)) } },
            { table, key: heldKey(heldByPool(group)) },
          ]),
        );
  return bound.map((binding) => {
    const pot = pots.findIndex(({ budget }) => budget === binding.budget);
    if (pot >= 0) return limitOf(binding, today, micros(potRows[2 * pot], 'used_micros'), micros(potRows[2 * pot + 1], 'held_micros'));
    return limitOf(
      binding,
      today,
      usedIn(used, binding.budget.period, periodStart(binding.budget.period, today)),
      micros(person === '' ? undefined : held, 'held_micros'),
    );
  });
}

/** Reads all of it again, for a stream that is already open. */
export async function readLimits(
  table: string,
  of: { person: string; groups: readonly string[]; budgets: readonly Budget[]; nowMs: number },
): Promise<Limit[]> {
  const rows = await getMany(moneyKeys(of.person, of.nowMs).map((key) => ({ table, key })));
  return limitsOf(table, { ...of, rows });
}

function micros(row: Item | undefined, name: string): number {
  return Math.max(0, Number(row?.[name] ?? 0));
}

/** Price of an estimate; a model without a price is taken for the dearest of the book. */
function priceOf(group: Group, tokens: Tokens, atMs: number, { pricePpm, regional }: Deal): number {
  const { fast, batch } = group;
  const options = { regional: regional || group.regional, fast, batch, multiplierPpm: pricePpm };
  const price = priceOn(listPrices, group.model, dayOf(atMs));
  if (price) return amountMicros(tokens, price, options);
  return Math.max(...listPrices.prices.map((one) => amountMicros(tokens, one, options)));
}

/**
 * Holds what a request may cost. False when others were quicker and nothing is left: look at the limits again.
 * @param limits as read for this request; none where nothing binds.
 */
export async function reserve(
  table: string,
  request: { id: string; group: Group; at: number; tokens: Tokens; deal?: Deal },
  limits: readonly Limit[],
): Promise<{ held: true; hold: Hold } | { held: false }> {
  const { id, group, at, tokens, deal = listDeal } = request;
  const amount = priceOf(group, tokens, at, deal);
  const rooms = new Map<string, number>();
  for (const { budget, usedMicros } of limits) {
    const counter = budget.scope === 'group' ? heldByPool(budget.group ?? '') : heldBy(group.person);
    rooms.set(counter, Math.min(budget.amount_micros - usedMicros, rooms.get(counter) ?? Number.POSITIVE_INFINITY));
  }
  const hold: Hold = { id, group, at, tokens, deal, amountMicros: amount, counters: [...rooms.keys()] };
  const answer = await transact([
    {
      Put: {
        TableName: table,
        Item: {
          ...holdKey(hold.id),
          group: { ...hold.group },
          at: hold.at,
          tokens: { ...hold.tokens },
          amount_micros: amount,
          deal: { ...deal },
          counters: [...hold.counters],
          gsi1pk: shardPk(shardOf(hold.id)),
          gsi1sk: new Date(hold.at).toISOString(),
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    ...[...rooms].map(
      ([counter, room]): Write => ({
        Update: {
          TableName: table,
          Key: heldKey(counter),
          UpdateExpression: 'ADD held_micros :amount',
          ConditionExpression: 'attribute_not_exists(held_micros) OR held_micros < :room',
          ExpressionAttributeValues: { ':amount': amount, ':room': room },
        },
      }),
    ),
  ]);
  return answer.held ? { held: true, hold } : { held: false };
}

function shardOf(id: string): number {
  return id.charCodeAt(id.length - 1) % shards;
}

/**
 * Posts what a request used, then lets go of what it held. Throws Throttled or Unavailable; may be repeated.
 * @param deal of the tier that answered; otherwise what it was held by.
 */
export async function settle(
  table: string,
  hold: Hold,
  used: { at: number; tokens: Tokens; requests: number },
  deadlineMs: number,
  deal: Deal = hold.deal,
): Promise<Posted> {
  const posted = nothingPosted();
  const spent = tokenKinds.some((kind) => used.tokens[kind] > 0);
  if (spent) {
    const entry: Entry = { key: entryKeyOf(hold.id), group: hold.group, witness: 'server', ...used, ...regionalTokens(deal, used.tokens) };
    await post([entry], { table, terms: termsOf(deal), deadlineMs, posted });
  }
  if (!spent || posted.duplicates > 0)
    await correct(table, hold, { tokens: used.tokens, deal }, { terms: termsOf(deal), deadlineMs, posted });
  await release(table, hold);
  return posted;
}

function entryKeyOf(id: string): string {
  return `server:${id}`;
}

function truthKeyOf(id: string): string {
  return `${entryKeyOf(id)}:truth`;
}

/** Where the estimate was posted before the truth came, the difference follows into the same minute. */
async function correct(
  table: string,
  hold: Hold,
  truth: { tokens: Tokens; deal: Deal },
  options: Omit<PostOptions, 'table'>,
): Promise<void> {
  const keys = [entryKeyOf(hold.id), truthKeyOf(hold.id)];
  const [row, corrected] = await getMany(keys.map((key) => ({ table, key: entryKey(key) })));
  if (!row || corrected) return;
  const estimate = row.tokens as Tokens;
  const estimateRegional = row.regional_tokens as Tokens | undefined;
  const tokens = minus(truth.tokens, estimate);
  const regional = minus(truth.deal.regional ? truth.tokens : noTokens, estimateRegional ?? noTokens);
  if (isNothing(tokens) && isNothing(regional)) return;
  const entry: Entry = {
    key: truthKeyOf(hold.id),
    group: hold.group,
    witness: 'server',
    at: Date.parse(String(row.at)),
    tokens,
    ...(!isNothing(regional) && { regionalTokens: regional }),
    requests: 0,
  };
  await post([entry], { table, ...options });
}

function minus(a: Tokens, b: Tokens): Tokens {
  return Object.fromEntries(tokenKinds.map((kind) => [kind, a[kind] - b[kind]])) as unknown as Tokens;
}

function isNothing(tokens: Tokens): boolean {
  return tokenKinds.every((kind) => tokens[kind] === 0);
}

/** True when it was open until now. */
async function release(table: string, hold: Hold, mark?: 'overdue'): Promise<boolean> {
  const open = { ConditionExpression: 'attribute_exists(gsi1pk)' };
  const own: Write = mark
    ? {
        Update: {
          TableName: table,
          Key: holdKey(hold.id),
          UpdateExpression: 'SET settled = :mark, expires_at = :expires REMOVE gsi1pk, gsi1sk',
          ExpressionAttributeValues: { ':mark': mark, ':expires': Math.floor(now() / 1000) + entrySeconds },
          ...open,
        },
      }
    : { Delete: { TableName: table, Key: holdKey(hold.id), ...open } };
  const answer = await transact([
    own,
    ...hold.counters.map(
      (counter): Write => ({
        Update: {
          TableName: table,
          Key: heldKey(counter),
          UpdateExpression: 'ADD held_micros :less',
          ExpressionAttributeValues: { ':less': -hold.amountMicros },
        },
      }),
    ),
  ]);
  return answer.held;
}

export interface Overdue {
  hold: Hold;
  posted: Posted;
}

/** Settles what is open since before `beforeMs` at its own estimate, each at most once. A part at a time: what is left comes with the next call. */
export async function settleOverdue(table: string, beforeMs: number, deadlineMs: number): Promise<Overdue[]> {
  const until = now() + deadlineMs;
  const done: Overdue[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const rows = await query(table, shardPk(shard), { index: 'gsi1', from: ' ', to: new Date(beforeMs).toISOString(), limit: 100 });
    for (const row of rows) {
      if (now() > until) return done;
      const hold = holdOf(row);
      const posted = nothingPosted();
      const entry: Entry = {
        key: entryKeyOf(hold.id),
        group: hold.group,
        witness: 'server',
        at: hold.at,
        tokens: hold.tokens,
        ...regionalTokens(hold.deal, hold.tokens),
        requests: 1,
      };
      await post([entry], { table, terms: termsOf(hold.deal), deadlineMs: until - now(), posted });
      // Posted already: the truth is in the ledger, and only the letting go was missing.
      if ((await release(table, hold, 'overdue')) && posted.entries > 0) done.push({ hold, posted });
    }
  }
  return done;
}

/** Only this file writes these rows. */
function holdOf(row: Item): Hold {
  const { pk, group, at, tokens, amount_micros, deal, counters } = row as unknown as {
    pk: string;
    group: Group;
    at: number;
    tokens: Tokens;
    amount_micros: number;
    deal: Deal | undefined;
    counters: string[];
  };
  return { id: pk.slice('HOLD#'.length), group, at, tokens, amountMicros: amount_micros, deal: deal ?? listDeal, counters };
}
