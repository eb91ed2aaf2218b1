import type { Group } from '@gatehouse/ledger/entry';
import { noTokens, type Tokens } from '@gatehouse/ledger/price';
import { type Hold, overdueMs, readLimits, reserve, settle, settleOverdue } from '@gatehouse/ledger/reserve.dynamo';
import { spendPk } from '@gatehouse/ledger/rows';
import { roomIn } from '@gatehouse/ledger/spend-limit';
import { get, query } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../packages/local/aws/service.ts';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let table: string;
let people = 0;
let requests = 0;

beforeAll(async () => {
  aws = await startAws();
  table = await aws.table('usage');
});
afterAll(() => aws.close());

const nine = Date.UTC(2026, 10, 22, 9, 0, 0);
const deadlineMs = 20_000;
/** 1,000 in and 400 out of Opus 4.8: 15,000 micro-dollars. */
const likely: Tokens = { ...noTokens, input: 1_000, output: 400 };

function groupOf(person: string): Group {
  return { person, session: 'session', model: 'claude-opus-4-8', route: 'gateway', regional: false, fast: false, batch: false };
}
const budgetOf = (amount: number) => ({ period: 'monthly' as const, amount_micros: amount, scope: 'person' as const });

async function limitsOf(person: string, amount: number) {
  return readLimits(table, { person, groups: [], budgets: [budgetOf(amount)], nowMs: nine });
}
async function hold(person: string, amount?: number): Promise<Hold | undefined> {
  const limits = amount === undefined ? [] : await limitsOf(person, amount);
  if (!roomIn(limits).open) return undefined;
  const answer = await reserve(table, { id: `request-${requests++}`, group: groupOf(person), at: nine, tokens: likely }, limits);
  return answer.held ? answer.hold : undefined;
}
async function held(person: string): Promise<number> {
  return Number((await get(table, { pk: `HELD#${person}`, sk: 'HELD' }))?.held_micros ?? 0);
}
async function spent(person: string): Promise<{ micros: number; output: number; requests: number }> {
  const rows = await query(table, spendPk(person));
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  return { micros: sum('amount_micros'), output: sum('output'), requests: sum('requests') };
}
const used = (tokens: Partial<Tokens>, at = nine + 30_000) => ({ at, tokens: { ...noTokens, ...tokens }, requests: 1 });

describe('money of a request', () => {
  it('is held before, and only what was used is billed after', async () => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    expect([mine.amountMicros, await held(person)]).toEqual([15_000, 15_000]);
    await settle(table, mine, used({ input: 1_000, output: 40 }), deadlineMs);
    expect([await held(person), await spent(person)]).toEqual([0, { micros: 6_000, output: 40, requests: 1 }]);
  });

  it('is billed by the tier that answered, also where two of them did in one minute of one session', async () => {
    const person = `per_${people++}`;
    const [first, second, third] = [await hold(person), await hold(person), await hold(person)];
    const deal = { pricePpm: 1_000_000, regional: true };
    await settle(table, first ?? expect.fail(), used({ input: 1_000, output: 40 }), deadlineMs);
    await settle(table, second ?? expect.fail(), used({ input: 1_000, output: 40 }), deadlineMs, deal);
    expect(await spent(person)).toEqual({ micros: 6_000 + 6_600, output: 80, requests: 2 });
    await settle(table, third ?? expect.fail(), used({ input: 1_000, output: 40 }), deadlineMs);
    expect((await spent(person)).micros).toBe(6_000 + 6_600 + 6_000);
  });

  it('is held by what was negotiated and by the premium, and settled so by nobody as well', async () => {
    const person = `per_${people++}`;
    const request = {
      id: `request-${requests++}`,
      group: groupOf(person),
      at: nine,
      tokens: likely,
      deal: { pricePpm: 800_000, regional: true },
    };
    const answer = await reserve(table, request, []);
    const mine = answer.held ? answer.hold : expect.fail();
    expect(mine.amountMicros).toBe(13_200);
    const overdue = await settleOverdue(table, nine + overdueMs, deadlineMs);
    expect(overdue.filter(({ hold: { id } }) => id === mine.id)).toHaveLength(1);
    expect((await spent(person)).micros).toBe(13_200);
    await settle(table, mine, used({ input: 1_000, output: 40 }), deadlineMs, { pricePpm: 800_000, regional: false });
    expect((await spent(person)).micros).toBe(4_800);
  });

  it('is settled once, however often that is tried', async () => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    await Promise.all([1, 2, 3].map(() => settle(table, mine, used({ output: 40 }), deadlineMs)));
    await settle(table, mine, used({ output: 40 }, nine + 90_000), deadlineMs);
    expect([await held(person), await spent(person)]).toEqual([0, { micros: 1_000, output: 40, requests: 1 }]);
  });

  it('of a request that nobody answered is let go of, and nothing is billed', async () => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    await settle(table, mine, used({}), deadlineMs);
    expect([await held(person), await spent(person)]).toEqual([0, { micros: 0, output: 0, requests: 0 }]);
  });

  it('is refused to whoever comes when the rest is held, also when all come at once', async () => {
    const person = `per_${people++}`;
    const all = await Promise.all(Array.from({ length: 10 }, () => hold(person, 40_000)));
    // Room for two whole holds and the beginning of a third.
    expect(all.filter((one) => one !== undefined)).toHaveLength(3);
    expect(await held(person)).toBe(45_000);
    expect(roomIn(await limitsOf(person, 40_000))).toMatchObject({ open: false, because: 'held' });
    for (const one of all) if (one) await settle(table, one, used({ output: 500 }), deadlineMs);
    expect(roomIn(await limitsOf(person, 37_500))).toMatchObject({ open: false, because: 'used_up' });
    expect(roomIn(await limitsOf(person, 37_501)).open).toBe(true);
  });

  it('of a budget of nothing is never held', async () => {
    expect(await hold(`per_${people++}`, 0)).toBeUndefined();
  });
});

