import { noTokens } from '@gatehouse/ledger/price';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendRows } from '@gatehouse/ledger/spend-rows';
import { emf, type MetricRow } from '@gatehouse/runtime/metric';
import { describe, expect, it } from 'vitest';
import { budgetRow } from './budget-metrics.emf.ts';
import { ingestRow, refusedRow } from './ingest-metrics.emf.ts';
import { savedQueries } from './queries.ts';
import { reconciledRow } from './reconciliation-metrics.emf.ts';
import { surface } from './surface.ts';

const difference = { amount_micros: 1, requests: 1, tokens: { ...noTokens, input: 1 }, claimed_micros: 1, server_micros: 0 };
const unpriced = [{ person: 'per_1', model: 'm', route: 'anthropic', tokens: 1 }];
const spent = spendRows({ spend: new Map([['per_1', new Map([['2026-11-22#m#anthropic', difference]])]]), unpriced }, listPrices);

/** What each entry writes into its log, as it writes it. */
const rows: Readonly<Record<string, readonly MetricRow[]>> = {
  ingest: [
    ...spent,
    ingestRow({ signal: 'metrics', items: 1, rejected: 1, repeated: true, unknownNames: 1, person: 'per_1' }),
    refusedRow('malformed', 'per_1'),
  ],
  'measure-budgets': [budgetRow({ budget: 'b', scope: 'person', state: 'warned', limit_micros: 4, used_micros: 3 })],
  'reconcile-daily': [reconciledRow('2026-11-22', { coverage_percent: 1, drift_percent: 1, silent_people: 1, missing_events: 1 })],
};
const words = /^(filter|fields|stats|sort|by|as|or|and|desc|asc|sum|count|max|min|ispresent|bin)$/;

describe.each(savedQueries.map((query) => [query.name, query] as const))('%s', (_, { logGroups, query }) => {
  it('reads logs of entries that there are', () => {
    expect(logGroups.filter((entry) => !Object.hasOwn(surface.entries, entry))).toEqual([]);
  });
  it('asks for fields that those entries write', () => {
    const fields = logGroups.flatMap((entry) => (rows[entry] ?? []).flatMap((row) => Object.keys(JSON.parse(emf(row, 0)))));
    const named = [...query.matchAll(/\bas (\w+)/g)].map(([, alias]) => alias);
    const asked = [...query.matchAll(/@?\b[A-Za-z_]\w*/g)].map(([word]) => word);
    const known = (word: string) => words.test(word) || named.includes(word) || fields.includes(word) || word === '@timestamp';
    expect(asked.filter((word) => !known(word))).toEqual([]);
  });
});

it('no two queries have one name', () => {
  expect(new Set(savedQueries.map(({ name }) => name)).size).toBe(savedQueries.length);
});
