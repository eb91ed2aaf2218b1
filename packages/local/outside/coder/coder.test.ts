import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { ask } from '../ask.ts';
import { createOutside, type Outside } from '../create-outside.ts';
import { seededAgentToken, seededSessionToken, seededWorkspaceId, usernameFor } from './create-coder.ts';

const service = 'coder-service-token';
const alice = 'alice@example.com';
const main = seededWorkspaceId(alice);
const running: Outside[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((outside) => outside.close()));
});

async function start(dataFolder?: string, rateMultiplier = 1) {
  const clock = createClock();
  const outside = await createOutside({
    port: 0,
    clock,
    litellm: { masterKey: 'sk-unused' },
    coder: { token: service, rateMultiplier },
    people: [
      { email: alice, name: 'Alice Archer' },
      { email: 'bob@example.com', name: 'Bob Baker' },
    ],
    ...(dataFolder === undefined ? {} : { dataFolder }),
  });
  running.push(outside);
  const call = (token: string, method: string, path: string, body?: unknown) =>
    ask(`${outside.origin}/coder`, method, `/api/v2${path}`, body, { 'coder-session-token': token });
  const admin = (method: string, path: string, body?: unknown) => call(service, method, path, body);
  const build = (transition: string, more: object = {}) => admin('POST', `/workspaces/${main}/builds`, { transition, ...more });
  const job = async (id: string) => (await admin('GET', `/workspacebuilds/${id}`)).body.job.status;
  const agent = async () => (await call(seededAgentToken(alice), 'GET', '/workspaceagents/me/manifest')).status;
  const task = async () => (await ask(outside.origin, 'GET', `/coder/workloads/${main}`)).status;
  return { clock, outside, call, admin, build, job, agent, task };
}

describe('Coder: its limit', () => {
  it('is on how often one user calls one path within a minute, and is told', async () => {
    const { admin, call, clock, outside } = await start(undefined, 3 / 512);
    const statuses = async (path: string) => (await Promise.all([1, 2, 3, 4].map(() => admin('GET', path)))).map(({ status }) => status);
    expect(await statuses('/users?q=alice')).toEqual([200, 200, 200, 429]);
    expect((await admin('GET', '/workspaces')).status).toBe(200);
    expect((await call(seededSessionToken(alice), 'GET', '/users/me')).status).toBe(200);
    const { limits } = (await ask(outside.origin, 'GET', '/_limits')).body;
    expect(limits['coder /api/v2/users']).toEqual({ limit: 3, calls: 4, refused: 1 });
    clock.advance(60);
    expect((await admin('GET', '/users?q=alice')).status).toBe(200);
  });
});

