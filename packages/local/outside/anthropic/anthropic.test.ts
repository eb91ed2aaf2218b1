import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { ask } from '../ask.ts';
import { createOutside, type Outside } from '../create-outside.ts';
import type { AnthropicOptions } from './create-anthropic.ts';

const alice = 'alice@example.com';
const running: Outside[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((outside) => outside.close()));
});

async function start(anthropic: Partial<AnthropicOptions> = {}, emails = [alice, 'alice+test@example.com']) {
  const clock = createClock();
  const outside = await createOutside({
    port: 0,
    clock,
    litellm: { masterKey: 'sk-unused' },
    coder: { token: 'unused' },
    anthropic: { adminKey: 'admin-key', ...anthropic },
    people: emails.map((email) => ({ email, name: email })),
  });
  running.push(outside);
  const admin = (method: string, path: string, body?: unknown, key = 'admin-key') =>
    ask(`${outside.origin}/anthropic/v1/organizations`, method, path, body, { 'x-api-key': key, 'anthropic-version': '2023-06-01' });
  const member = async (email: string) => {
    const { body } = await admin('GET', '/users?limit=100');
    return body.data.find((one: { email: string }) => one.email === email)?.id;
  };
  return { clock, admin, member };
}

describe('Anthropic: seats', () => {
  it('refuses a wrong admin key in the API’s error shape', async () => {
    const { admin } = await start();
    expect(await admin('GET', '/users', undefined, 'wrong')).toMatchObject({
      status: 401,
      body: { type: 'error', error: { type: 'authentication_error' }, request_id: expect.any(String) },
    });
  });

  it('answers a search by e-mail with the plus-tagged namesake too, so the address must be compared', async () => {
    const { admin } = await start();
    const { body } = await admin('GET', `/users?email=${alice}`);
    expect(body.data.map((one: { email: string }) => one.email)).toEqual([alice, 'alice+test@example.com']);
  });

  it('pages by after_id', async () => {
    const { admin } = await start();
    const first = (await admin('GET', '/users?limit=2')).body;
    expect(first).toMatchObject({ has_more: true, last_id: first.data[1].id });
    expect((await admin('GET', `/users?limit=2&after_id=${first.last_id}`)).body).toMatchObject({
      has_more: false,
      data: [{ role: 'admin' }],
    });
  });

  it('archives the leaver’s own key with the seat and leaves alive the key that the leaver made for nobody', async () => {
    const { admin, member } = await start();
    const id = await member(alice);
    const keys = async () =>
      (await admin('GET', `/api_keys?created_by_user_id=${id}`)).body.data.map((key: { name: string; status: string }) => [
        key.name,
        key.status,
      ]);
    expect(await admin('DELETE', `/users/${id}`)).toMatchObject({ status: 200, body: { type: 'user_deleted' } });
    expect(await keys()).toEqual([
      [`claude_code_key_${alice}`, 'archived'],
      ['ci-pipeline', 'active'],
    ]);
    expect((await admin('GET', `/users/${id}`)).status).toBe(404);
    expect((await admin('DELETE', `/users/${id}`)).status).toBe(404);
  });

  it('makes a key inactive, active again, and archived for good', async () => {
    const { admin } = await start();
    const [key] = (await admin('GET', '/api_keys?status=active')).body.data;
    for (const status of ['inactive', 'active', 'archived'])
      expect((await admin('POST', `/api_keys/${key.id}`, { status })).body.status).toBe(status);
    expect((await admin('POST', `/api_keys/${key.id}`, { status: 'active' })).status).toBe(400);
  });

  it('removes nobody whose membership the identity provider manages, nor an admin', async () => {
    const managed = await start({ managedMembership: true });
    expect((await managed.admin('DELETE', `/users/${await managed.member(alice)}`)).status).toBe(400);
    const { admin, member } = await start();
    expect((await admin('DELETE', `/users/${await member('console-admin@example.com')}`)).status).toBe(400);
  });

  it('keeps a pending invite apart from members, for 21 days', async () => {
    const { admin, clock } = await start();
    const made = await admin('POST', '/invites', { email: 'new@example.com', role: 'claude_code_user' });
    expect((await admin('POST', '/invites', { email: 'new@example.com', role: 'user' })).body.error.details.error_code).toBe(
      'invite_already_exists',
    );
    expect((await admin('POST', '/invites', { email: alice, role: 'user' })).body.error.details.error_code).toBe('already_member');
    clock.advance(21 * 24 * 3600);
    expect((await admin('GET', '/invites')).body.data).toMatchObject([{ id: made.body.id, status: 'expired' }]);
    expect((await admin('DELETE', `/invites/${made.body.id}`)).body.type).toBe('invite_deleted');
    expect((await admin('GET', '/invites')).body.data).toEqual([]);
  });

  it('counts member calls per minute of stack time', async () => {
    const { admin, clock } = await start({ rateMultiplier: 0.01 });
    expect((await admin('GET', '/users')).status).toBe(200);
    const refused = await admin('GET', '/users');
    expect(refused.status).toBe(429);
    clock.advance(Number(refused.headers.get('retry-after')));
    expect((await admin('GET', '/users')).status).toBe(200);
  });
});
