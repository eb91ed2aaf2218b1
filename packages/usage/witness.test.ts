import { describe, expect, it } from 'vitest';
import { logsBody, metricsBody, type RequestEvent, requestRecord, type TokenPoint, tokenPoint } from './exporter.fixture.ts';
import { readJson } from './otlp/json.ts';
import { witness } from './witness.ts';

const now = Date.UTC(2026, 10, 22, 9);

const ofPoints = (points: readonly object[], temporality = 1, name?: string, person = 'per_1') =>
  witness(readJson('metrics', JSON.stringify(metricsBody(points, temporality, name))), () => person, now);
const ofPoint = (change: Partial<TokenPoint> = {}) => ofPoints([tokenPoint({ at: now, type: 'input', tokens: 5, ...change })]);
const ofRequest = (change: Partial<RequestEvent> = {}) =>
  witness(
    readJson('logs', JSON.stringify(logsBody([requestRecord({ at: now, sequence: 1, tokens: { input: 5 }, ...change })]))),
    () => 'per_1',
    now,
  );

describe('a token point', () => {
  it('is an entry of its window', () => {
    expect(ofPoint().entries).toMatchObject([
      { witness: 'metric', at: now, from: now - 60_000, tokens: { input: 5, output: 0 }, requests: 0 },
    ]);
  });
  it.each([
    ['input', 'input'],
    ['output', 'output'],
    ['cacheRead', 'cache_read'],
    ['cacheCreation', 'cache_write_5m'],
  ] as const)('of type %s counts as %s', (type, kind) => {
    expect(ofPoint({ type }).entries[0]?.tokens[kind]).toBe(5);
  });
  it('is another entry when anything about it differs', () => {
    const base = { at: now, type: 'input', tokens: 5 } as const;
    const others: TokenPoint[] = [
      base,
      { ...base, at: now + 1 },
      { ...base, tokens: 6 },
      { ...base, type: 'output' },
      { ...base, model: 'claude-haiku-4-5' },
      { ...base, session: 'session-2' },
      { ...base, windowMs: 59_999 },
      { ...base, more: { query_source: 'main' } },
      { ...base, more: { query_source: 'subagent' } },
      { ...base, raw: { timeUnixNano: `${now}000001` } },
    ];
    const keys = ofPoints(others.map(tokenPoint)).entries.map(({ key }) => key);
    expect(new Set(keys).size).toBe(others.length);
    const [mine, theirs] = ['per_1', 'per_2'].map((person) => ofPoints([tokenPoint(base)], 1, undefined, person).entries[0]?.key);
    expect(mine).not.toBe(theirs);
  });
  it('may leave to its resource what it does not say itself', () => {
    const bare = tokenPoint({ at: now, type: 'input', tokens: 5, raw: { attributes: [] } });
    const body = metricsBody([bare]);
    const said = { 'session.id': 's', model: 'claude-haiku-4-5', type: 'output', speed: 'fast' };
    for (const [key, stringValue] of Object.entries(said))
      body.resourceMetrics[0]?.resource.attributes.push({ key, value: { stringValue } });
    expect(witness(readJson('metrics', JSON.stringify(body)), () => 'per_1', now).entries).toMatchObject([
      { group: { session: 's', model: 'claude-haiku-4-5', fast: true }, tokens: { output: 5 } },
    ]);
  });
  it('of more than anybody uses is rejected, so that sums stay whole numbers', () => {
    expect(ofPoint({ tokens: 1e12 })).toMatchObject({ rejected: 0, entries: [{}] });
    expect(ofPoint({ tokens: 1e12 + 1 })).toMatchObject({ rejected: 1, entries: [] });
  });
  it('is no entry when it says nothing was used', () => {
    expect(ofPoint({ tokens: 0 })).toMatchObject({ entries: [], rejected: 0 });
  });
  it('of a running total names its series, the same for each total', () => {
    const start = { startTimeUnixNano: `${now - 120_000}000000` };
    const [one, two] = ofPoints(
      [1, 2].map((tokens) => tokenPoint({ at: now + tokens, type: 'input', tokens, raw: start })),
      2,
    ).entries;
    expect(one?.series).toEqual({ key: expect.any(String), start: now - 120_000 });
    expect(one?.series?.key).toBe(two?.series?.key);
    expect(one?.key).not.toBe(two?.key);
  });
  it('of cost is a claim for comparison and no tokens', () => {
    const { entries, rejected } = ofPoints([tokenPoint({ at: now, type: 'input', tokens: 0.25 })], 1, 'claude_code.cost.usage');
    expect(entries).toMatchObject([{ claimedMicros: 250_000, tokens: { input: 0, output: 0 }, requests: 0 }]);
    expect(rejected).toBe(0);
  });
});

