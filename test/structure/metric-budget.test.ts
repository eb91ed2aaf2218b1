/** How many custom metrics a stage makes at most, and what they cost: the bill of CloudWatch grows with the product of dimensions, not with use. */
import { listPrices } from '@gatehouse/ledger/price-book';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect, it } from 'vitest';

const mostMetrics = 300;
/** us-east-1, the first ten thousand. */
const dollarsEach = 0.3;

/** How many values a dimension takes at most. Whoever adds a dimension says here how far it goes. */
const values: Readonly<Record<string, number>> = {
  model: new Set(listPrices.prices.map(({ model }) => model)).size + 1,
  type: 5,
  /** anthropic, bedrock, anthropic-aws, gateway, vertex, foundry, other. */
  route: 7,
  /** Those that the profile names, with one for all others; the evaluation profile names none. */
  group: 6,
  scope: 3,
  /** Directories and feeds of one company. */
  source: 5,
  trigger: 5,
  reason: 12,
  class: 6,
  tier: 4,
  why: 4,
  /** whole, upstream_error, and the ways in which a stream ends early. */
  outcome: 6,
  /** device_code, token_exchange, refresh_token. */
  grant: 3,
  kind: 6,
  severity: 3,
  surface: 4,
};

it(`a stage makes at most ${mostMetrics} custom metrics`, async () => {
  const sizes = new Map<string, number>();
  for (const { metrics = [] } of await loadSurfaces())
    for (const { name, sets } of metrics)
      sizes.set(
        name,
        sets.reduce((sum, set) => sum + set.reduce((product, dimension) => product * (values[dimension] ?? Number.NaN), 1), 0),
      );
  const unknown = [...sizes].filter(([, size]) => Number.isNaN(size)).map(([name]) => name);
  expect(unknown, 'a dimension without a bound').toEqual([]);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`${total} custom metrics a stage at most, ${(total * dollarsEach).toFixed(0)} dollars a month`);
  expect(total).toBeLessThanOrEqual(mostMetrics);
});

it('no metric has a person, a session or a request for a dimension, nor the product of model and route', async () => {
  for (const { metrics = [] } of await loadSurfaces())
    for (const { name, sets } of metrics)
      for (const set of sets) {
        expect(
          set.filter((dimension) => /person|user|email|session|request|key|id$/.test(dimension)),
          name,
        ).toEqual([]);
        expect(set.includes('model') && set.includes('route'), name).toBe(false);
      }
});
