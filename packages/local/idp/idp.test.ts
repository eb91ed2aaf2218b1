import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { ask } from '../outside/ask.ts';
import { createIdp, type Idp } from './create-idp.ts';
import type { PartnerEvent } from './system-log.ts';

const token = 'directory-reader-token';
const running: Idp[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((idp) => idp.close()));
});

async function start(options: { dataFolder?: string; rateMultiplier?: number } = {}) {
  const clock = createClock();
  const events: PartnerEvent[] = [];
  const idp = await createIdp({
    port: 0,
    clock,
    emit: (event) => void events.push(event),
    directoryToken: token,
    redirectUris: ['http://127.0.0.1/oauth/callback'],
    ...options,
  });
  running.push(idp);
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ask(idp.issuer, method, path, body, headers);
  const okta = (path: string) => call('GET', path, undefined, { authorization: `SSWS ${token}` });
  return { clock, events, idp, call, okta, types: () => events.map((event) => event.detail.eventType) };
}

describe('the people department', () => {
  it('starts with the people that the documents name, under ids like Okta’s', async () => {
    const { call } = await start();
    const { body } = await call('GET', '/directory/users');
    const alice = body.users.find((user: { email: string }) => user.email === 'alice@example.com');
    expect(alice).toMatchObject({ active: true, groups: ['engineering'], id: expect.stringMatching(/^00u[0-9A-Za-z]{17}$/) });
    expect(body.users.map((user: { groups: string[] }) => user.groups.length)).toEqual(expect.arrayContaining([0, 1, 2]));
    const again = await (await start()).call('GET', '/directory/users/alice@example.com');
    expect(again.body.id).toBe(alice.id);
  });

  it('creates, moves, suspends, deactivates, takes back and deletes a person, and says each as the log stream would', async () => {
    const { call, types, events } = await start();
    const made = await call('POST', '/directory/users', { email: 'zoe@example.com', name: 'Zoe Zimmer', groups: ['engineering'] });
    expect(made.status).toBe(201);
    const path = `/directory/users/${made.body.id}`;
    await call('PUT', `/directory/groups/platform-admins/members/${made.body.id}`);
    await call('DELETE', '/directory/groups/engineering/members/zoe@example.com');
    await call('PATCH', path, { suspended: true });
    await call('PATCH', path, { suspended: false });
    await call('PATCH', path, { email: 'zoe.zimmer@example.com' });
    await call('PATCH', path, { active: false });
    await call('PATCH', path, { active: true });
    const gone = await call('DELETE', path);
    expect(gone.body).toMatchObject({ id: made.body.id, active: false, status: 'deleted' });
    expect((await call('GET', path)).status).toBe(404);
    expect(types()).toEqual([
      'user.lifecycle.create',
      'user.lifecycle.activate',
      'group.user_membership.add',
      'group.user_membership.add',
      'group.user_membership.remove',
      'user.lifecycle.suspend',
      'user.lifecycle.unsuspend',
      'user.account.update_profile',
      'user.lifecycle.deactivate',
      'user.lifecycle.reactivate',
      'user.lifecycle.deactivate',
      'user.lifecycle.delete.initiated',
    ]);
    for (const event of events) {
      expect(event).toMatchObject({ 'detail-type': 'SystemLog', source: expect.stringMatching(/^aws\.partner\/okta\.com\//) });
      const detail = event.detail as { actor: { id: string }; target: { type: string; id: string }[]; outcome: unknown; uuid: string };
      expect(detail.outcome).toEqual({ result: 'SUCCESS', reason: null });
      expect(detail.actor.id).not.toBe(made.body.id);
      expect(detail.target.find((target) => target.type === 'User')?.id).toBe(made.body.id);
    }
    expect(new Set(events.map((event) => event.detail.uuid)).size).toBe(events.length);
  });

  it('names both the person and the group in a membership event', async () => {
    const { call, events } = await start();
    await call('DELETE', '/directory/groups/engineering/members/alice@example.com');
    const target = events[0]?.detail.target as { type: string; alternateId: string; displayName: string }[];
    expect(target.map((one) => one.type).sort()).toEqual(['User', 'UserGroup']);
    expect(target.find((one) => one.type === 'UserGroup')).toMatchObject({ alternateId: 'unknown', displayName: 'engineering' });
  });

  it('never names the victim as the actor, even when an administrator leaves', async () => {
    const { call, events, idp } = await start();
    await call('PATCH', '/directory/users/helen@example.com', { active: false });
    expect(events[0]?.detail.actor).toMatchObject({ id: idp.directory.find('carol@example.com')?.id });
  });

  it('says nothing of a silent change, nor of one that changes nothing', async () => {
    const { call, events, okta } = await start();
    await call('PATCH', '/directory/users/bob@example.com?silent=1', { active: false });
    await call('PATCH', '/directory/users/alice@example.com', { active: true });
    await call('PUT', '/directory/groups/engineering/members/alice@example.com');
    expect(events).toEqual([]);
    expect((await okta('/api/v1/users/bob@example.com')).body.status).toBe('DEPROVISIONED');
  });

  it('names what is wrong: the person asked for, the field, the address that is taken', async () => {
    const { call } = await start();
    expect(await call('GET', '/directory/users/nobody@example.com')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('nobody@example.com') },
    });
    expect(await call('POST', '/directory/users', { email: 'no address' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('"email"') },
    });
    expect(await call('PATCH', '/directory/users/alice@example.com', { active: 'no' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('"active"') },
    });
    expect(await call('PATCH', '/directory/users/alice@example.com', { actve: false })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('"actve"') },
    });
    expect((await call('POST', '/directory/users', { email: 'ALICE@example.com', name: 'Other' })).status).toBe(409);
    expect((await call('DELETE', '/directory/groups/nowhere/members/alice@example.com')).status).toBe(404);
    expect((await call('PUT', '/directory/users')).status).toBe(405);
  });

  it('gives a returning address a new id once the old person was deleted', async () => {
    const { call } = await start();
    const before = await call('DELETE', '/directory/users/dave@example.com');
    const after = await call('POST', '/directory/users', { email: 'dave@example.com', name: 'Dave Again' });
    expect(after.body.id).not.toBe(before.body.id);
  });

  it('keeps people, groups, statuses and the signing key across a restart', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'idp-'));
    try {
      const first = await start({ dataFolder });
      await first.call('PATCH', '/directory/users/alice@example.com', { active: false });
      await first.call('POST', '/directory/users', { email: 'zoe@example.com', name: 'Zoe Zimmer', groups: ['new-team'] });
      const keys = await first.call('GET', '/oauth2/v1/keys');
      await first.idp.close();
      const second = await start({ dataFolder });
      expect((await second.call('GET', '/directory/users/alice@example.com')).body.status).toBe('deactivated');
      expect((await second.call('GET', '/directory/users/zoe@example.com')).body.groups).toEqual(['new-team']);
      expect((await second.call('GET', '/oauth2/v1/keys')).body).toEqual(keys.body);
      expect((await second.okta('/api/v1/logs')).body[0].eventType).toBe('user.lifecycle.deactivate');
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  });
});

