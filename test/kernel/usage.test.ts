import { marshall } from '@aws-sdk/util-dynamodb';
import { policyHead, policyVersion } from '@gatehouse/contracts/records/policy';
import { dayOf } from '@gatehouse/ledger/entry';
import { periodStart, usedPk } from '@gatehouse/ledger/rows';
import { put, query, readPage } from '@gatehouse/runtime/table';
import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, type SignedIn, startCompany } from '../../packages/policy/signed-in.fixture.ts';
import { call, type Entry, metricsBody, tokenPoint } from '../../packages/usage/exporter.fixture.ts';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let table: string;
let company: Company;
let ingest: Entry;
let spend: Entry;
let converge: (event: DynamoDBStreamEvent, context: Context) => Promise<{ batchItemFailures: unknown[] }>;
let people = 0;

const now = Date.now();
const today = dayOf(now);
const at = now - 1_000;

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  table = await aws.table('usage');
  Object.assign(process.env, { TABLE_USAGE: table, CONFIG: '{}' });
  const budgets = [
    { period: 'daily', amount_micros: 10_000, scope: 'person', warn_percent: [80] },
    { period: 'monthly', amount_micros: 20_000, scope: 'group', group: 'engineering', warn_percent: [75] },
  ];
  const policies = [
    { name: 'admins', match: { groups: ['admins'] }, administer: true },
    { name: 'engineering', match: { groups: ['engineering'] }, budgets },
  ];
  const head = { version: 1, digest: 'sha256:0', published_at: '2026-11-22T09:00:00.000Z' };
  const document = JSON.stringify({ policies });
  await put(company.tables.policy, { ...policyHead.key(), ...head });
  await put(company.tables.policy, { ...policyVersion.key(1), ...head, author: 'per_0', reason: 'test', document });
  ({ handler: ingest } = await import('../../packages/usage/ingest.lambda.ts'));
  ({ handler: spend } = await import('../../packages/usage/spend.lambda.ts'));
  ({ handler: converge } = await import('../../packages/usage/converge.lambda.ts'));
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
});
afterAll(() => aws.close());

const join = (...groups: string[]) => company.signIn(`colleague-${people++}`, groups);

async function use(somebody: SignedIn, tokens: number, model = 'claude-opus-4-8') {
  const told = await call(ingest, 'POST /v1/metrics', {
    token: somebody.token,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(metricsBody([tokenPoint({ at, type: 'input', tokens, model, session: `${somebody.id}-${people++}` })])),
  });
  expect(told.status).toBe(200);
}

/** Hands the used rows of somebody to the stream's entry, as the stream would. */
async function follow(somebody: SignedIn) {
  const rows = await query(table, usedPk(somebody.id));
  const Records = rows.map((row, index) => ({
    eventName: 'MODIFY',
    dynamodb: { SequenceNumber: String(index + 1), Keys: marshall({ pk: row.pk, sk: row.sk }), NewImage: marshall(row) },
  }));
  expect(await converge({ Records } as unknown as DynamoDBStreamEvent, {} as Context)).toEqual({ batchItemFailures: [] });
}

async function crossings(budget: string) {
  const { items } = await readPage(table, { ConsistentRead: true });
  const facts = items.filter(({ type }) => type === 'budget-crossed').map(({ detail }) => JSON.parse(String(detail)));
  return facts.filter((fact) => fact.budget === budget);
}

const ask = async (
  somebody: SignedIn,
  route: `GET ${string}`,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
) => {
  const told = await call(spend, route, { token: somebody.token, query, headers });
  return { ...told, json: () => JSON.parse(told.text) };
};