describe('Coder: users', () => {
  it('starts with an account, a token and a running workspace for each person', async () => {
    const { admin, call, agent, task } = await start();
    expect((await admin('GET', '/users?q=alice')).body).toMatchObject({
      count: 1,
      users: [{ username: 'alice', email: alice, status: 'active' }],
    });
    expect((await call(seededSessionToken(alice), 'GET', '/users/me')).body.username).toBe('alice');
    const list = (await admin('GET', '/workspaces?q=owner:Alice')).body;
    expect(list).toMatchObject({
      count: 1,
      workspaces: [{ id: main, owner_name: 'alice', latest_build: { status: 'running', transition: 'start' } }],
    });
    expect([await agent(), await task()]).toEqual([200, 200]);
    expect(usernameFor('Ann.Lee+x@example.com')).toBe('ann-lee-x');
  });

  it('refuses no token, a wrong one and, for a plain user, everything that is not theirs', async () => {
    const { outside, call } = await start();
    expect((await ask(outside.origin, 'GET', '/coder/api/v2/users')).status).toBe(401);
    expect((await call('wrong-token', 'GET', '/users')).status).toBe(401);
    const own = seededSessionToken(alice);
    expect((await call(own, 'GET', '/users')).body.users.map((user: { username: string }) => user.username)).toEqual(['alice']);
    expect((await call(own, 'GET', '/users/bob')).status).toBe(404);
    expect((await call(own, 'GET', `/workspaces/${seededWorkspaceId('bob@example.com')}`)).status).toBe(404);
    expect((await call(own, 'PUT', '/users/bob/status/suspend')).status).toBe(403);
  });

  it('suspends and activates; the suspended person’s token is refused but stays in the list', async () => {
    const { admin, call } = await start();
    expect((await admin('PUT', '/users/alice/status/suspend')).body.status).toBe('suspended');
    expect((await admin('PUT', '/users/alice/status/suspend')).status).toBe(200);
    expect(await call(seededSessionToken(alice), 'GET', '/users/me')).toMatchObject({
      status: 401,
      body: { message: expect.stringContaining('not active') },
    });
    expect((await admin('GET', '/users/alice/keys/tokens')).body).toHaveLength(1);
    await admin('PUT', '/users/alice/status/activate');
    expect((await call(seededSessionToken(alice), 'GET', '/users/me')).status).toBe(200);
  });

  it('does not suspend the caller or an owner', async () => {
    const { admin } = await start();
    expect((await admin('PUT', '/users/me/status/suspend')).status).toBe(400);
    expect((await admin('PUT', '/users/coder-owner/status/suspend')).status).toBe(400);
  });

  it('creates dormant users, one per name and address, and takes only a known organization', async () => {
    const { admin } = await start();
    const [organization] = (await admin('GET', '/organizations')).body;
    const wanted = { username: 'carol', email: 'carol@example.com', organization_ids: [organization.id], login_type: 'oidc' };
    expect(await admin('POST', '/users', wanted)).toMatchObject({ status: 201, body: { status: 'dormant' } });
    expect((await admin('POST', '/users', wanted)).status).toBe(409);
    expect((await admin('POST', '/users', { ...wanted, username: 'x', email: 'x@example.com', organization_ids: [] })).status).toBe(400);
  });

  it('does not delete a user who owns a workspace, deletes it afterwards, and frees the name', async () => {
    const { admin, build, clock, call } = await start();
    expect((await admin('DELETE', '/users/alice')).status).toBe(417);
    await build('stop');
    clock.advance(10);
    expect((await admin('DELETE', '/users/alice')).status).toBe(417);
    await build('delete');
    clock.advance(10);
    expect((await admin('DELETE', '/users/alice')).status).toBe(200);
    expect((await admin('GET', '/users/alice')).status).toBe(404);
    expect((await call(seededSessionToken(alice), 'GET', '/users/me')).status).toBe(401);
    const [organization] = (await admin('GET', '/organizations')).body;
    const again = await admin('POST', '/users', { username: 'alice', email: alice, organization_ids: [organization.id] });
    expect(again.status).toBe(201);
  });

  it('makes, lists, expires and deletes tokens', async () => {
    const { admin, call } = await start();
    const made = (await admin('POST', '/users/alice/keys/tokens', { token_name: 'laptop' })).body.key;
    expect((await call(made, 'GET', '/users/me')).status).toBe(200);
    const id = made.split('-')[0];
    expect((await admin('PUT', `/users/alice/keys/${id}/expire`)).status).toBe(204);
    expect((await call(made, 'GET', '/users/me')).status).toBe(401);
    expect((await admin('GET', '/users/alice/keys/tokens')).body).toHaveLength(1);
    expect((await admin('GET', '/users/alice/keys/tokens?include_expired=true')).body).toHaveLength(2);
    expect((await admin('DELETE', `/users/alice/keys/${id}`)).status).toBe(204);
    expect((await admin('DELETE', `/users/alice/keys/${id}`)).status).toBe(404);
  });
});