describe('ID tokens on demand', () => {
  it('signs one that verifies against the published keys and carries e-mail, name and groups', async () => {
    const { call, idp, clock } = await start();
    clock.advance(3600);
    const { body } = await call('POST', '/directory/users/alice@example.com/id-token');
    const keys = createRemoteJWKSet(new URL(`${idp.issuer}/oauth2/v1/keys`));
    const { payload } = await jwtVerify(body.id_token, keys, {
      issuer: idp.issuer,
      audience: 'gatehouse',
      currentDate: new Date(clock.now()),
    });
    expect(payload).toMatchObject({
      sub: idp.directory.find('alice@example.com')?.id,
      email: 'alice@example.com',
      name: 'Alice Archer',
      groups: ['engineering'],
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect(payload.jti).toMatch(/^ID\./);
  });

  it('takes another audience, a lifetime in the past, and claims to add or leave out', async () => {
    const { call } = await start();
    const { body } = await call('POST', '/directory/users/bob@example.com/id-token', {
      audience: 'other',
      expires_in: -10,
      claims: { groups: null, tier: 'gold' },
    });
    const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ aud: 'other', tier: 'gold' });
    expect(claims).not.toHaveProperty('groups');
    expect(claims.exp).toBeLessThan(Date.now() / 1000);
    expect((await call('POST', '/directory/users/bob@example.com/id-token', { expires_in: 'soon' })).status).toBe(400);
  });
});