describe('a request event', () => {
  it('takes what is not said to last an hour for five minutes', () => {
    const written = (tokens: RequestEvent['tokens']) => {
      const { cache_write_5m, cache_write_1h } = ofRequest({ tokens }).entries[0]!.tokens;
      return [cache_write_5m, cache_write_1h];
    };
    expect(written({ cacheCreation: 300, cache5m: 100, cache1h: 200 })).toEqual([100, 200]);
    expect(written({ cacheCreation: 300 })).toEqual([300, 0]);
    expect(written({ cacheCreation: 300, cache1h: 120 })).toEqual([180, 120]);
    expect(written({ cache5m: 70, cache1h: 20 })).toEqual([70, 20]);
  });
  it.each([
    [{ cost_usd_micros: 1_234, cost_usd: 9 }, 1_234],
    [{ cost_usd: 0.1 + 0.2 }, 300_000],
    [{ cost_usd: '0.012424000000000001' }, 12_424],
    [{ cost_usd: -1 }, undefined],
    [{ cost_usd: 'much' }, undefined],
    [{ cost_usd: 1e300 }, undefined],
  ])('claims what its client of any age reckons: %j', (more, claimed) => {
    expect(ofRequest({ more }).entries[0]?.claimedMicros).toBe(claimed);
  });
  it('without a model is rejected', () => {
    expect(ofRequest({ model: '' })).toMatchObject({ entries: [], rejected: 1, problem: 'claude_code.api_request: there is no model' });
  });
  it('is one request, also when it used nothing', () => {
    expect(ofRequest({ tokens: {} }).entries).toMatchObject([{ requests: 1 }]);
  });
});

describe('the group of an entry', () => {
  const group = (model: string, provider?: string, more = {}) =>
    ofPoint({ model, more: { ...(provider && { 'anthropic.provider': provider }), ...more } }).entries[0]?.group;
  it('knows routes by what the client calls its provider', () => {
    expect(group('claude-opus-5', 'firstParty')?.route).toBe('anthropic');
    expect(group('claude-opus-5', 'anthropicAws')?.route).toBe('anthropic-aws');
    expect(group('claude-opus-5', 'gateway')?.route).toBe('gateway');
    expect(group('claude-opus-5', '__proto__')?.route).toBe('other');
    expect(group('claude-opus-5', 'any text at all')?.route).toBe('other');
  });
  it.each([
    ['us.anthropic.claude-opus-4-8', true],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', true],
    ['anthropic.claude-opus-4-8', true],
    ['arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-8', true],
    ['global.anthropic.claude-opus-4-8', false],
    ['claude-opus-4-8', false],
  ])('sees from %s on Bedrock whether a region’s premium is due: %s', (model, regional) => {
    expect(group(model, 'bedrock')).toMatchObject({ route: 'bedrock', regional });
  });
  it('sees the fast tier', () => {
    expect([
      group('claude-opus-5', undefined, { speed: 'fast' })?.fast,
      group('claude-opus-5', undefined, { speed: 'normal' })?.fast,
    ]).toEqual([true, false]);
  });
  it('bounds what a sender may write', () => {
    const made = group('m'.repeat(5_000), undefined, { 'session.id': 's'.repeat(5_000) });
    expect([made?.model.length, made?.session.length]).toEqual([256, 256]);
  });
});
