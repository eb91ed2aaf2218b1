/** The money of one request: held before it leaves, settled when it is over, whatever happens in between. It decides no limit. */
import type { Group } from '@gatehouse/ledger/entry';
import { noTokens, type Tokens } from '@gatehouse/ledger/price';
import { moneyKeys } from '@gatehouse/ledger/reserve';
import { type Deal, type Hold, limitsOf, reserve, settle } from '@gatehouse/ledger/reserve.dynamo';
import { type Limit, type Room, roomIn } from '@gatehouse/ledger/spend-limit';
import { modelName } from '@gatehouse/rules/models';
import type { Caller } from '@gatehouse/runtime/admit';
import { now, pause } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { getMany } from '@gatehouse/runtime/table';
import type { Ask } from './ask.ts';
import type { Metered } from './meter.ts';
import { tellSpend } from './tell.emf.ts';

export interface Account {
  limits: readonly Limit[];
  /** Resolves when the money is held. Throws Throttled and Unavailable: whoever cannot be charged is not served. */
  held: Promise<Hold>;
  /** Settles once, by the price of the tier that answered; a repeat is the same promise. Nothing is charged for what upstream never began. Answers micro-dollars. */
  close(metered: Metered | undefined, answered?: Pick<Deal, 'regional'>): Promise<number>;
}

export type Opened = { open: true; account: Account } | Exclude<Room, { open: true }>;

/** Entries of the gateway lie in the group that the client's own telemetry of the same session names. */
const route = 'gateway';

export function groupOf(caller: Caller, ask: Pick<Ask, 'model' | 'fast'>, session: string): Group {
  const model = modelName(ask.model).name;
  return { person: caller.person, session: session.slice(0, 256), model, route, regional: false, fast: ask.fast, batch: false };
}

const tries = 3;

/** Where no limit binds, the hold is written while upstream is asked already. @param deal of the tier that is asked first. */
export async function openAccount(
  table: string,
  caller: Caller,
  request: { id: string; group: Group; tokens: Tokens; at: number },
  deal: Deal,
): Promise<Opened> {
  const { person, groups, policy } = caller;
  const budgets = policy?.effective.budgets ?? [];
  let rows = caller.money ?? [];
  for (let attempt = 1; ; attempt++) {
    const limits = await limitsOf(table, { person, groups, budgets, rows, nowMs: request.at });
    const room = roomIn(limits);
    if (!room.open) return room;
    const reserved = reserve(table, { ...request, deal }, limits);
    const [first] = limits;
    if (!first) return { open: true, account: accountOf({ table, deal }, limits, reserved.then(unconditional)) };
    const answer = await reserved;
    if (answer.held) return { open: true, account: accountOf({ table, deal }, limits, Promise.resolve(answer.hold)) };
    // Others held in between; a second look mostly says so.
    if (attempt === tries) return { open: false, because: 'held', limit: first };
    rows = await getMany(moneyKeys(person, request.at).map((key) => ({ table, key })));
  }
}

function unconditional(answer: Awaited<ReturnType<typeof reserve>>): Hold {
  if (!answer.held) throw new TypeError('A hold under no condition was refused: two requests have one id');
  return answer.hold;
}

interface Books {
  table: string;
  deal: Deal;
}

function accountOf(books: Books, limits: readonly Limit[], held: Promise<Hold>): Account {
  // Whoever waits for it hears of its failure; nobody may be waiting yet.
  held.catch(() => {});
  let closing: Promise<number> | undefined;
  return {
    limits,
    held,
    close: (metered, answered) => {
      closing ??= held.then((hold) => settleUp({ ...books, deal: { ...books.deal, ...answered } }, hold, metered));
      return closing;
    },
  };
}

/** For one try, and the pauses between them: half a minute in all. What is not settled then is settled at its estimate after 16 minutes. */
const settleMs = 5_000;
const pausesMs = [200, 1_000, 5_000, 10_000];

async function settleUp({ table, deal }: Books, hold: Hold, metered: Metered | undefined): Promise<number> {
  const tokens = metered?.begun ? metered.tokens : noTokens;
  const at = now();
  for (const pauseMs of [...pausesMs, undefined]) {
    try {
      const posted = await settle(table, hold, { at, tokens, requests: metered?.begun ? 1 : 0 }, settleMs, deal);
      tellSpend(posted, now());
      return [...posted.spend.values()].flatMap((days) => [...days.values()]).reduce((sum, { amount_micros }) => sum + amount_micros, 0);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      const passes = name === 'Throttled' || name === 'Unavailable';
      if (!passes || pauseMs === undefined) {
        log.error('a request is not settled', { error: error as Error, hold: hold.id, tokens });
        if (!passes) throw error;
        return 0;
      }
      await pause(pauseMs);
    }
  }
  return 0;
}
