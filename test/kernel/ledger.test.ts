import type { Entry, Group } from '@gatehouse/ledger/entry';
import { entryDigest, type PostOptions, post } from '@gatehouse/ledger/ledger.dynamo';
import { plan } from '@gatehouse/ledger/post';
import { noTokens } from '@gatehouse/ledger/price';
import { listPrices } from '@gatehouse/ledger/price-book';
import { reprice } from '@gatehouse/ledger/reprice.dynamo';
import { spendPk, usedPk } from '@gatehouse/ledger/rows';
import { changedDays } from '@gatehouse/ledger/used';
import { query, readPage } from '@gatehouse/runtime/table';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let options: PostOptions;
let people = 0;

beforeAll(async () => {
  aws = await startAws();
  options = { table: await aws.table('usage'), terms: { book: listPrices, multiplierPpm: 1_000_000 }, deadlineMs: 30_000 };
});
afterAll(() => aws.close());

const nine = Date.UTC(2026, 10, 22, 9, 0, 0);

function groupOf(person: string, session = 'session', model = 'claude-opus-4-8'): Group {
  return { person, session, model, route: 'anthropic', regional: false, fast: false, batch: false };
}

function entry(group: Group, witness: Entry['witness'], seconds: number, input: number, salt = ''): Entry {
  const at = nine + seconds * 1000;
  return {
    key: entryDigest([group, witness, seconds, input, salt]),
    group,
    witness,
    at,
    ...(witness === 'metric' && { from: at - 60_000 }),
    tokens: { ...noTokens, input },
    requests: witness === 'metric' ? 0 : 1,
  };
}

async function spentBy(person: string): Promise<{ micros: number; input: number; requests: number; monthly: number }> {
  const rows = await query(options.table, spendPk(person));
  const used = (await query(options.table, usedPk(person))).flatMap((row) => changedDays(undefined, row));
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  return {
    micros: sum('amount_micros'),
    input: sum('input'),
    requests: sum('requests'),
    monthly: used.reduce((total, { micros }) => total + micros, 0),
  };
}

