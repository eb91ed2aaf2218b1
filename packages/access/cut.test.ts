import { gate } from '@gatehouse/contracts/records/gate';
import { handler as settings } from '@gatehouse/policy/settings.lambda';
import { freshId } from '@gatehouse/runtime/clock';
import { put } from '@gatehouse/runtime/table';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as admin } from './admin.lambda.ts';
import { readCut } from './cut.ts';
import { handler as cutGroup } from './cut-group.lambda.ts';
import { groupCutOrdered } from './group-cut-ordered.ts';
import { call, type Scene, startScene } from './scene.fixture.ts';
import { handler as token } from './token.lambda.ts';

let scene: Scene;
let carol: string;

beforeAll(async () => {
  scene = await startScene();
  await call(token, 'POST /auth/verify', { json: {} });
  Object.assign(process.env, { CONFIG: JSON.stringify({ public_url: process.env.PUBLIC_URL }) });
  carol = (await signIn('carol@example.com')).access_token;
});
afterAll(() => scene.close());

async function signIn(email: string): Promise<{ access_token: string; refresh_token: string }> {
  const told = await call(token, 'POST /auth/verify', { json: { token: await scene.idToken(email) } });
  expect(told.status, email).toBe(200);
  return told.json;
}
const revoke = (json: unknown, bearer = carol) => call(admin, 'POST /admin/sessions/revoke', { json, token: bearer });
const claims = (text: string) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString());
const alive = async ({ access_token, refresh_token }: { access_token: string; refresh_token: string }) => {
  const read = await call(settings, 'GET /managed/settings', { token: access_token });
  const refreshed = await call(token, 'POST /auth/refresh', { json: { refresh_token } });
  return [read.status, refreshed.status];
};
const gateOf = async (email: string) => (await scene.rows(`GATE#${scene.person(email)}`))[0];
const cuts = async (email: string) =>
  (await scene.rows('OUTBOX#'))
    .filter(({ type }) => type === 'session-cut')
    .map(({ detail }) => JSON.parse(String(detail)))
    .filter(({ person }) => person === scene.person(email));

/** As the bus delivers a fact: any number of times. */
async function deliver(detail: unknown): Promise<void> {
  const event = { id: 'e', source: groupCutOrdered.source, 'detail-type': groupCutOrdered.type, detail, time: '', resources: [] };
  await cutGroup(event as never, { awsRequestId: 'test' } as Context);
}

/** What the bus would bring, until no order is at work. */
async function turns(): Promise<void> {
  do {
    const called = (await scene.rows('OUTBOX#')).filter(({ type }) => type === groupCutOrdered.type);
    for (const { detail } of called) await deliver(JSON.parse(String(detail)));
  } while ((await scene.rows('GROUP-CUT#')).some(({ state }) => state === 'working'));
}

describe('what an administrator writes', () => {
  it.each([
    undefined,
    [],
    {},
    { person: 'a' },
    { reason: 'x' },
    { reason: ' ', person: 'a' },
    { reason: 'x', person: 'a', group: 'b' },
    { reason: 'x', person: 'a', all: true },
    { reason: 'x', person: 7 },
  ])('is refused with an example when it is %j', (written) => {
    const told = readCut(written);
    expect(told.ok ? '' : told.refusal).toContain('{"person": "alice@example.com", "reason": "lost laptop"}');
  });
});

