import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { ask } from '../ask.ts';
import { createOutside, type Outside } from '../create-outside.ts';
import { type LitellmOptions, seededKey } from './create-litellm.ts';

const masterKey = 'sk-master-of-the-proxy';
const alice = 'alice@example.com';
const running: Outside[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((outside) => outside.close()));
});

async function start(litellm: Partial<LitellmOptions> = {}, dataFolder?: string) {
  const clock = createClock();
  const people = [
    { email: alice, name: 'Alice Archer' },
    { email: 'bob@example.com', name: 'Bob Baker' },
  ];
  const outside = await createOutside({
    port: 0,
    clock,
    litellm: { masterKey, ...litellm },
    coder: { token: 'unused' },
    people,
    ...(dataFolder === undefined ? {} : { dataFolder }),
  });
  running.push(outside);
  const call = (method: string, path: string, body: unknown, key: string) =>
    ask(`${outside.origin}/litellm`, method, path, body, { authorization: `Bearer ${key}` });
  const admin = (method: string, path: string, body?: unknown) => call(method, path, body, masterKey);
  /** The status that a key gets on each replica's data plane. */
  const probe = async (key: string) => [
    (await call('GET', '/replicas/1/v1/models', undefined, key)).status,
    (await call('GET', '/replicas/2/v1/models', undefined, key)).status,
  ];
  return { clock, outside, call, admin, probe };
}