describe('Coder: workspaces, and what goes on running behind them', () => {
  it('carries a build out in stack time: pending, running, succeeded', async () => {
    const { build, job, clock, admin } = await start();
    const made = await build('stop');
    expect(made.status).toBe(201);
    expect(made.body.job.status).toBe('pending');
    clock.advance(1);
    expect(await job(made.body.id)).toBe('running');
    clock.advance(3);
    expect(await job(made.body.id)).toBe('succeeded');
    expect((await admin('GET', `/workspaces/${main}`)).body.latest_build.status).toBe('stopped');
  });

  it('takes no second build while one is active', async () => {
    const { build, clock } = await start();
    await build('stop');
    expect((await build('delete')).status).toBe(409);
    clock.advance(4);
    expect((await build('delete')).status).toBe(201);
  });

  it('lets the workspace’s agent and task go on after the owner was suspended, until the stop has succeeded', async () => {
    const { admin, build, clock, agent, task } = await start();
    await admin('PUT', '/users/alice/status/suspend');
    expect([await agent(), await task()]).toEqual([200, 200]);
    clock.advance(24 * 3600);
    expect([await agent(), await task()]).toEqual([200, 200]);
    await build('stop');
    clock.advance(2);
    expect([await agent(), await task()]).toEqual([200, 200]);
    clock.advance(2);
    expect([await agent(), await task()]).toEqual([401, 503]);
  });

  it('says 410 of a deleted workspace, shows it when asked to, and would delete it again', async () => {
    const { admin, build, clock } = await start();
    await build('delete');
    clock.advance(5);
    expect((await admin('GET', `/workspaces/${main}`)).status).toBe(410);
    expect((await admin('GET', `/workspaces/${main}?include_deleted=true`)).body.latest_build).toMatchObject({
      transition: 'delete',
      job: { status: 'succeeded' },
    });
    expect((await admin('GET', '/workspaces?q=owner:alice')).body.count).toBe(0);
    expect((await build('delete')).status).toBe(201);
    expect((await admin('GET', '/workspaces/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });

  it('calls an orphan delete a success and leaves the task running behind it', async () => {
    const { build, clock, job, agent, task, admin } = await start();
    expect((await build('stop', { orphan: true })).status).toBe(400);
    const made = await build('delete', { orphan: true });
    clock.advance(1);
    expect(await job(made.body.id)).toBe('succeeded');
    expect((await admin('GET', `/workspaces/${main}`)).status).toBe(410);
    expect([await agent(), await task()]).toEqual([401, 200]);
    clock.advance(24 * 3600);
    expect(await task()).toBe(200);
  });

  it('fails a build on request, and the task goes on', async () => {
    const { build, clock, job, task, outside, admin } = await start();
    await ask(outside.origin, 'POST', '/_faults', { path: `/coder/api/v2/workspaces/${main}/builds`, effect: 'build-fails', times: 1 });
    const failed = await build('delete');
    clock.advance(10);
    expect(await job(failed.body.id)).toBe('failed');
    expect((await admin('GET', `/workspaces/${main}`)).body.latest_build.job.error).toEqual(expect.any(String));
    expect(await task()).toBe(200);
    await build('delete');
    clock.advance(10);
    expect(await task()).toBe(503);
  });

  it('waits for ever for a provisioner that nobody runs, says so, and can be canceled', async () => {
    const { build, clock, job, outside, admin } = await start();
    outside.faults.add({ path: `/coder/api/v2/workspaces/${main}/builds`, effect: 'build-never-starts', times: 1 });
    const made = await build('stop');
    clock.advance(24 * 3600);
    expect(await job(made.body.id)).toBe('pending');
    expect(made.body.matched_provisioners).toMatchObject({ available: 0 });
    expect((await admin('PATCH', `/workspacebuilds/${made.body.id}/cancel?expect_status=running`)).status).toBe(412);
    expect((await admin('PATCH', `/workspacebuilds/${made.body.id}/cancel?expect_status=pending`)).status).toBe(200);
    expect(await job(made.body.id)).toBe('canceled');
    expect((await build('stop')).status).toBe(201);
  });

  it('has done what it was asked even when the answer was lost', async () => {
    const { build, outside, admin } = await start();
    outside.faults.add({ path: '/coder', method: 'POST', lose_answer: true, times: 1 });
    await expect(build('stop')).rejects.toThrow();
    expect((await admin('GET', `/workspaces/${main}/builds`)).body[0].transition).toBe('stop');
    expect((await build('stop')).status).toBe(409);
  });

  it('creates a workspace, once per owner and name, that runs a few seconds later', async () => {
    const { admin, clock } = await start();
    const [template] = (await admin('GET', '/templates')).body;
    const path = `/organizations/${template.organization_id}/members/bob/workspaces`;
    const made = await admin('POST', path, { name: 'second', template_id: template.id });
    expect(made).toMatchObject({ status: 201, body: { owner_name: 'bob', latest_build: { status: 'pending' } } });
    expect((await admin('POST', path, { name: 'Second', template_id: template.id })).status).toBe(409);
    clock.advance(6);
    expect((await admin('GET', '/users/bob/workspace/second')).body.latest_build.status).toBe('running');
    expect((await ask(running.at(-1)?.origin ?? '', 'GET', `/coder/workloads/${made.body.id}`)).status).toBe(200);
  });

  it('pages workspaces by limit and offset', async () => {
    const { admin } = await start();
    const pages = [await admin('GET', '/workspaces?limit=1'), await admin('GET', '/workspaces?limit=1&offset=1')];
    expect(pages.map((page) => page.body.count)).toEqual([2, 2]);
    expect(new Set(pages.map((page) => page.body.workspaces[0].id)).size).toBe(2);
  });

  it('keeps users, builds and tokens across a restart, and no secret in the file', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'coder-'));
    try {
      const first = await start(dataFolder);
      await first.admin('PUT', '/users/alice/status/suspend');
      await first.build('stop');
      await first.outside.close();
      const second = await start(dataFolder);
      second.clock.advance(10);
      expect((await second.admin('GET', '/users/alice')).body.status).toBe('suspended');
      expect(await second.task()).toBe(503);
      const file = readFileSync(join(dataFolder, 'outside-coder.json'), 'utf8');
      expect(file).not.toContain(seededSessionToken(alice).split('-')[1]);
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  });
});