describe('budgets', () => {
  it('tell once when a warning mark is passed, and once when the wall is', async () => {
    const somebody = await join('engineering');
    const budget = `person:${somebody.id}:daily`;
    await use(somebody, 1_700);
    await follow(somebody);
    await follow(somebody);
    expect(await crossings(budget)).toMatchObject([{ state: 'warned', used_micros: 8_500, limit_micros: 10_000, person: somebody.id }]);
    await use(somebody, 400);
    await follow(somebody);
    await use(somebody, 400);
    await follow(somebody);
    expect((await crossings(budget)).map(({ state }) => state).sort()).toEqual(['exceeded', 'warned']);
  });

  it('of a group add up what its members used, however often the stream says it', async () => {
    const [one, two] = [await join('engineering'), await join('engineering')];
    await use(one, 1_000);
    await use(two, 2_000);
    for (const somebody of [one, two, one, two]) await follow(somebody);
    const limits = (await ask(one, 'GET /v1/usage')).json().limits;
    const shared = limits.find((limit: { scope: string }) => limit.scope === 'group');
    const members = await query(table, 'POOL#engineering', { prefix: `monthly#${periodStart('monthly', today)}#` });
    expect(shared.used_micros).toBe(members.reduce((sum, row) => sum + Number(row.used_micros), 0));
    const told = await crossings('group:engineering:monthly');
    expect(told.map(({ state }) => state).sort()).toEqual(['exceeded', 'warned']);
    for (const fact of told) expect(fact).not.toHaveProperty('person');
  });
});

describe('GET /v1/usage', () => {
  it('shows one’s own spend and limits', async () => {
    const somebody = await join('engineering');
    await use(somebody, 1_000);
    const told = await ask(somebody, 'GET /v1/usage');
    expect(told.status).toBe(200);
    expect(told.json()).toMatchObject({
      by: 'model',
      rows: [{ key: 'claude-opus-4-8', amount_micros: 5_000, tokens: { input: 1_000 } }],
      price_book: expect.any(String),
    });
    expect(told.json().limits).toContainEqual({
      scope: 'person',
      period: 'daily',
      amount_micros: 10_000,
      used_micros: 5_000,
      resets_at: `${dayOf(now + 86_400_000)}T00:00:00.000Z`,
    });
  });

  it('says what to write when it is asked wrongly', async () => {
    const somebody = await join('engineering');
    for (const query of [{ from: 'yesterday' }, { by: 'mood' }, { from: '2026-02-31' }, { from: '2026-05-02', to: '2026-05-01' }]) {
      const told = await ask(somebody, 'GET /v1/usage', query as Record<string, string>);
      expect(told.status, JSON.stringify(query)).toBe(400);
      expect(told.json().error.type).toBe('invalid_request_error');
    }
  });
});

describe('GET /api/oauth/usage', () => {
  it('draws the bars of Claude Code in cents', async () => {
    const somebody = await join('engineering');
    await use(somebody, 4_000);
    expect((await ask(somebody, 'GET /api/oauth/usage')).json()).toMatchObject({
      extra_usage: { is_enabled: true, currency: 'USD', daily: { limit: 1, used_credits: 2, utilization: 200 }, weekly: { limit: null } },
      limits: expect.arrayContaining([expect.objectContaining({ kind: 'spend', group: 'daily', percent: 200, severity: 'critical' })]),
    });
  });
});

describe('GET /admin/spend', () => {
  it('is for administrators', async () => {
    expect((await ask(await join('engineering'), 'GET /admin/spend')).status).toBe(403);
  });

  it('adds everybody up under the heading asked for', async () => {
    const [admin, one, two] = [await join('admins'), await join('engineering', 'berlin'), await join('berlin', 'engineering')];
    await use(one, 1_000, 'claude-haiku-4-5');
    await use(two, 2_000, 'claude-haiku-4-5');
    const rows = async (by: string) =>
      new Map((await ask(admin, 'GET /admin/spend', { by })).json().rows.map((row: { key: string }) => [row.key, row]));
    expect((await rows('person')).get(one.id)).toMatchObject({ amount_micros: 1_000 });
    expect((await rows('model')).get('claude-haiku-4-5')).toMatchObject({ amount_micros: 3_000, tokens: { input: 3_000 } });
    expect((await rows('group')).get('berlin')).toMatchObject({ amount_micros: 3_000 });
    expect([...(await rows('day')).keys()]).toEqual([dayOf(at)]);
  });

  it('answers a spreadsheet in CSV', async () => {
    const [admin, one] = [await join('admins'), await join('engineering')];
    await use(one, 1_000);
    const told = await ask(admin, 'GET /admin/spend', { by: 'person' }, { Accept: 'text/csv' });
    expect(told.headers['content-type']).toContain('text/csv');
    expect(told.text.split('\r\n')[0]).toBe('key,amount_micros,requests,input,output,cache_read,cache_write_5m,cache_write_1h');
    expect(told.text).toContain(`${one.id},5000,0,1000,0,0,0,0\r\n`);
  });
});