describe('LiteLLM: keys and users', () => {
  it('shows a key once, at its making, and keeps only its hash', async () => {
    const { admin } = await start();
    const made = await admin('POST', '/key/generate', { user_id: alice, key_alias: 'a', duration: '30d', metadata: { by: 'test' } });
    expect(made.body.key).toMatch(/^sk-/);
    const hash = createHash('sha256').update(made.body.key).digest('hex');
    expect(made.body).toMatchObject({ token: hash, user_id: alice, key_alias: 'a', metadata: { by: 'test' } });
    expect(made.body.expires).not.toBeNull();
    for (const asked of [made.body.key, hash]) {
      const info = await admin('GET', `/key/info?key=${asked}`);
      expect(info.body).toMatchObject({ key: asked, info: { user_id: alice } });
      expect(info.body.info).not.toHaveProperty('token');
    }
    const listed = await admin('GET', '/key/list?return_full_object=true&size=100');
    expect(JSON.stringify(listed.body)).not.toContain(made.body.key);
  });

  it('refuses a second key of one alias, so that the alias can be the idempotency key', async () => {
    const { admin } = await start();
    await admin('POST', '/key/generate', { key_alias: 'twice' });
    expect(await admin('POST', '/key/generate', { key_alias: 'twice' })).toMatchObject({
      status: 400,
      body: { error: { code: '400', param: 'key_alias' } },
    });
  });

  it('lets a generation whose answer was lost be found by its alias, deleted and done again', async () => {
    const { admin, outside } = await start();
    outside.faults.add({ path: '/litellm/key/generate', lose_answer: true, times: 1 });
    await expect(admin('POST', '/key/generate', { key_alias: 'lost', user_id: alice })).rejects.toThrow();
    const found = await admin('GET', '/key/list?key_alias=lost');
    expect(found.body.keys).toHaveLength(1);
    await admin('POST', '/key/delete', { key_aliases: ['lost'] });
    expect((await admin('POST', '/key/generate', { key_alias: 'lost', user_id: alice })).status).toBe(200);
  });

  it('pages the list by ten, at most by a hundred, and gives hashes unless asked for whole objects', async () => {
    const { admin } = await start();
    for (let made = 0; made < 12; made += 1) await admin('POST', '/key/generate', { user_id: 'carol@example.com' });
    const first = await admin('GET', '/key/list?user_id=carol@example.com');
    expect(first.body).toMatchObject({ total_count: 12, current_page: 1, total_pages: 2 });
    expect(first.body.keys).toHaveLength(10);
    expect(first.body.keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect((await admin('GET', '/key/list?user_id=carol@example.com&page=2')).body.keys).toHaveLength(2);
    expect((await admin('GET', '/key/list?size=101')).status).toBe(422);
  });

  it('lists by owner without the service keys that the owner made: those need include_created_by_keys', async () => {
    const { outside, admin } = await start();
    await ask(
      `${outside.origin}/litellm`,
      'POST',
      '/key/generate',
      { key_alias: 'ci' },
      { authorization: `Bearer ${masterKey}`, 'litellm-changed-by': alice },
    );
    expect((await admin('GET', `/key/list?user_id=${alice}`)).body.total_count).toBe(1);
    expect((await admin('GET', `/key/list?user_id=${alice}&include_created_by_keys=true`)).body.total_count).toBe(2);
  });

  it('makes a stray key with a new user unless told not to', async () => {
    const { admin } = await start();
    expect((await admin('POST', '/user/new', { user_id: 'x', user_email: 'x@example.com' })).body.key).toMatch(/^sk-/);
    expect((await admin('GET', '/key/list?user_id=x')).body.total_count).toBe(1);
    expect((await admin('POST', '/user/new', { user_id: 'y', auto_create_key: false })).body.key).toBe('');
    expect((await admin('GET', '/user/info?user_id=y')).body).toMatchObject({ user_id: 'y', keys: [] });
  });

  it('refuses a user that exists, or takes it as new where older versions are played', async () => {
    const { admin } = await start();
    expect((await admin('POST', '/user/new', { user_id: alice })).status).toBe(400);
    const older = await start({ upsertsUsers: true });
    expect((await older.admin('POST', '/user/new', { user_id: alice, auto_create_key: false })).status).toBe(200);
  });

  it('echoes a deletion, also of keys that it does not have, and says 404 only when it has none of them', async () => {
    const { admin } = await start();
    const nothing = 'f'.repeat(64);
    expect(await admin('POST', '/key/delete', { keys: [nothing] })).toMatchObject({ status: 404 });
    const answer = await admin('POST', '/key/delete', { keys: [seededKey(alice), nothing] });
    expect(answer).toMatchObject({ status: 200, body: { deleted_keys: [seededKey(alice), nothing] } });
    expect((await admin('GET', `/key/info?key=${seededKey(alice)}`)).status).toBe(404);
  });

  it('answers 401, not 404, to blocking a key that it does not have', async () => {
    const { admin } = await start();
    expect(await admin('POST', '/key/block', { key: 'f'.repeat(64) })).toMatchObject({
      status: 401,
      body: { error: { type: 'token_not_found_in_db', code: '401' } },
    });
  });

  it('gives management to the master key only, and a key news of nobody but itself', async () => {
    const { call } = await start();
    const own = seededKey(alice);
    expect(await call('GET', '/key/list', undefined, own)).toMatchObject({ status: 401, body: { error: { type: 'auth_error' } } });
    expect((await call('GET', '/key/list', undefined, 'sk-wrong')).status).toBe(401);
    expect(await call('GET', '/key/info', undefined, own)).toMatchObject({ status: 200, body: { info: { user_id: alice } } });
    expect((await call('GET', `/key/info?key=${seededKey('bob@example.com')}`, undefined, own)).status).toBe(403);
  });

  it('keeps its state across a restart, and no key in it', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'litellm-'));
    try {
      const first = await start({}, dataFolder);
      const made = await first.admin('POST', '/key/generate', { user_id: alice, key_alias: 'kept' });
      await first.admin('POST', '/key/block', { key: seededKey(alice) });
      await first.outside.close();
      const second = await start({}, dataFolder);
      expect((await second.admin('GET', '/key/list?key_alias=kept')).body.total_count).toBe(1);
      expect(await second.probe(seededKey(alice))).toEqual([401, 401]);
      expect(readFileSync(join(dataFolder, 'outside-litellm.json'), 'utf8')).not.toContain(made.body.key);
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  });
});