describe('the ledger', () => {
  it('bills an entry once, however often it is posted', async () => {
    const person = `per_${people++}`;
    const entries = [entry(groupOf(person), 'event', 10, 1000)];
    expect((await post(entries, options)).entries).toBe(1);
    expect(await post(entries, options)).toMatchObject({ entries: 0, duplicates: 1 });
    expect(await spentBy(person)).toEqual({ micros: 5000, input: 1000, requests: 1, monthly: 5000 });
  });

  it('un-bills the metric when the event of its window comes late', async () => {
    const person = `per_${people++}`;
    await post([entry(groupOf(person), 'metric', 60, 1000)], options);
    expect((await spentBy(person)).micros).toBe(5000);
    await post([entry(groupOf(person), 'event', 30, 990)], options);
    expect(await spentBy(person)).toEqual({ micros: 4950, input: 990, requests: 1, monthly: 4950 });
  });

  it.each([
    ['of five minutes, when an event comes after it', 300, 'event', 400],
    ['of an hour, when an event comes after it', 3_600, 'event', 3_660],
    ['of five minutes, when another one comes after it', 300, 'metric', 500],
    ['of five minutes, when the gateway sees a request after it', 300, 'server', 540],
  ] as const)('leaves a window un-billed %s and what spoke inside it is not read again', async (_, seconds, next, at) => {
    const person = `per_${people++}`;
    const [first, window] = [entry(groupOf(person), 'event', 30, 700), entry(groupOf(person), 'metric', seconds, 1000)];
    await post([first, { ...window, from: nine }], options);
    expect((await spentBy(person)).input).toBe(700);
    await post([entry(groupOf(person), next, at, 10)], options);
    expect(await spentBy(person)).toMatchObject({ input: 710, micros: 710 * 5, monthly: 710 * 5 });
  });

  it('keeps tokens of a model without a price aside, free of charge to nobody', async () => {
    const person = `per_${people++}`;
    const posted = await post([entry(groupOf(person, 's', 'claude-unheard-of-9'), 'event', 10, 1000)], options);
    expect(posted.unpriced).toEqual([{ person, model: 'claude-unheard-of-9', route: 'anthropic', tokens: 1000 }]);
    expect(await query(options.table, 'UNPRICED#claude-unheard-of-9', { index: 'gsi1' })).toHaveLength(1);
    expect((await spentBy(person)).micros).toBe(0);
  });

  it('lets a window without a price wait no more once events speak of it', async () => {
    const person = `per_${people++}`;
    const model = `claude-spoken-of-${people}`;
    await post([entry(groupOf(person, 's', model), 'metric', 60, 1000)], options);
    await post([entry(groupOf(person, 's', model), 'event', 30, 900)], options);
    const waiting = await query(options.table, `UNPRICED#${model}`, { index: 'gsi1' });
    expect(waiting).toMatchObject([{ kind: 'E', tokens: { input: 900 } }]);
  });

  it('prices what waited once the book knows the model, as of its day, and once', async () => {
    const person = `per_${people++}`;
    const model = `claude-waiting-${people}`;
    await post(
      [1, 2, 3].map((second) => entry(groupOf(person, `s${second}`, model), 'event', second * 60, 1000)),
      options,
    );
    expect(await spentBy(person)).toMatchObject({ micros: 0, input: 3000, monthly: 0 });
    const price = { model, from: '2026-01-01', rates: listPrices.prices[0]!.rates, regionalPremium: false };
    const knowing = { ...options, terms: { ...options.terms, book: { version: 'next', prices: [price] } } };
    expect(await reprice(model, options)).toEqual({ model, amount_micros: 0, priced: 0, waiting: 3 });
    expect(await Promise.all([reprice(model, knowing), reprice(model, knowing)])).toContainEqual(expect.objectContaining({ model }));
    await reprice(model, knowing);
    expect(await spentBy(person)).toEqual({ micros: 30_000, input: 3000, requests: 3, monthly: 30_000 });
    expect(await reprice(model, knowing)).toEqual({ model, amount_micros: 0, priced: 0, waiting: 0 });
    expect(await query(options.table, `UNPRICED#${model}`, { index: 'gsi1' })).toEqual([]);
  });

  it('gives concurrent senders of the same entries one bill', async () => {
    const person = `per_${people++}`;
    const entries = Array.from({ length: 30 }, (_, index) => entry(groupOf(person, `s${index % 3}`), 'event', index * 7, 100 + index));
    await Promise.all(Array.from({ length: 4 }, () => post(entries, options)));
    expect((await spentBy(person)).input).toBe(30 * 100 + (29 * 30) / 2);
  });

  it('posts a batch that no one transaction holds, part by part', async () => {
    const person = `per_${people++}`;
    const entries = Array.from({ length: 150 }, (_, index) => entry(groupOf(person, `s${index}`), 'event', index, 10));
    expect((await post(entries, options)).entries).toBe(150);
    expect(await spentBy(person)).toMatchObject({ input: 1500, requests: 150 });
  });

  it('lets late events un-bill more windows than one transaction holds', async () => {
    const person = `per_${people++}`;
    const minutes = Array.from({ length: 40 }, (_, minute) => minute * 60);
    const windows = minutes.flatMap((second) => [1, 2, 3].map((salt) => entry(groupOf(person), 'metric', second + 30 + salt, 10)));
    await post(windows, options);
    await post(
      minutes.map((second) => entry(groupOf(person), 'event', second, 7)),
      options,
    );
    expect(await spentBy(person)).toMatchObject({ input: 40 * 7, requests: 40 });
  });

  it('takes up a body where an earlier try left it, and ends with the same sum', async () => {
    const person = `per_${people++}`;
    const entries = Array.from({ length: 120 }, (_, index) => entry(groupOf(person), 'event', index, 10));
    await expect(post(entries, { ...options, deadlineMs: -1 })).rejects.toMatchObject({ name: 'Throttled' });
    await post(entries.slice(0, 50), options);
    expect(await post(entries, options)).toMatchObject({ entries: 70, duplicates: 50 });
    expect((await spentBy(person)).input).toBe(1200);
  });

  it('tells of what it posted in the same transaction', async () => {
    const person = `per_${people++}`;
    await post([entry(groupOf(person), 'event', 10, 1000)], options);
    const { items } = await readPage(options.table, {
      FilterExpression: 'begins_with(pk, :outbox)',
      ExpressionAttributeValues: { ':outbox': 'OUTBOX#' },
    });
    const facts = items.map((item) => JSON.parse(String(item.detail)) as { person: string; amount_micros: number });
    expect(facts.filter((fact) => fact.person === person)).toMatchObject([{ amount_micros: 5000, entries: 1, requests: 1 }]);
  });

  it('comes to the sum of all that was witnessed, for any order, splitting, repetition and concurrency', async () => {
    const witness = fc.constantFrom('server', 'event', 'event', 'event', 'metric', 'metric') as fc.Arbitrary<Entry['witness']>;
    const shape = fc.record({
      witness,
      seconds: fc.integer({ min: 0, max: 1_200 }),
      windowSeconds: fc.constantFrom(60, 300, 900),
      input: fc.integer({ min: 1, max: 500 }),
      session: fc.constantFrom('a', 'a', 'a', 'b'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(),
        async (shapes, parts, seed) => {
          const person = `per_${people++}`;
          const groups = { a: groupOf(person, 'a'), b: groupOf(person, 'b') };
          const entries = shapes.map(({ session, seconds, windowSeconds, ...one }, index) => {
            const made = entry(groups[session], one.witness, seconds, one.input, String(index));
            return made.witness === 'metric' ? { ...made, from: made.at - windowSeconds * 1_000 } : made;
          });
          const shift = seed % entries.length;
          const rotated = [...entries.slice(shift), ...entries.slice(0, shift)].reverse();
          const pieces = Array.from({ length: parts }, (_, part) => rotated.filter((_one, index) => index % parts === part));
          if (seed % 2 === 0) await Promise.all([...pieces, rotated.slice(0, 3)].map((piece) => post(piece, options)));
          else for (const piece of [...pieces, rotated.slice(0, 3)]) await post(piece, options);
          expect(await spentBy(person)).toEqual(sumOf(entries, Object.values(groups)));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** What the fold over everything at once bills, without any table. */
function sumOf(entries: readonly Entry[], groups: readonly Group[]): Awaited<ReturnType<typeof spentBy>> {
  const stored = groups.map((group) => ({ group, version: 0, cells: new Map() }));
  const rows = [...plan(entries, stored, options.terms).spend.values()].flatMap((days) => [...days.values()]);
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0);
  const micros = sum(({ amount_micros }) => amount_micros);
  return {
    micros,
    monthly: micros,
    input: sum(({ tokens }) => tokens.input),
    requests: sum(({ requests }) => requests),
  };
}
