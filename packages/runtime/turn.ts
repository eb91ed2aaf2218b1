/**
 * One allowance of calls that all our functions share, where a vendor counts the calls of all of us: whoever finds no free turn books the next one, and
 * comes back for it. It makes no call itself. In the caller's own table:
 *   RATE#<vendor> / RATE          `next` (ms) the first turn that is nobody's; `shift` (ms) by how much all booked turns have moved on so far;
 *                                 `calls <kind>`, how many the last visit of that kind made; TTL a day
 *   RATE#<vendor> / TURN#<who>    `turn` (ms) and the `shift` of then, `calls` that it is good for, `used` once it is; TTL a day
 * A dump reveals when we last called, and which cases are about to.
 * The race: many book at once. Each adds its calls to `next` in one write, so that no two have the same turn. Whoever dies between that write and the
 * one of its own row leaves a turn unused. The bound: a call is made at its turn or up to `lateMs` after it, so that a minute holds the turns of 67 s.
 */
import * as z from 'zod';
import { now, pause } from './clock.ts';
import { Throttled } from './fault.ts';
import { get, put, update } from './table.ts';

export interface Allowance {
  table: string;
  vendor: string;
  perMinute: number;
  /**
   * The same `id` and `kind`, asked again, have the turn that they booked. `first` comes before all who have booked, one call after the other: for the
   * reader of whole lists, which comes alone. Absent: it waits for a few seconds, and books nothing.
   */
  who?: Booker | 'first' | undefined;
}

interface Booker {
  id: string;
  kind: string;
}

/** To be awaited before each call. @param endpoint its path, where the vendor counts each by itself: what was paid for one is paid for all. */
export type TakeTurn = (endpoint?: string) => Promise<void>;

/** Its turn is booked. A `Throttled` to whoever cannot wait for it. */
export class TurnAhead extends Throttled {
  /** At most an hour: who comes then may have to wait for another. */
  readonly waitSeconds: number;
  constructor(vendor: string, waitMs: number) {
    const seconds = Math.ceil(waitMs / 1000);
    super(`As many of us call ${vendor} as it takes: the turn of this step is booked, in ${seconds} s`);
    this.waitSeconds = Math.min(3_600, Math.max(1, seconds));
  }
}

const Bucket = z.looseObject({ next: z.number(), shift: z.number().default(0) });
const Turn = z.object({ turn: z.number(), shift: z.number(), calls: z.int().positive(), used: z.number().optional() });

/** Of a turn that is later used nobody can say which minute it counts in. */
const lateMs = 7_000;
/** What is sooner is waited for here; longer is the machine's to wait. */
const soonMs = 100;
const unbookedMs = 5_000;
/** Of one booking, and beyond what was booked before each has to wait for the next. */
const mostAtOnce = 8;
const mostAVisit = 40;
const keepSeconds = 86_400;
const maxRaces = 5;
/** For the calls of a visit that come a little after its first. */
const spare = 4;

function intervalOf({ perMinute }: Allowance): number {
  return Math.ceil((60_000 + lateMs) / (perMinute - spare));
}

function bucketKey({ vendor }: Allowance) {
  return { pk: `RATE#${vendor}`, sk: 'RATE' };
}

/**
 * Runs a visit whose calls all take turns. As many as the last visit of its kind made are booked together; those beyond move everybody's turn on.
 * @throws TurnAhead before the first call when its turn is to come.
 */
export async function inTurn<T>(at: Allowance, run: (takeTurn: TakeTurn) => Promise<T>): Promise<T> {
  const { who } = at;
  const made = new Map<string, number>();
  let [paid, booked] = [0, 0];
  const pay = async (calls: number): Promise<number> => {
    if (who === undefined) await nextTurn(at);
    else if (who === 'first') await firstTurn(at);
    else if (booked > 0) await anotherTurn(at, calls);
    else booked = await ownTurn(at, who);
    return Math.max(booked, calls);
  };
  const answer = await run(async (endpoint = '') => {
    const calls = (made.get(endpoint) ?? 0) + 1;
    if (calls > paid) paid = await pay(calls);
    made.set(endpoint, calls);
  });
  const most = Math.min(mostAtOnce, Math.max(0, ...made.values()));
  if (typeof who === 'object' && most !== booked) await remember(at, who.kind, most);
  return answer;
}

