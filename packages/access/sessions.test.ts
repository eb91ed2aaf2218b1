import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handler as settings } from '@gatehouse/policy/settings.lambda';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as hear } from './hear-people.lambda.ts';
import { probe } from './probe-sessions.lambda.ts';
import { call, type Entry, type Scene, startScene } from './scene.fixture.ts';
import { cut, find, restore } from './sessions.lambda.ts';
import { handler as token } from './token.lambda.ts';

let scene: Scene;
let server: Server;
const context = { awsRequestId: 'test' } as Context;

/** The entries behind a port, as the gateway's origin, for what probes try. */
beforeAll(async () => {
  const routes: Record<string, Entry> = { 'POST /oauth/token': token, 'GET /managed/settings': settings };
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const route = `${request.method} ${request.url}` as const;
    const entry = routes[route];
    if (!entry) return response.writeHead(404).end();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const told = await call(entry, route as `${string} ${string}`, { headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(told.status, told.headers).end(told.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scene = await startScene(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // Each entry reads its variables once, at its first call: this process plays two functions.
  await call(token, 'POST /auth/verify', { json: {} });
  Object.assign(process.env, { CONFIG: JSON.stringify({ public_url: process.env.PUBLIC_URL }) });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await scene.close();
});

async function signIn(email: string) {
  const told = await call(token, 'POST /auth/verify', { json: { token: await scene.idToken(email) } });
  expect(told.status).toBe(200);
  return told.json;
}
const refresh = (refresh_token: string) => call(token, 'POST /auth/refresh', { json: { refresh_token } });
const order = (email: string, change: Record<string, unknown> = {}) => ({
  case_id: 'cas_01h00000000000000000000000',
  person: scene.person(email),
  generation: 1,
  dry_run: false,
  reason: 'left the company',
  ...change,
});

describe('cutting', () => {
  it('shuts the gate, ends every session and raises one fact, however often it runs', async () => {
    const tokens = await signIn('alice@example.com');
    await signIn('alice@example.com');
    expect((await find(order('alice@example.com'), context)).targets).toHaveLength(3);
    const first = await cut(order('alice@example.com'), context);
    expect(first).toMatchObject({ outcome: 'done', message: 'The gate is shut at epoch 2; 2 sessions ended.' });
    expect(await cut(order('alice@example.com'), context)).toMatchObject({ outcome: 'nothing_to_do' });
    expect(await scene.rows('GATE#')).toMatchObject([{ state: 'shut', epoch: 2 }]);
    expect((await scene.rows('REVOCATION#')).map(({ epoch }) => epoch)).toEqual([2]);
    expect((await scene.rows('OUTBOX#')).filter(({ type }) => type === 'session-cut')).toHaveLength(1);
    expect((await call(settings, 'GET /managed/settings', { token: tokens.access_token })).status).toBe(401);
    expect((await refresh(tokens.refresh_token)).status).toBe(401);
    const again = await call(token, 'POST /auth/verify', { json: { token: await scene.idToken('alice@example.com') } });
    expect([again.status, again.json.error]).toEqual([400, 'access_denied']);
  });

  it('is proven by the very credentials on every surface', async () => {
    expect(await probe(order('alice@example.com'), context), 'not every surface can know').toMatchObject({
      outcome: 'not_yet',
      targets: [],
    });
    scene.aws.clock.advance(5);
    const first = await probe(order('alice@example.com'), context);
    expect(first).toMatchObject({ outcome: 'not_yet', watch: { state: 'dead' }, wait_seconds: 10 });
    scene.aws.clock.advance(10);
    const proof = await probe(order('alice@example.com', { watch: first.watch }), context);
    expect(proof.outcome).toBe('done');
    expect(proof.targets).toHaveLength(2);
    for (const target of proof.targets) {
      expect(target).toMatchObject({ kind: 'session', grade: 'probed', after: 'refused by managed settings, refresh' });
    }
  });

  it('is undone only by its own case, and no dead token comes back', async () => {
    const old = (await scene.rows('SESSION#')).map(({ id }) => id);
    const other = order('alice@example.com', { case_id: 'cas_01h00000000000000000000001' });
    expect(await restore(other, context)).toMatchObject({ outcome: 'nothing_to_do' });
    expect(await restore(order('alice@example.com'), context)).toMatchObject({ outcome: 'done' });
    expect(await scene.rows('GATE#')).toMatchObject([{ state: 'open', epoch: 2 }]);
    expect((await scene.rows('SESSION#')).filter(({ id, state }) => old.includes(id) && state === 'live')).toEqual([]);
    const tokens = await signIn('alice@example.com');
    expect((await call(settings, 'GET /managed/settings', { token: tokens.access_token })).status).toBe(200);
  });

  it('does nothing to somebody who has come back since the case began', async () => {
    await scene.setPerson('dave@example.com', { generation: 3 });
    const tokens = await signIn('dave@example.com');
    expect(await cut(order('dave@example.com', { generation: 2 }), context)).toMatchObject({ outcome: 'nothing_to_do' });
    expect((await refresh(tokens.refresh_token)).status).toBe(200);
  });

  it('opens for a re-hired person at their next sign-in', async () => {
    await scene.setPerson('ivan@example.com', { generation: 1 });
    await signIn('ivan@example.com');
    await cut(order('ivan@example.com', { generation: 2 }), context);
    await scene.setPerson('ivan@example.com', { generation: 3 });
    const tokens = await signIn('ivan@example.com');
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url').toString());
    expect(claims.epoch).toBe(2);
  });

  it('shuts out somebody who has never signed in, and says what a dry run would do', async () => {
    const plan = await cut(order('erin@example.com', { dry_run: true }), context);
    expect(plan).toMatchObject({ outcome: 'done', message: 'Would shut the gate and end 0 sessions.' });
    expect(await scene.rows(`GATE#${scene.person('erin@example.com')}`)).toEqual([]);
    await cut(order('erin@example.com'), context);
    const told = await call(token, 'POST /auth/verify', { json: { token: await scene.idToken('erin@example.com') } });
    expect(told.status).toBe(400);
  });

  it('wins over a sign-in at the same moment', async () => {
    await signIn('frank@example.com');
    const subject = await scene.idToken('frank@example.com');
    const [told] = await Promise.all([
      call(token, 'POST /auth/verify', { json: { token: subject } }),
      cut(order('frank@example.com'), context),
    ]);
    if (told.status === 200) expect((await refresh(told.json.refresh_token)).status).toBe(401);
    const [gate] = await scene.rows(`GATE#${scene.person('frank@example.com')}`);
    expect(gate).toMatchObject({ state: 'shut', epoch: 2 });
  });
});

describe('a changed person', () => {
  it('has new groups in the gate, and the gate in its state', async () => {
    await signIn('carol@example.com');
    await scene.setPerson('carol@example.com', { groups: ['engineering'] });
    const person = scene.person('carol@example.com');
    const detail = {
      id: 'evt_01h00000000000000000000000',
      at: '2026-11-22T09:00:00.000Z',
      person,
      generation: 1,
      status: 'active',
      groups: [],
    };
    const event = { id: '1', source: 'gatehouse.people', 'detail-type': 'person-changed', detail } as unknown as Parameters<typeof hear>[0];
    await hear(event, context);
    await hear(event, context);
    expect(await scene.rows(`GATE#${person}`)).toMatchObject([{ groups: ['engineering'], state: 'open', epoch: 1 }]);
  });
});