describe('a request whose function died', () => {
  it('is settled at its estimate after sixteen minutes, marked, and not before', async () => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    expect(await settleOverdue(table, nine - 1, deadlineMs)).toEqual([]);
    const done = await settleOverdue(table, nine + 1, deadlineMs);
    expect(done.map(({ hold: { id } }) => id)).toContain(mine.id);
    expect([await held(person), await spent(person)]).toEqual([0, { micros: 15_000, output: 400, requests: 1 }]);
    expect(await get(table, { pk: `HOLD#${mine.id}`, sk: 'HOLD' })).toMatchObject({ settled: 'overdue', amount_micros: 15_000 });
    expect(await settleOverdue(table, nine + 1, deadlineMs)).toEqual([]);
    expect(overdueMs).toBeGreaterThan(15 * 60_000);
  });

  it.each<[string, Partial<Tokens>, number]>([
    ['less', { input: 900, output: 50 }, 4_500 + 1_250],
    ['more', { input: 2_000, output: 3_000, cache_read: 10_000 }, 10_000 + 75_000 + 5_000],
    ['nothing', {}, 0],
  ])('is corrected when the truth comes late and is %s', async (_, tokens, micros) => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    await settleOverdue(table, nine + 1, deadlineMs);
    await settle(table, mine, used(tokens, nine + 17 * 60_000), deadlineMs);
    await settle(table, mine, used(tokens, nine + 18 * 60_000), deadlineMs);
    expect(await spent(person)).toMatchObject({ micros, output: tokens.output ?? 0 });
    expect(await held(person)).toBe(0);
  });

  it('after it had posted the truth only lets go', async () => {
    const person = `per_${people++}`;
    const mine = (await hold(person, 1_000_000)) ?? expect.fail();
    aws.trouble = (operation, input) =>
      operation === 'TransactWriteItems' && JSON.stringify(input).includes(`HOLD#${mine.id}`) && !JSON.stringify(input).includes('ENTRY#')
        ? new AwsError('InternalServerError', 'gone')
        : undefined;
    await expect(settle(table, mine, used({ output: 40 }), deadlineMs)).rejects.toThrow();
    aws.trouble = undefined;
    expect(await held(person)).toBe(15_000);
    expect(await settleOverdue(table, nine + 1, deadlineMs)).toEqual([]);
    expect([await held(person), await spent(person)]).toEqual([0, { micros: 1_000, output: 40, requests: 1 }]);
  });
});