/** @returns how many calls it is good for. */
async function ownTurn(at: Allowance, { id, kind }: Booker): Promise<number> {
  const key = { pk: `RATE#${at.vendor}`, sk: `TURN#${id}#${kind}` };
  const [row, bucketRow] = await Promise.all([get(at.table, key), get(at.table, bucketKey(at))]);
  const bucket = bucketRow && Bucket.parse(bucketRow);
  const mine = row && Turn.parse(row);
  if (mine && mine.used === undefined) {
    const due = mine.turn + Math.max(0, (bucket?.shift ?? 0) - mine.shift);
    if (due > now() + soonMs) throw new TurnAhead(at.vendor, due - now());
    if (now() <= due + lateMs && (await use(at, key, mine.turn))) return mine.calls;
  }
  const calls = z.int().min(1).max(mostAtOnce).catch(1).parse(bucket?.[`calls ${kind}`]);
  const { due, shift } = await book(at, calls, Number.POSITIVE_INFINITY);
  if (due > now() + soonMs) {
    await put(at.table, { ...key, turn: due, shift, calls, expires_at: Math.floor(due / 1000) + keepSeconds });
    throw new TurnAhead(at.vendor, due - now());
  }
  await pause(due - now());
  return calls;
}

/** False: somebody has, or it is another one by now. */
async function use({ table }: Allowance, key: { pk: string; sk: string }, turn: number): Promise<boolean> {
  const used = await update(table, key, {
    UpdateExpression: 'SET used = :now',
    ConditionExpression: 'turn = :turn AND attribute_not_exists(used)',
    ExpressionAttributeValues: { ':turn': turn, ':now': now() },
  });
  return used.held;
}

async function nextTurn(at: Allowance): Promise<void> {
  const { due } = await book(at, 1, unbookedMs);
  await pause(due - now());
}

async function firstTurn(at: Allowance): Promise<void> {
  const interval = intervalOf(at);
  await pause(interval);
  await moveOn(at, interval);
}

/** A call that nobody foresaw: the visit is under way, so that the others wait. */
async function anotherTurn(at: Allowance, calls: number): Promise<void> {
  if (calls > mostAVisit) throw new Throttled(`${mostAVisit} calls of ${at.vendor} are enough for one visit: the next one goes on`);
  const interval = intervalOf(at);
  if (calls > mostAtOnce) await pause(interval);
  await moveOn(at, interval);
}

async function moveOn(at: Allowance, byMs: number): Promise<void> {
  await update(at.table, bucketKey(at), {
    UpdateExpression: 'SET expires_at = :expires ADD #next :by, shift :by',
    ExpressionAttributeNames: { '#next': 'next' },
    ExpressionAttributeValues: { ':by': byMs, ':expires': Math.floor(now() / 1000) + keepSeconds },
  });
}

async function remember(at: Allowance, kind: string, calls: number): Promise<void> {
  await update(at.table, bucketKey(at), {
    UpdateExpression: 'SET #calls = :calls',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#calls': `calls ${kind}` },
    ExpressionAttributeValues: { ':calls': calls },
  });
}

/** @returns when the last of so many calls is due, and what `shift` was then. */
async function book(at: Allowance, calls: number, longestMs: number): Promise<{ due: number; shift: number }> {
  const interval = intervalOf(at);
  const ExpressionAttributeNames = { '#next': 'next' };
  const span = calls * interval;
  // The same for all races: whoever loses one to somebody who came at the same moment finds a turn behind theirs.
  const time = now();
  const values = { ':earliest': time - lateMs, ':expires': Math.floor(time / 1000) + keepSeconds };
  const latest = Math.min(time + longestMs, Number.MAX_SAFE_INTEGER);
  for (let race = 1; race <= maxRaces; race++) {
    const queued = await update(at.table, bucketKey(at), {
      UpdateExpression: 'SET #next = #next + :span, expires_at = :expires',
      ConditionExpression: '#next BETWEEN :earliest AND :latest',
      ExpressionAttributeNames,
      ExpressionAttributeValues: { ...values, ':span': span, ':latest': latest },
    });
    const row = Bucket.safeParse(queued.item).data;
    if (queued.held && row) return { due: row.next - interval, shift: row.shift };
    if (row && row.next > latest) throw new Throttled(`Our calls of ${at.vendor} are used up: a later try goes on`);
    const first = await update(at.table, bucketKey(at), {
      UpdateExpression: 'SET #next = :next, expires_at = :expires',
      ConditionExpression: 'attribute_not_exists(pk) OR #next < :earliest',
      ExpressionAttributeNames,
      ExpressionAttributeValues: { ...values, ':next': time - lateMs + span },
    });
    if (first.held) return { due: time - lateMs + span - interval, shift: Bucket.parse(first.item).shift };
  }
  throw new Throttled(`Our calls of ${at.vendor} were booked by others ${maxRaces} times in a row`);
}
