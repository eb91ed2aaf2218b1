/** Many exporters of one person at once, against a table that refuses transactions which meet, as DynamoDB does and the embedded one does not. */
import type { Entry, Group } from '@gatehouse/ledger/entry';
import { entryDigest, type PostOptions, post } from '@gatehouse/ledger/ledger.dynamo';
import { noTokens } from '@gatehouse/ledger/price';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendPk, usedPk } from '@gatehouse/ledger/rows';
import { changedDays } from '@gatehouse/ledger/used';
import { query } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError, type Operation } from '../../packages/local/aws/service.ts';
import { startAws, type TestAws } from '../support/aws.ts';

/** What a transaction takes within AWS. */
const commitMs = 8;

interface Item {
  [kind: string]: { TableName: string; Key?: object; Item?: { pk: object; sk: object } };
}

/** Keys that a transaction holds are refused to others until it is over. */
let asked = 0;

function conflicting(transact: Operation): Operation {
  const held = new Set<string>();
  return async (input: { TransactItems: Item[] }, call) => {
    asked++;
    const keys = input.TransactItems.flatMap((one) =>
      Object.values(one).map(({ TableName, Key, Item }) => `${TableName} ${JSON.stringify(Key ?? { pk: Item?.pk, sk: Item?.sk })}`),
    );
    const CancellationReasons = keys.map((key) => ({ Code: held.has(key) ? 'TransactionConflict' : 'None' }));
    if (keys.some((key) => held.has(key)))
      throw new AwsError('TransactionCanceledException', 'Transaction cancelled', { extra: { CancellationReasons } });
    for (const key of keys) held.add(key);
    try {
      await new Promise((resolve) => setTimeout(resolve, commitMs));
      return await transact(input, call);
    } finally {
      for (const key of keys) held.delete(key);
    }
  };
}

let aws: TestAws;
let options: PostOptions;
let people = 0;

beforeAll(async () => {
  aws = await startAws();
  const operations = aws.dynamodb.operations as Record<string, Operation>;
  operations.TransactWriteItems = conflicting(operations.TransactWriteItems!);
  options = { table: await aws.table('usage'), terms: { book: listPrices, multiplierPpm: 1_000_000 }, deadlineMs: 10_000 };
});
afterAll(() => aws.close());

const at = Date.UTC(2026, 10, 22, 9);

/** One export of four kinds of tokens, as each of a person's windows sends it every minute. */
function exported(person: string, session: string, salt: number): Entry[] {
  const group: Group = { person, session, model: 'claude-opus-4-8', route: 'anthropic', regional: false, fast: false, batch: false };
  return (['input', 'output', 'cache_read', 'cache_write_5m'] as const).map((kind) => ({
    key: entryDigest([group, kind, salt]),
    group,
    witness: 'metric',
    at: at + salt * 1_000,
    from: at + salt * 1_000 - 60_000,
    tokens: { ...noTokens, [kind]: 100 },
    requests: 0,
  }));
}

async function billed(person: string): Promise<number[]> {
  const spent = await query(options.table, spendPk(person));
  const used = (await query(options.table, usedPk(person))).flatMap((row) => changedDays(undefined, row));
  return [spent.reduce((sum, row) => sum + Number(row.amount_micros), 0), used.reduce((sum, { micros }) => sum + micros, 0)];
}

const each = 100 * 5 + 100 * 25 + 100 * 0.5 + 100 * 6.25;

describe('thirty exports of one person at once', () => {
  it.each([
    ['of thirty sessions', (index: number) => `s${index}`],
    ['of one session', () => 'only'],
    ['of three sessions', (index: number) => `s${index % 3}`],
  ])('%s go through by turns, with few transactions, and count once', async (_, sessionOf) => {
    const person = `per_${people++}`;
    asked = 0;
    await Promise.all(Array.from({ length: 30 }, (_, index) => post(exported(person, sessionOf(index), index), options)));
    expect(await billed(person)).toEqual([30 * each, 30 * each]);
    // One alone takes one; thirty who only tried again would take hundreds, and more than an exporter's time.
    expect(asked).toBeLessThan(30 * 7);
  });
});

describe('two witnesses of the same use, one of whom is slow to read', () => {
  /** The group's version is answered late: what was asked for beside it is older by then. */
  async function whileVersionIsRead(person: string, slow: () => Promise<unknown>, meanwhile: () => Promise<unknown>): Promise<void> {
    const operations = aws.dynamodb.operations as Record<string, Operation>;
    const { GetItem: real } = operations;
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    operations.GetItem = async (input, call) => {
      if (!JSON.stringify(input).includes(`CELL#${person}`)) return real!(input, call);
      operations.GetItem = real!;
      asked.resolve();
      await go.promise;
      return real!(input, call);
    };
    const posted = slow();
    await asked.promise;
    await meanwhile();
    go.resolve();
    await posted;
  }

  it('are billed once', async () => {
    const person = `per_${people++}`;
    const metrics = exported(person, 'a', 0);
    const event: Entry = { ...metrics[0]!, key: entryDigest([person, 'event']), witness: 'event', at: at - 30_000, requests: 1 };
    await whileVersionIsRead(
      person,
      () => post(metrics, options),
      () => post([event], options),
    );
    const rows = await query(options.table, spendPk(person));
    expect(rows.reduce((sum, row) => sum + Number(row.amount_micros), 0)).toBe(500);
  });
});
