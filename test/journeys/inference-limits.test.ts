import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localModelKeys } from '../../packages/local/outside/anthropic/doors.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { askModel, modelsOf } from './inference.fixture.ts';

let stack: Stack;
let alice: Person;
let carol: Person;

beforeAll(async () => {
  stack = await startStack();
  [alice, carol] = await Promise.all([stack.as('alice@example.com'), stack.as('carol@example.com')]);
}, 60_000);
afterAll(() => stack?.stop());

const path = '/v1/organizations/spend_limits';
// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any client reads them.
async function ask(person: Person, method: string, tail = '', body?: unknown): Promise<[number, any]> {
  const response = await person.fetch(path + tail, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return [response.status, await response.json()];
}
const user = (user_id: string) => ({ type: 'user', user_id });

describe('spend limits set by hand', () => {
  it('are for administrators', async () => {
    expect((await ask(alice, 'GET'))[0]).toBe(403);
    expect((await ask(alice, 'POST', '', { scope: { type: 'organization' }, amount: '5000', period: 'daily' }))[0]).toBe(403);
  });

  it('are set, found, listed, set again and taken away, and each change is told', async () => {
    const [status, set] = await ask(carol, 'POST', '', { scope: user('alice@example.com'), amount: '5000', period: 'daily' });
    expect([status, set]).toMatchObject([
      200,
      {
        type: 'spend_limit',
        id: expect.stringMatching(/^spl_[0-9a-f]{32}$/),
        scope: user(alice.id),
        amount: '5000',
        currency: 'USD',
        period: 'daily',
      },
    ]);
    expect(await ask(carol, 'GET', `/${set.id}`)).toEqual([200, set]);
    const [, again] = await ask(carol, 'POST', '', { scope: user(alice.id), amount: '6000', period: 'daily', reason: 'a big week' });
    expect(again).toMatchObject({ id: set.id, created_at: set.created_at, amount: '6000' });
    await ask(carol, 'POST', '', { scope: { type: 'rbac_group', rbac_group_id: 'engineering' }, amount: '90000', period: 'weekly' });
    expect(await ask(carol, 'GET', '?scope_type=user')).toMatchObject([
      200,
      { data: [{ id: set.id }], has_more: false, first_id: set.id, last_id: set.id },
    ]);
    expect(await ask(carol, 'GET', '?limit=1')).toMatchObject([200, { data: [{ id: set.id }], has_more: true }]);
    expect((await ask(carol, 'GET', `?after_id=${set.id}`))[1].data).toMatchObject([{ scope: { rbac_group_id: 'engineering' } }]);
    const [, effective] = await ask(carol, 'GET', `/effective?user_ids[]=alice@example.com`);
    expect(effective.data.map(({ period, amount, source }: Record<string, unknown>) => [period, amount, source])).toEqual([
      ['daily', '6000', { type: 'user' }],
      ['weekly', '90000', { type: 'rbac_group', rbac_group_id: 'engineering' }],
      ['monthly', '50000', { type: 'policy' }],
    ]);
    expect(await ask(carol, 'DELETE', `/${set.id}`)).toEqual([200, { type: 'spend_limit_deleted', id: set.id }]);
    expect((await ask(carol, 'DELETE', `/${set.id}`))[0]).toBe(404);
    const [, changes] = await ask(carol, 'GET', '/audit');
    expect(changes.data.map(({ action, actor }: Record<string, unknown>) => [action, actor])).toEqual(
      ['delete', 'upsert', 'upsert', 'upsert'].map((what) => [`spend_limit.${what}`, `oidc:${carol.id}`]),
    );
    expect(changes.data[2]).toMatchObject({ reason: 'a big week', before: { amount: '5000' }, after: { amount: '6000' } });
  });

  it.each([
    ['somebody nobody knows', { scope: user('nobody@example.com'), amount: '1', period: 'daily' }, 404],
    ['an id that is none', { scope: user('00u-alice'), amount: '1', period: 'daily' }, 404],
    ['a group that no policy names', { scope: { type: 'rbac_group', rbac_group_id: 'gardeners' }, amount: '1', period: 'daily' }, 404],
    ['an amount that is no text', { scope: { type: 'organization' }, amount: 5, period: 'daily' }, 400],
    ['a period that there is not', { scope: { type: 'organization' }, amount: '5', period: 'yearly' }, 400],
    ['a whole company without limits', { scope: { type: 'organization' }, amount: null, period: 'daily' }, 400],
  ])('for %s are refused', async (_, body, status) => {
    expect((await ask(carol, 'POST', '', body))[0]).toBe(status);
  });

  it('bind the next request, before what the policy and the group say', async () => {
    const models = modelsOf(stack);
    await models.reset();
    expect((await askModel(alice)).status).toBe(200);
    const [, { id }] = await ask(carol, 'POST', '', { scope: user(alice.id), amount: '0', period: 'monthly' });
    const refused = await askModel(alice);
    expect([refused.status, refused.headers.get('anthropic-ratelimit-unified-overage-period')]).toEqual([429, 'monthly']);
    const usage = (await (await alice.fetch('/v1/usage')).json()) as { limits: unknown[] };
    expect(usage.limits).toMatchObject([{ period: 'weekly' }, { period: 'monthly', amount_micros: 0 }]);
    await ask(carol, 'POST', '', { scope: user(alice.id), amount: null, period: 'monthly' });
    expect((await askModel(alice)).status).toBe(200);
    await ask(carol, 'DELETE', `/${id}`);
    await ask(carol, 'POST', '', { scope: { type: 'organization' }, amount: '0', period: 'daily' });
    expect((await askModel(alice)).status).toBe(429);
  });
});

describe('the upstreams', () => {
  it('are told to administrators, without a secret', async () => {
    expect((await alice.fetch('/admin/upstreams')).status).toBe(403);
    const answer = await carol.fetch('/admin/upstreams');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      upstreams: [
        { order: 1, kind: 'anthropic', credential: { source: 'the secret inference/anthropic-key', mode: 'api-key', state: 'ready' } },
        { order: 2, kind: 'anthropic-aws', workspace_id: 'wrkspc_01local', region: 'us-east-1', credential: { mode: 'sigv4' } },
        { order: 3, kind: 'bedrock', inference_profile: 'us', credential: { source: "the function's role", signs: 'bedrock' } },
      ],
    });
    expect(text).not.toContain(localModelKeys.anthropic);
  });

  it('are shown by `gatehouse auth status`', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['packages/client/gatehouse.main.ts', 'auth', 'status'], {
      env: { PATH: process.env.PATH, GATEHOUSE_URL: stack.gateway, GATEHOUSE_TOKEN: carol.accessToken },
    });
    expect(stdout).toMatch(/^1 {2}anthropic .*\n.*API key .*\.\.\..* of the secret inference\/anthropic-key/);
    expect(stdout).toContain("SigV4 by the function's role");
  });
});