describe('ending sessions', () => {
  it('of a person kills every token and every family at once, and lets them sign in again under a higher epoch', async () => {
    const [one, two] = [await signIn('alice@example.com'), await signIn('alice@example.com')];
    const told = await revoke({ person: scene.person('alice@example.com'), reason: 'lost laptop' });
    expect([told.status, told.json]).toEqual([200, { people: 1, sessions: 2 }]);
    for (const each of [one, two]) expect(await alive(each)).toEqual([401, 401]);
    expect(await gateOf('alice@example.com')).toMatchObject({ state: 'open', epoch: 2 });
    expect(await cuts('alice@example.com')).toMatchObject([
      { epoch: 2, sessions: 2, reason: 'lost laptop', cause: scene.person('carol@example.com') },
    ]);
    const log = (await scene.rows('REVOCATION#')).filter(({ person }) => person === scene.person('alice@example.com'));
    expect(log).toMatchObject([{ epoch: 2 }]);
    const back = await signIn('alice@example.com');
    expect(claims(back.access_token).epoch).toBe(2);
    expect(await alive(back)).toEqual([200, 200]);
  });

  it.each(['session', 'family'] as const)('of one %s leaves the person’s others alone', async (whose) => {
    const [one, other] = [await signIn('bob@example.com'), await signIn('bob@example.com')];
    const name = whose === 'session' ? claims(one.access_token).sid : one.refresh_token.split('.')[0];
    expect((await revoke({ [whose]: name, reason: 'stolen' })).json).toEqual({ people: 1, sessions: 1 });
    expect(await alive(one)).toEqual([401, 401]);
    expect(await alive(other)).toEqual([200, 200]);
    const again = await revoke({ [whose]: name, reason: 'stolen' });
    expect([again.status, again.json]).toEqual([200, { people: 0, sessions: 0 }]);
  });

  it.each(['session', 'family'])('of an unknown %s is not found', async (whose) => {
    expect((await revoke({ [whose]: 'none', reason: 'x' })).status).toBe(404);
  });

  it('of everybody in a group answers at once, and its turns reach each of them and nobody else', async () => {
    const inside = await Promise.all(['alice@example.com', 'dave@example.com'].map(signIn));
    const outside = await signIn('bob@example.com');
    const told = await revoke({ group: 'engineering', reason: 'a leak' });
    expect([told.status, told.json.status]).toEqual([202, 'working']);
    await turns();
    for (const each of inside) expect(await alive(each)).toEqual([401, 401]);
    expect(await alive(outside)).toEqual([200, 200]);
    const look = () => call(admin, 'GET /admin/sessions/revocations/{id}', { token: carol, path: { id: told.json.id } });
    const order = (await look()).json;
    expect(order).toMatchObject({ status: 'done', group: 'engineering', reason: 'a leak', by: scene.person('carol@example.com') });
    expect(order.people).toBeGreaterThanOrEqual(2);
    expect(order.sessions).toBeGreaterThanOrEqual(2);
  });

  it('of a group does a late turn no second time', async () => {
    const before = await gateOf('alice@example.com');
    const order = String((await scene.rows('GROUP-CUT#'))[0]?.id);
    for (const turn of [0, 7]) await deliver({ ...groupCutOrdered.example, id: freshId('evt'), order, turn });
    expect(await gateOf('alice@example.com')).toEqual(before);
  });

  it('of a group takes as many turns as it has people for, and cuts each once', async () => {
    const people = Array.from({ length: 130 }, () => freshId('per'));
    const row = { ...gate.example, epoch: 4, groups: ['crowd'] };
    await Promise.all(people.map((person) => put(scene.table, { ...gate.key(person), ...row, person })));
    const told = await revoke({ group: 'crowd', reason: 'x' });
    await turns();
    const look = await call(admin, 'GET /admin/sessions/revocations/{id}', { token: carol, path: { id: told.json.id } });
    expect(look.json).toMatchObject({ status: 'done', people: 130, sessions: 0 });
    expect((await scene.rows(`GROUP-CUT#${told.json.id}`))[0]?.turn).toBeGreaterThan(1);
    const epochs = (await scene.rows('GATE#')).filter(({ person }) => people.includes(String(person))).map(({ epoch }) => epoch);
    expect(epochs).toEqual(people.map(() => 5));
  });

  it('of a group that nobody is in ends as done, with nobody', async () => {
    const told = await revoke({ group: 'nobody-is-here', reason: 'x' });
    await turns();
    const look = await call(admin, 'GET /admin/sessions/revocations/{id}', { token: carol, path: { id: told.json.id } });
    expect(look.json).toMatchObject({ status: 'done', people: 0, sessions: 0 });
  });

  it('is for administrators', async () => {
    const alice = await signIn('alice@example.com');
    expect((await revoke({ group: 'engineering', reason: 'x' }, alice.access_token)).status).toBe(403);
    expect((await revoke({ group: 'engineering', reason: 'x' }, 'nonsense')).status).toBe(401);
    expect((await revoke({ group: 'engineering' })).status).toBe(400);
    expect((await call(admin, 'GET /admin/sessions/revocations/{id}', { token: carol, path: { id: 'none' } })).status).toBe(404);
  });
});
