/** Every way in which an identity provider speaks, through the running stack: the right person, the right outcome, once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { type Known, lives } from './people.fixture.ts';

const tenant = '84bd8158-6d4d-4958-8b9f-9d6445542f95';
const jsonType = { 'content-type': 'application/json' };
let stack: Stack;
let company: Company;
let carol: Person;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
  carol = await company.admin();
}, 60_000);
afterAll(() => stack.stop());

async function known(email: string): Promise<Known[]> {
  await stack.settled();
  const answer = await carol.fetch(`/admin/people?email=${encodeURIComponent(email)}`);
  return ((await answer.json()) as { people: Known[] }).people;
}

async function secret(name: string): Promise<string> {
  const found = await company.aws<{ SecretString: string }>('secretsmanager', 'GetSecretValue', {
    SecretId: `gatehouse/local/people/${name}`,
  });
  return found.SecretString;
}

/** As an operator does it once: an application's token, then a subscription to users and to groups. */
async function subscribeToGraph(): Promise<void> {
  const form = {
    grant_type: 'client_credentials',
    client_id: '11111111-2222-4333-8444-555555555555',
    client_secret: await secret('graph-client'),
    scope: 'x',
  };
  const token = await fetch(`${stack.idp}/entra/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token } = (await token.json()) as { access_token: string };
  for (const resource of ['users', 'groups']) {
    const made = await fetch(`${stack.idp}/entra/graph/v1.0/subscriptions`, {
      method: 'POST',
      headers: { ...jsonType, authorization: `Bearer ${access_token}` },
      body: JSON.stringify({
        changeType: 'updated,deleted',
        resource,
        notificationUrl: `${stack.gateway}/hooks/entra`,
        clientState: await secret('hook-entra'),
        expirationDateTime: new Date(Date.now() + 20 * 86_400_000).toISOString(),
      }),
    });
    expect(made.status, await made.text()).toBe(201);
  }
}

describe('the sweep', () => {
  it('finds by itself whom no event told of, within a quarter of an hour', async () => {
    const email = 'unheard@example.com';
    const { id } = await company.hr<{ id: string }>('POST', '/users?silent=1', { email, groups: ['engineering'] });
    await stack.until(async () => ((await known(email)).length === 1 ? true : undefined), { stepSeconds: 300, what: 'the joiner' });
    await company.hr('PATCH', `/users/${id}?silent=1`, { active: false });
    carol = await company.admin();
    await stack.until(async () => ((await known(email))[0]?.status === 'left' ? true : undefined), {
      stepSeconds: 300,
      what: 'the leaver',
    });
    expect(await known(email)).toMatchObject([{ generation: 2 }]);
  }, 60_000);

  it('removes nobody by a directory that lists nobody', async () => {
    const before = await known('alice@example.com');
    await fetch(`${stack.idp}/_faults`, {
      method: 'POST',
      headers: jsonType,
      body: JSON.stringify({ path: '/api/v1/users', status: 200, body: [] }),
    });
    await stack.advance(901);
    await stack.settled();
    await company.directoryUp();
    expect(await known('alice@example.com')).toMatchObject([{ status: 'active', generation: before[0]?.generation }]);
  }, 30_000);
});

describe('a key with no person', () => {
  it('is listed and told of at the second look, and blocked by an admin’s word', async () => {
    interface Found {
      id: string;
      kind: string;
      reason: string;
      names: string[];
      blocked_at?: string;
    }
    const orphans = async () => {
      carol = await company.admin();
      await stack.settled();
      return ((await (await carol.fetch('/admin/orphans')).json()) as { orphans: Found[] }).orphans;
    };
    const ghost = await company.virtualKey('ghost@example.com');
    await company.virtualKey('alice@example.com');
    const [found] = await stack.until(
      async () => {
        const listed = await orphans();
        return listed.length > 0 ? listed : undefined;
      },
      { stepSeconds: 3_600, timeoutMs: 60_000, what: 'the orphan' },
    );
    expect(await orphans()).toMatchObject([{ kind: 'virtual-key', reason: 'unknown', names: ['ghost@example.com'] }]);
    expect(await company.tryKey(ghost)).toEqual([200, 200]);
    const decide = (id: string, body: object) =>
      carol.fetch(`/admin/orphans/${id}`, { method: 'POST', headers: jsonType, body: JSON.stringify(body) });
    expect((await decide(found?.id ?? '', { decision: 'block' })).status).toBe(400);
    expect((await decide('orp_00000000000000000000000000', { decision: 'block', reason: 'x' })).status).toBe(404);
    expect((await decide(found?.id ?? '', { decision: 'block', reason: 'nobody claims it' })).status).toBe(200);
    await stack.until(async () => ((await orphans())[0]?.blocked_at ? true : undefined), {
      stepSeconds: 3_600,
      timeoutMs: 60_000,
      what: 'the block',
    });
    expect(await company.tryKey(ghost)).toEqual([401, 401]);
    expect((await decide(found?.id ?? '', { decision: 'keep', reason: 'x' })).status).toBe(409);
  }, 120_000);
});

describe('somebody who is in', () => {
  it.each([
    ['entra', `/entra/v2.0`],
    ['cognito', '/us-east-1_LOCALPOOL'],
    ['identity-center', '/identity-center'],
    ['auth0', '/auth0/'],
  ])(
    '%s joins, moves, leaves and is back, each by its events and its directory; a group ends or has another name at once',
    async (idp, issuer) => {
      if (idp === 'entra') await subscribeToGraph();
      const email = `ann.${idp}@example.com`;
      const { id, subject } = await company.hr<{ id: string; subject: string }>('POST', '/users', {
        email,
        name: 'Ann A',
        groups: ['engineering'],
        idp,
      });
      const subjects = { issuer: stack.idp + issuer, subject: idp === 'entra' ? `${tenant}/${subject}` : subject };
      expect(await known(email)).toMatchObject([
        { status: 'active', name: 'Ann A', groups: ['engineering'], generation: 1, subjects: [subjects] },
      ]);
      await company.hr('PUT', `/groups/contractors/members/${id}`);
      expect(await known(email)).toMatchObject([{ groups: ['contractors', 'engineering'], generation: 1 }]);
      await company.hr('PUT', `/groups/first-${idp}/members/${id}`);
      await company.hr('PUT', `/groups/gone-${idp}/members/${id}`);
      expect(await known(email)).toMatchObject([{ groups: ['contractors', 'engineering', `first-${idp}`, `gone-${idp}`] }]);
      await company.hr('DELETE', `/groups/gone-${idp}`);
      // A group of Cognito has no other id than its name.
      const then = idp === 'cognito' ? `first-${idp}` : `second-${idp}`;
      if (idp !== 'cognito') await company.hr('PATCH', `/groups/first-${idp}`, { name: then });
      expect(await known(email)).toMatchObject([{ groups: ['contractors', 'engineering', then], generation: 1 }]);
      await company.hr('PATCH', `/users/${id}`, { active: false });
      expect(await known(email)).toMatchObject([{ status: 'left', generation: 2 }]);
      await company.hr('PATCH', `/users/${id}`, { active: true });
      expect(await known(email)).toMatchObject([{ status: 'active', generation: 3 }]);
      await company.hr('DELETE', `/users/${id}`);
      expect(await known(email)).toMatchObject([{ status: 'left', generation: 4 }]);
    },
    60_000,
  );
});

describe('in the lives of people, somebody who', () => {
  it.each(lives.map((life) => [life.name, life] as const))(
    '%s',
    async (_, { deeds, ends, people }) => {
      let id = '';
      for (const [method, path, body] of deeds) {
        const done = await company.hr<{ id: string }>(method, path.replace('{id}', id), body);
        if (method === 'POST') id = done.id;
        await stack.settled();
      }
      const found = new Set<string>();
      for (const [email, wanted] of Object.entries(ends)) {
        const answer = await carol.fetch(`/admin/people?email=${encodeURIComponent(email)}`);
        const carriers = ((await answer.json()) as { people: Known[] }).people;
        // The one who left first, where there are two.
        carriers.sort((a, b) => (a.status === b.status ? 0 : a.status === 'left' ? -1 : 1));
        expect(carriers).toMatchObject(wanted);
        for (const carrier of carriers) found.add(carrier.id);
      }
      expect(found.size).toBe(people);
    },
    30_000,
  );
});

describe('a leaver who is forgotten', () => {
  it('leaves a pseudonym, and comes back as somebody else; who is here is not forgotten', async () => {
    const email = 'forget@example.com';
    const people = async () => ((await (await carol.fetch(`/admin/people?email=${email}`)).json()) as { people: Known[] }).people;
    const forget = (id: string) => carol.fetch(`/admin/people/${id}`, { method: 'DELETE' });
    const { id } = await company.hr('POST', '/users', { email, groups: [] });
    await stack.settled();
    const [known] = await people();
    const person = known?.id ?? '';
    expect((await forget(person)).status, 'while they are here').toBe(409);
    await company.hr('DELETE', `/users/${id}`);
    await stack.settled();
    expect((await forget(person)).status).toBe(204);
    expect((await forget('per_00000000000000000000000000')).status).toBe(404);
    expect(await people()).toEqual([]);
    const left = (await (await carol.fetch(`/admin/people?id=${person}`)).json()) as { people: unknown[] };
    expect(left.people).toMatchObject([{ id: person, email: 'erased', name: 'erased', status: 'left', subjects: [] }]);
    await company.hr('POST', '/users', { email, groups: [] });
    await stack.settled();
    expect((await people()).map((one) => one.id)).not.toContain(person);
  }, 60_000);
});

describe('two identity providers with one address', () => {
  it('have two people, and whoever names the address is asked which one', async () => {
    const email = 'twice@example.com';
    await company.hr('POST', '/users', { email, groups: ['engineering'] });
    await company.hr('POST', '/users', { email, groups: ['engineering'], idp: 'cognito' });
    const people = await known(email);
    expect(new Set(people.map(({ id }) => id)).size).toBe(2);
    const asked = await carol.fetch('/admin/offboardings', {
      method: 'POST',
      headers: jsonType,
      body: JSON.stringify({ person: email, reason: 'left', dry_run: true }),
    });
    expect(asked.status).toBe(409);
  }, 30_000);
});

describe('a push', () => {
  it('of Okta’s hook about somebody whom no event told of is read and settled', async () => {
    const email = 'hooked@example.com';
    const { id } = await company.hr<{ id: string }>('POST', '/users?silent=1', { email, groups: ['engineering'] });
    const event = {
      uuid: 'hook-1',
      published: '2026-11-22T09:00:00Z',
      eventType: 'user.lifecycle.create',
      outcome: { result: 'SUCCESS' },
      target: [{ id, type: 'User' }],
    };
    const answer = await fetch(`${stack.gateway}/hooks/okta`, {
      method: 'POST',
      headers: { ...jsonType, authorization: await secret('hook-okta') },
      body: JSON.stringify({ data: { events: [event] } }),
    });
    expect(answer.status).toBe(204);
    expect(await known(email)).toMatchObject([{ status: 'active', groups: ['engineering'] }]);
  }, 30_000);

  it('that revokes somebody’s tokens ends their sessions, and they sign in again', async () => {
    const ivan = await stack.as('ivan@example.com');
    expect((await ivan.fetch('/v1/policy')).status).toBe(200);
    const audience = `${stack.gateway}/hooks/global-token-revocation`;
    const wish = { audience, type: 'global-token-revocation+jwt', expires_in: 300 };
    const { id_token: token } = await company.hr<{ id_token: string }>('POST', '/users/ivan@example.com/id-token', wish);
    const revoked = await fetch(audience, {
      method: 'POST',
      headers: { ...jsonType, authorization: `Bearer ${token}` },
      body: JSON.stringify({ sub_id: { format: 'email', email: 'ivan@example.com' } }),
    });
    expect(revoked.status).toBe(204);
    await stack.settled();
    expect((await ivan.fetch('/v1/policy')).status).toBe(401);
    const again = await stack.as('ivan@example.com');
    expect((await again.fetch('/v1/policy')).status).toBe(200);
    const event = 'http://schemas.openid.net/event/backchannel-logout';
    const logout = { type: 'logout+jwt', expires_in: 120, claims: { events: { [event]: {} }, jti: 'logout-1' } };
    const signed = await company.hr<{ id_token: string }>('POST', '/users/ivan@example.com/id-token', logout);
    const out = await fetch(`${stack.gateway}/hooks/oidc-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: signed.id_token }),
    });
    expect([out.status, out.headers.get('cache-control')]).toEqual([200, 'no-store']);
    await stack.settled();
    expect((await again.fetch('/v1/policy')).status).toBe(401);
    expect((await (await stack.as('ivan@example.com')).fetch('/v1/policy')).status).toBe(200);
    expect(await known('ivan@example.com')).toMatchObject([{ status: 'active', generation: 1 }]);
  }, 30_000);

  it('in a flood is shed or taken, and what was taken is not lost', async () => {
    const authorization = await secret('hook-okta');
    const wanted = await Promise.all(
      Array.from({ length: 30 }, async (_, at) => {
        const email = `flood${at}@example.com`;
        const { id } = await company.hr<{ id: string }>('POST', '/users?silent=1', { email });
        return { id, email };
      }),
    );
    const answers = await Promise.all(
      wanted.map(async ({ id, email }) => {
        const event = {
          uuid: `flood-${id}`,
          published: '2026-11-22T09:00:00Z',
          eventType: 'user.lifecycle.create',
          outcome: { result: 'SUCCESS' },
          target: [{ id, type: 'User' }],
        };
        const response = await fetch(`${stack.gateway}/hooks/okta`, {
          method: 'POST',
          headers: { ...jsonType, authorization },
          body: JSON.stringify({ data: { events: [event] } }),
        });
        return { email, status: response.status };
      }),
    );
    expect(answers.every(({ status }) => [204, 429, 503].includes(status))).toBe(true);
    const taken = answers.filter(({ status }) => status === 204);
    expect(taken.length).toBeGreaterThan(0);
    for (const { email } of taken) expect(await known(email), email).toHaveLength(1);
  }, 60_000);
});