describe('the Okta read API', () => {
  it('refuses a wrong API token as Okta does', async () => {
    const { call } = await start();
    expect(await call('GET', '/api/v1/users/alice@example.com', undefined, { authorization: 'SSWS wrong' })).toMatchObject({
      status: 401,
      body: { errorCode: 'E0000011' },
    });
  });

  it('finds a person by id and by login, with the status a leaver’s check reads', async () => {
    const { call, okta, idp } = await start();
    const id = idp.directory.find('alice@example.com')?.id;
    expect((await okta(`/api/v1/users/${id}`)).body).toMatchObject({
      status: 'ACTIVE',
      profile: { login: 'alice@example.com', email: 'alice@example.com', firstName: 'Alice', lastName: 'Archer' },
    });
    await call('PATCH', `/directory/users/${id}`, { suspended: true });
    expect((await okta('/api/v1/users/alice@example.com')).body).toMatchObject({ id, status: 'SUSPENDED' });
    await call('DELETE', `/directory/users/${id}`);
    expect(await okta(`/api/v1/users/${id}`)).toMatchObject({ status: 404, body: { errorCode: 'E0000007', errorCauses: [] } });
  });

  it('pages users by the Link header until there is no next', async () => {
    const { okta, idp } = await start();
    const seen: string[] = [];
    let path: string | undefined = '/api/v1/users?limit=4';
    while (path) {
      const { body, headers } = await okta(path);
      seen.push(...body.map((user: { id: string }) => user.id));
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]?.replace(idp.issuer, '');
    }
    expect(seen).toEqual(idp.directory.people().map((person) => person.id));
  });

  it('hides the deprovisioned from a plain list, but not from a search', async () => {
    const { call, okta } = await start();
    await call('PATCH', '/directory/users/bob@example.com', { active: false });
    const emails = (list: { profile: { email: string } }[]) => list.map((user) => user.profile.email);
    expect(emails((await okta('/api/v1/users')).body)).not.toContain('bob@example.com');
    expect(emails((await okta(`/api/v1/users?search=${encodeURIComponent('status eq "DEPROVISIONED"')}`)).body)).toEqual([
      'bob@example.com',
    ]);
    const both = '(profile.email sw "a" or profile.email sw "bo") and status eq "ACTIVE"';
    expect(emails((await okta(`/api/v1/users?search=${encodeURIComponent(both)}`)).body)).toEqual(['alice@example.com']);
    expect(await okta('/api/v1/users?search=nonsense')).toMatchObject({ status: 400, body: { errorCode: 'E0000031' } });
  });

  it('lists the groups of a person and the people of a group', async () => {
    const { okta } = await start();
    const groups = (await okta('/api/v1/users/erin@example.com/groups')).body;
    expect(groups.map((group: { profile: { name: string } }) => group.profile.name)).toEqual(['engineering', 'platform-admins']);
    const members = (await okta(`/api/v1/groups/${groups[1].id}/users`)).body;
    expect(members.map((user: { profile: { login: string } }) => user.profile.login)).toEqual(['carol@example.com', 'erin@example.com']);
  });

  it('counts calls per minute of stack time and answers 429 with the time of reset', async () => {
    const { okta, clock } = await start({ rateMultiplier: 2 / 120 });
    await okta('/api/v1/logs');
    expect((await okta('/api/v1/logs')).headers.get('x-rate-limit-remaining')).toBe('0');
    const refused = await okta('/api/v1/logs');
    expect(refused).toMatchObject({ status: 429, body: { errorCode: 'E0000047' } });
    expect(Number(refused.headers.get('x-rate-limit-reset'))).toBeGreaterThan(clock.now() / 1000);
    clock.advance(60);
    expect((await okta('/api/v1/logs')).status).toBe(200);
  });

  it('replays the System Log since a time, with a next link to poll', async () => {
    const { call, okta, clock } = await start();
    await call('PATCH', '/directory/users/bob@example.com', { active: false });
    clock.advance(100);
    const since = new Date(clock.now() - 1000).toISOString();
    await call('PATCH', '/directory/users/frank@example.com', { active: false });
    const { body, headers } = await okta(`/api/v1/logs?since=${since}`);
    expect(body.map((event: { eventType: string }) => event.eventType)).toEqual(['user.lifecycle.deactivate']);
    expect(headers.get('link')).toContain('rel="next"');
  });
});

describe('faults', () => {
  it('answers the status asked for in Okta’s own error shape, as often as asked', async () => {
    const { call, okta } = await start();
    await call('POST', '/_faults', { path: '/api/v1/users', status: 503, times: 1, headers: { 'retry-after': '2' } });
    const struck = await okta('/api/v1/users/alice@example.com');
    expect(struck).toMatchObject({ status: 503, body: { errorCode: expect.any(String) } });
    expect(struck.headers.get('retry-after')).toBe('2');
    expect((await okta('/api/v1/users/alice@example.com')).status).toBe(200);
  });

  it('hangs until the faults are taken away', async () => {
    const { call, okta } = await start();
    await call('POST', '/_faults', { path: '/api/v1', hang: true });
    const hanging = okta('/api/v1/users').then(
      () => 'answered',
      () => 'cut',
    );
    while ((await call('GET', '/_faults')).body.faults[0].struck === 0);
    await call('DELETE', '/_faults');
    expect(await hanging).toBe('cut');
    expect((await okta('/api/v1/users')).status).toBe(200);
  });

  it('delays in stack time', async () => {
    const { call, okta, clock } = await start();
    await call('POST', '/_faults', { path: '/api/v1', delay_ms: 3_600_000 });
    const slow = okta('/api/v1/users');
    while ((await call('GET', '/_faults')).body.faults[0].struck === 0);
    clock.advance(3600);
    expect((await slow).status).toBe(200);
  });

  it('refuses a fault that it would not understand', async () => {
    const { call } = await start();
    expect(await call('POST', '/_faults', { path: '/api/v1', stauts: 500 })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('stauts') },
    });
  });
});
