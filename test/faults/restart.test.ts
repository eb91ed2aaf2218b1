/** A stack that is killed in the middle of everything, and the one that goes on from its folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededKey } from '../../packages/local/outside/litellm/create-litellm.ts';
import { fourPorts } from '../../packages/local/ports.ts';
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

const alice = 'alice@example.com';
let data: string;
let port: number;
let stack: Stack;
let company: Company;
let her: Person;
let dave: Person;
let carol: Person;
let virtualKey: string;
let before: { rows: Rows; keys: unknown; secret: unknown; policy: unknown; open: Offboarding; now: number };

type Rows = Record<string, Record<string, unknown>[]>;
const tables = ['people', 'access', 'policy', 'lifecycle', 'keys', 'workspaces', 'usage'].map((name) => `gatehouse-local-${name}`);

async function rows(): Promise<Rows> {
  const found: Rows = {};
  for (const TableName of tables) {
    const page = await company.aws<{ Items: Record<string, { S?: string }>[] }>('DynamoDB_20120810', 'Scan', {
      TableName,
      ConsistentRead: true,
    });
    const nameOf = ({ pk, sk }: Record<string, { S?: string }>) => `${pk?.S} ${sk?.S}`;
    found[TableName] = page.Items.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }
  return found;
}
const jwks = async () => (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json();
const pepper = () =>
  company.aws<{ SecretString: string }>('secretsmanager', 'GetSecretValue', { SecretId: 'gatehouse/local/access/refresh-pepper' });
const policy = async () => (await carol.fetch('/admin/policies')).json();
async function stackTime(): Promise<number> {
  return Date.parse(((await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string }).now);
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'gatehouse-restart-'));
  port = await fourPorts(0);
  stack = await startStack({ data, port });
  company = companyOf(stack);
  her = await stack.as(alice);
  dave = await stack.as('dave@example.com');
  carol = await stack.as('carol@example.com');
  virtualKey = await company.virtualKey('dave@example.com');
  await company.hr('POST', '/users', { email: 'new@example.com', groups: ['engineering'] });
  await stack.advance(3600);
  await company.hr('PATCH', `/users/${alice}`, { active: false });
  const open = await company.caseOf(alice, (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
  before = { rows: await rows(), keys: await jwks(), secret: await pepper(), policy: await policy(), open, now: await stackTime() };
  await stack.stop('SIGKILL');
  stack = await startStack({ data, port });
  company = companyOf(stack);
}, 90_000);
afterAll(async () => {
  await stack?.stop();
  await rm(data, { recursive: true, force: true });
});

describe('what was there when the process was killed', () => {
  it('is there again: every row, and a clock that has not gone back', async () => {
    expect(await stackTime()).toBeGreaterThanOrEqual(before.now);
    const now = await rows();
    // The machine and the outbox go on by themselves: rows may have come or moved since, and none that tells of the past is gone.
    for (const TableName of tables) {
      const names = new Set(now[TableName]?.map(({ pk, sk }) => JSON.stringify([pk, sk])));
      for (const row of before.rows[TableName] ?? [])
        expect(names.has(JSON.stringify([row.pk, row.sk])), `${TableName}: ${JSON.stringify([row.pk, row.sk])}`).toBe(true);
    }
    expect(now['gatehouse-local-policy']).toEqual(before.rows['gatehouse-local-policy']);
  });

  it('verifies as before: access tokens of before open the gateway, and refresh tokens go on', async () => {
    expect(await jwks()).toEqual(before.keys);
    expect(await pepper()).toEqual(before.secret);
    const keys = createRemoteJWKSet(new URL(`${stack.gateway}/.well-known/jwks.json`));
    const currentDate = new Date(await stackTime());
    await expect(jwtVerify(dave.accessToken, keys, { issuer: stack.gateway, currentDate })).resolves.toMatchObject({
      payload: { sub: dave.id },
    });
    expect((await dave.fetch('/managed/settings')).status).toBe(200);
    const refreshed = await fetch(`${stack.gateway}/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: dave.refreshToken }),
    });
    expect(refreshed.status).toBe(200);
    expect(await policy()).toEqual(before.policy);
    expect((await stack.as('dave@example.com')).id, 'the same person').toBe(dave.id);
  });

  it('knows the same people and the same keys in the systems outside', async () => {
    expect(await company.hr('GET', '/users/new@example.com')).toMatchObject({ active: true, groups: ['engineering'] });
    expect(await company.hr('GET', `/users/${alice}`)).toMatchObject({ active: false });
    expect(await company.tryKey(virtualKey)).toEqual([200, 200]);
    expect((await stack.as('new@example.com')).id).toMatch(/^per_/);
  });

  it('keeps the leaver out, and the offboarding that was half done comes to its end', async () => {
    expect((await her.fetch('/managed/settings')).status).toBe(401);
    const proven = await company.caseOf(alice, (one) => one.proven_at !== undefined, { what: 'the proof' });
    expect([proven.id, proven.execution_arn]).toEqual([before.open.id, before.open.execution_arn]);
    expect([await company.tryKey(seededKey(alice)), await company.tryAgent(alice)]).toEqual([
      [401, 401],
      [401, 503],
    ]);
    expect(await company.cases(alice)).toHaveLength(1);
  }, 60_000);
});

describe('a kill during the grace period', () => {
  it('changes neither its length nor what follows it', async () => {
    await company.caseOf(alice, (one) => one.proven_at !== undefined, { what: 'the proof' });
    // The wait begins after the proof is written down: a leap before that would come before it.
    await stack.settled();
    await stack.advance(6 * 86_400);
    await stack.stop('SIGKILL');
    stack = await startStack({ data, port });
    company = companyOf(stack);
    await stack.settled();
    expect(await company.cases(alice)).toMatchObject([{ status: 'proven' }]);
    await stack.advance(86_400);
    const done = await company.caseOf(alice, (one) => one.closed_at !== undefined, { what: 'the end' });
    expect(done).toMatchObject({ id: before.open.id, status: 'done' });
    expect((await company.litellm('GET', `/user/info?user_id=${alice}`)).status).toBe(404);
    expect((await company.coder('GET', '/users/alice')).status).toBe(404);
  }, 90_000);
});
