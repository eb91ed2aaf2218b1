import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyValues, metricsBody, tokenPoint } from '../../packages/usage/exporter.fixture.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let company: Company;
let carol: Person;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
  carol = await stack.as('carol@example.com');
}, 60_000);
afterAll(() => stack?.stop());

const inAWeek = () => new Date(Date.now() + 7 * 86_400_000).toISOString();
const admin = (method: string, path: string, body?: unknown, who = carol) =>
  who.fetch(`/admin/ingest-keys${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const made = async (owner: string, may_name_persons = false) => {
  const answer = await admin('POST', '', { owner, may_name_persons, expires_at: inAWeek() });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; secret: string; owner: string };
};
const send = (secret: string, body: unknown, path = '/v1/metrics') =>
  fetch(stack.gateway + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify(body),
  });
let moments = 0;
const tokens = (count: number) => metricsBody([tokenPoint({ at: Date.now() - 60_000 - moments++, type: 'input', tokens: count })]);
/** The same, as a collector passes it on for somebody. */
const tokensOf = (email: string, count: number) => {
  const body = tokens(count);
  body.resourceMetrics[0]!.resource.attributes.push(...keyValues({ 'user.email': email }));
  return body;
};
const inputOf = async (person: Person) => {
  const { rows } = (await (await person.fetch('/v1/usage')).json()) as { rows: { tokens: { input: number } }[] };
  return rows.reduce((sum, row) => sum + row.tokens.input, 0);
};

describe('an ingest key', () => {
  it('is made by an administrator, shown once, listed without its secret and ended', async () => {
    expect(
      (await admin('POST', '', { owner: 'alice@example.com', expires_at: inAWeek() }, await stack.as('alice@example.com'))).status,
    ).toBe(403);
    const key = await made('alice@example.com');
    const list = await (await admin('GET', '')).text();
    expect(list).toContain(key.id);
    expect(list).not.toContain(key.secret.split('.')[1]);
    expect((await send(key.secret, {})).status).toBe(200);
    expect((await admin('DELETE', `/${key.id}`)).status).toBe(204);
    expect((await admin('DELETE', `/${key.id}`)).status).toBe(404);
    await stack.advance(3);
    expect((await send(key.secret, {})).status).toBe(401);
  });

  it.each([
    [{ owner: 'nobody@example.com', expires_at: inAWeek() }, 404],
    [{ owner: 'alice@example.com' }, 400],
    [{ owner: 'alice@example.com', expires_at: '2020-01-01T00:00:00Z' }, 400],
    [{ owner: 'alice@example.com', expires_at: '2090-01-01T00:00:00Z' }, 400],
    [{ owner: 'alice@example.com', expires_at: inAWeek(), scope: 'admin' }, 400],
  ])('is not made from %j', async (wish, status) => {
    expect((await admin('POST', '', wish)).status).toBe(status);
  });

  it('bills its owner, whatever the resource claims, unless it may name people', async () => {
    const [alice, bob] = [await stack.as('alice@example.com'), await stack.as('bob@example.com')];
    const plain = await made('alice@example.com');
    expect((await send(plain.secret, tokensOf('bob@example.com', 10))).status).toBe(200);
    expect([await inputOf(alice), await inputOf(bob)]).toEqual([10, 0]);
    const relay = await made('alice@example.com', true);
    const both = tokensOf('bob@example.com', 7);
    both.resourceMetrics.push(...tokensOf('who.is.this@example.com', 5).resourceMetrics);
    expect((await send(relay.secret, both)).status).toBe(200);
    expect([await inputOf(alice), await inputOf(bob)]).toEqual([15, 7]);
  });

  it('opens nothing but OTLP, and only with its own secret', async () => {
    const key = await made('alice@example.com');
    const bearer = { headers: { authorization: `Bearer ${key.secret}` } };
    for (const path of ['/v1/usage', '/managed/settings', '/admin/spend'])
      expect((await fetch(stack.gateway + path, bearer)).status, path).toBe(401);
    const other = await made('alice@example.com');
    expect((await send(`${key.id}.${other.secret.split('.')[1]}`, {})).status).toBe(401);
  });

  it('dies with its owner within five seconds, and stays dead when they return', async () => {
    const frida = await company.hr('POST', '/users', { email: 'frida@example.com', name: 'Frida', active: true, groups: ['engineering'] });
    await stack.as('frida@example.com');
    const key = await made('frida@example.com');
    expect((await send(key.secret, tokens(3))).status).toBe(200);
    await company.hr('PATCH', `/users/${frida.id}`, { active: false });
    await stack.until(async () => ((await send(key.secret, {})).status === 401 ? true : undefined), {
      stepSeconds: 1,
      what: 'the refusal',
    });
    await company.hr('PATCH', `/users/${frida.id}`, { active: true });
    await stack.settled();
    await stack.advance(60);
    expect((await send(key.secret, {})).status).toBe(401);
  });

  it('ends at its time', async () => {
    const key = await made('alice@example.com');
    await stack.advance(7 * 86_400 + 60);
    expect((await send(key.secret, {})).status).toBe(401);
  });
});