describe('LiteLLM: what a key opens, and for how long after it was shut', () => {
  it('answers chat and messages, whole and as a stream', async () => {
    const { call } = await start();
    const key = seededKey(alice);
    const messages = [{ role: 'user', content: 'hello' }];
    const chat = await call('POST', '/v1/chat/completions', { model: 'claude-haiku-4-5', messages }, key);
    expect(chat.body).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'You said: hello' } }],
    });
    const message = await call('POST', '/v1/messages', { model: 'claude-haiku-4-5', messages, max_tokens: 10 }, key);
    expect(message.body).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'You said: hello' }], stop_reason: 'end_turn' });
    const streamed = await call('POST', '/v1/messages', { model: 'claude-haiku-4-5', messages, stream: true }, key);
    expect(streamed.body).toContain('event: message_stop');
  });

  it('refuses a model that the key does not have, a key past its time, and a key that nobody made', async () => {
    const { admin, call, clock } = await start();
    const made = (await admin('POST', '/key/generate', { models: ['claude-haiku-4-5'], duration: '1h' })).body.key;
    expect(await call('POST', '/v1/messages', { model: 'claude-opus-4-8', messages: [] }, made)).toMatchObject({
      status: 401,
      body: { error: { type: 'key_model_access_denied' } },
    });
    clock.advance(3600);
    expect(await call('GET', '/v1/models', undefined, made)).toMatchObject({ status: 401, body: { error: { type: 'expired_key' } } });
    expect(await call('GET', '/v1/models', undefined, 'sk-nobody-made-this')).toMatchObject({
      status: 401,
      body: { error: { type: 'token_not_found_in_db' } },
    });
  });

  it.each([
    ['blocked', '/replicas/1/key/block', { key: seededKey(alice) }],
    ['deleted', '/replicas/1/key/delete', { keys: [seededKey(alice)] }],
  ])('lets a %s key go on working on the other replica until its cache is a minute old', async (_what, path, body) => {
    const { admin, probe, clock } = await start();
    const key = seededKey(alice);
    expect(await probe(key)).toEqual([200, 200]);
    expect((await admin('POST', path, body)).status).toBe(200);
    expect(await probe(key)).toEqual([401, 200]);
    clock.advance(59);
    expect(await probe(key)).toEqual([401, 200]);
    clock.advance(1);
    expect(await probe(key)).toEqual([401, 401]);
  });

  it('has no such tail with the cache turned off', async () => {
    const { admin, probe } = await start({ cacheSeconds: 0 });
    expect(await probe(seededKey(alice))).toEqual([200, 200]);
    await admin('POST', '/key/block', { key: seededKey(alice) });
    expect(await probe(seededKey(alice))).toEqual([401, 401]);
  });

  it('deletes a user and leaves the keys alive in every cache, the serving replica’s too', async () => {
    const { admin, probe, clock } = await start();
    expect(await probe(seededKey(alice))).toEqual([200, 200]);
    expect((await admin('POST', '/user/delete', { user_ids: [alice] })).status).toBe(200);
    expect((await admin('GET', `/key/info?key=${seededKey(alice)}`)).status).toBe(404);
    expect(await probe(seededKey(alice))).toEqual([200, 200]);
    clock.advance(60);
    expect(await probe(seededKey(alice))).toEqual([401, 401]);
  });

  it('refuses to delete users when one of them is unknown', async () => {
    const { admin } = await start();
    expect((await admin('POST', '/user/delete', { user_ids: [alice, 'nobody'] })).status).toBe(404);
    expect((await admin('GET', `/user/info?user_id=${alice}`)).status).toBe(200);
  });

  it('takes turns between replicas at the balanced address, so that one refusal there proves nothing', async () => {
    const { admin, call } = await start();
    const key = seededKey(alice);
    const seen = async () => [
      (await call('GET', '/v1/models', undefined, key)).status,
      (await call('GET', '/v1/models', undefined, key)).status,
    ];
    expect(await seen()).toEqual([200, 200]);
    await admin('POST', '/key/block', { key });
    expect((await seen()).sort()).toEqual([200, 401]);
  });

  it('keeps a key in steady use alive for ever where the cache is refreshed by use', async () => {
    const { admin, probe, clock } = await start({ cacheRefreshedByUse: true });
    const key = seededKey(alice);
    await probe(key);
    await admin('POST', '/replicas/1/key/block', { key });
    for (let minutes = 0; minutes < 5; minutes += 1) {
      clock.advance(50);
      expect(await probe(key)).toEqual([401, 200]);
    }
    clock.advance(60);
    expect(await probe(key)).toEqual([401, 401]);
  });

  it('opens again after an unblock, again a minute late on the other replica', async () => {
    const { admin, probe, clock } = await start();
    const key = seededKey(alice);
    await admin('POST', '/replicas/1/key/block', { key });
    expect(await probe(key)).toEqual([401, 401]);
    await admin('POST', '/replicas/1/key/unblock', { key });
    expect(await probe(key)).toEqual([200, 401]);
    clock.advance(60);
    expect(await probe(key)).toEqual([200, 200]);
  });

  it('fails in its own error shape when a fault is injected', async () => {
    const { admin, outside } = await start();
    await ask(outside.origin, 'POST', '/_faults', { path: '/litellm/key/block', status: 503, times: 2 });
    expect(await admin('POST', '/key/block', { key: seededKey(alice) })).toMatchObject({ status: 503, body: { error: { code: '503' } } });
    expect((await admin('GET', '/key/list')).status).toBe(200);
    await admin('POST', '/key/block', { key: seededKey(alice) });
    expect((await admin('POST', '/key/block', { key: seededKey(alice) })).status).toBe(200);
  });
});
