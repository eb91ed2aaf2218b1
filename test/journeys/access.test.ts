import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { tableName } from '@gatehouse/contracts/names';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { live, type World } from '../../packages/access/refresh-life.fixture.ts';
import { everythingWritten } from '../conformance/access-written.fixture.ts';
import { type Stack, startStack } from '../support/stack.ts';

interface Tokens {
  access_token: string;
  refresh_token: string;
  error?: string;
}

let stack: Stack;
/** Tokens that refreshes gave, beside those that the stack remembers. */
const minted = new Set<string>();
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

async function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stack.gateway + path, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
}
const refresh = (refresh_token: string) => post('/oauth/token', { grant_type: 'refresh_token', refresh_token });

/** As Claude Code and a person with a browser do it. */
async function signInByDevice(login: string): Promise<Tokens> {
  const device = (await (await post('/oauth/device_authorization', { surface: 'claude_code' })).json()) as Record<string, string>;
  const poll = () =>
    post('/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code ?? '' });
  expect(await (await poll()).json()).toMatchObject({ error: 'authorization_pending' });
  const sent = await post('/device', { user_code: device.user_code ?? '' });
  const cookie = sent.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const back = await signInAtIdp(sent.headers.get('location') ?? '', login, stack.gateway);
  const page = await (await fetch(back, { headers: { cookie } })).text();
  expect(page).toContain(device.user_code);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  expect((await post('/device', { decision: 'approve', csrf }, { cookie })).status).toBe(200);
  await stack.advance(5);
  return (await (await poll()).json()) as Tokens;
}

describe('a person with a browser', () => {
  it('signs a device in through the company’s identity provider, and is governed by it', async () => {
    const tokens = await signInByDevice('alice@example.com');
    const settings = await fetch(`${stack.gateway}/managed/settings`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(settings.status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 100 }, async () => (await refresh(tokens.refresh_token)).json()));
    expect(new Set(answers.map((answer) => (answer as Tokens).refresh_token)).size).toBe(1);
    expect((await post('/oauth/revoke', { token: tokens.access_token })).status).toBe(200);
    const dead = await refresh((answers[0] as Tokens).refresh_token);
    expect([dead.status, await dead.json()]).toMatchObject([401, { error: 'invalid_grant' }]);
  });
});

describe('somebody whom the directory deactivates', () => {
  it('is refused by settings, refresh and a new exchange at once, and by telemetry within five seconds', async () => {
    const dave = await stack.as('dave@example.com');
    const export_ = () =>
      dave.fetch('/v1/metrics', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"resourceMetrics":[]}' });
    expect((await export_()).status).toBe(200);
    const users = (await (await fetch(`${stack.idp}/directory/users`)).json()) as { users: { id: string; email: string }[] };
    const { id = '' } = users.users.find(({ email }) => email === 'dave@example.com') ?? {};
    const headers = { 'content-type': 'application/json' };
    await fetch(`${stack.idp}/directory/users/${id}`, { method: 'PATCH', headers, body: JSON.stringify({ active: false }) });
    const began = performance.now();
    await stack.until(async () => ((await dave.fetch('/managed/settings')).status === 401 ? true : undefined), { what: 'the refusal' });
    const settingsMs = performance.now() - began;
    expect((await refresh(dave.refreshToken)).status).toBe(401);
    await expect(stack.as('dave@example.com')).rejects.toThrow('access_denied');
    await stack.until(async () => ((await export_()).status === 401 ? true : undefined), { what: 'the refusal of telemetry' });
    expect(performance.now() - began - settingsMs).toBeLessThan(5_000);
  });
});

describe('an administrator', () => {
  it('ends the sessions of a person by their e-mail, and of a group, and they sign in again', async () => {
    const carol = await stack.as('carol@example.com');
    const revoke = (body: unknown) =>
      carol.fetch('/admin/sessions/revoke', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const bob = await stack.as('bob@example.com');
    const told = await revoke({ person: 'bob@example.com', reason: 'lost laptop' });
    expect([told.status, await told.json()]).toEqual([200, { people: 1, sessions: 1 }]);
    expect((await bob.fetch('/managed/settings')).status).toBe(401);
    expect((await revoke({ person: 'nobody@example.com', reason: 'x' })).status).toBe(404);
    const again = await stack.as('bob@example.com');
    expect((await again.fetch('/managed/settings')).status).toBe(200);
    const order = await revoke({ group: 'contractors', reason: 'a leak' });
    expect(order.status).toBe(202);
    const done = await stack.until(
      async () => {
        const one = (await (await carol.fetch(order.headers.get('location') ?? '')).json()) as { status: string; people: number };
        return one.status === 'done' ? one : undefined;
      },
      { what: 'the end of the group’s sessions' },
    );
    expect(done.people).toBeGreaterThan(0);
    expect((await again.fetch('/managed/settings')).status).toBe(401);
  });
});

/** Two honest months and three thefts. A month is the stack's clock's; a theft's life has nine days, because its owner's next refresh shows it. */
const lives = [
  ['ivan@example.com', 29, false],
  ['alice@example.com', 9, true],
  ['bob@example.com', 9, true],
  ['erin@example.com', 9, true],
  ['carol@example.com', 29, false],
] as const;

describe('a month of refreshing over HTTP', () => {
  it('forces no honest sign-in and keeps no thief, in five lives', async () => {
    await restOtherSchedules();
    const random = seeded(11);
    for (const [email, days, theft] of lives) {
      const told = await live(worldOf(email), { days, theft, random });
      expect(told, email).toMatchObject({ forcedLogins: 0, thiefAlive: false, alerted: theft });
      if (!theft) expect(told.refreshes).toBeGreaterThan(80);
    }
  }, 120_000);

  it('leaves no token in anything that the stack wrote down', async () => {
    const texts = await everythingWritten(stack);
    expect(texts.get('/aws/lambda/gatehouse-local-access-token')).toContain('token issued');
    for (const secret of [...stack.secretsSeen(), ...minted])
      for (const [where, text] of texts)
        expect(text.includes(secret.split('.')[2] ?? secret), `${secret.slice(0, 12)}... in ${where}`).toBe(false);
  }, 60_000);
});

/** What other capabilities do every minute would be done at each of a thousand moves of the clock. */
async function restOtherSchedules(): Promise<void> {
  const scheduler = new SchedulerClient({
    endpoint: stack.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  expect(Schedules.length).toBeGreaterThan(1);
  for (const { Name } of Schedules)
    if (!Name?.startsWith('gatehouse-local-access-')) await scheduler.send(new DeleteScheduleCommand({ Name }));
}

function worldOf(email: string): World {
  let person = '';
  return {
    signIn: async () => {
      const signed = await stack.as(email);
      person = signed.id;
      return signed.refreshToken;
    },
    refresh: async (token) => {
      const answer = await refresh(token);
      if (answer.status !== 200) return undefined;
      const { access_token, refresh_token } = (await answer.json()) as Tokens;
      minted.add(access_token).add(refresh_token);
      return refresh_token;
    },
    advance: (seconds) => stack.advance(seconds),
    alerted: async () => {
      const client = DynamoDBDocumentClient.from(
        new DynamoDBClient({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }),
      );
      // The family's state changes in the transaction that raises the fact.
      const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName('local', 'access'), ConsistentRead: true }));
      client.destroy();
      return Items.some((row) => String(row.pk).startsWith('FAMILY#') && row.person === person && row.state === 'reused');
    },
  };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
}
