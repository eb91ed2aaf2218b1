/** Every way in which an identity provider speaks, through the running stack: the right person, the right outcome, once. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { type Known, lives } from './people.fixture.ts';
import { type Delivery, type Silence, silences, type Telling, tellings, tenant, type Victim } from './people-events.fixture.ts';

const jsonType = { 'content-type': 'application/json' };
let stack: Stack;
let company: Company;
let carol: Person;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
  carol = await company.admin();
  await subscribeToGraph();
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

/** Puts it where the identity provider would. */
async function deliver(delivery: Delivery, { subject, email }: Victim, cause: string): Promise<void> {
  const send = async (url: string, body: string, headers: Record<string, string>) => {
    const response = await fetch(url, { method: 'POST', body, headers });
    expect(response.ok, `${cause}: ${response.status}`).toBe(true);
  };
  if ('bus' in delivery) {
    const { bus, event } = delivery;
    return send(`${stack.aws}/_faults/events?bus=${encodeURIComponent(bus)}`, JSON.stringify(event), jsonType);
  }
  if ('set' in delivery) {
    const [type = '', event = {}] = Object.entries(delivery.set)[0] ?? [];
    const about = { ...event, subject: { format: 'iss_sub', iss: stack.idp, sub: subject } };
    const claims = { events: { [type]: about }, jti: cause, exp: null, sub: null };
    const wish = { audience: `${stack.gateway}/hooks/ssf`, type: 'secevent+jwt', claims };
    const { id_token: token } = await company.hr<{ id_token: string }>('POST', `/users/${email}/id-token`, wish);
    return send(`${stack.gateway}/hooks/ssf`, token, { 'content-type': 'application/secevent+jwt' });
  }
  const proof = await secret(`hook-${delivery.hook}`);
  const body = JSON.stringify(delivery.body, (key, value: unknown) =>
    key === 'value' && Array.isArray(value) ? value.map((one: object) => ({ ...one, clientState: proof })) : value,
  );
  const authorization = delivery.hook === 'authentik' ? `Bearer ${proof}` : proof;
  return send(`${stack.gateway}/hooks/${delivery.hook}`, body, { ...jsonType, ...(delivery.hook !== 'entra' && { authorization }) });
}

/** The same order each time (a linear congruential generator). */
function shuffled<T>(items: readonly T[]): T[] {
  let seed = 20_261_122;
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed;
  };
  return items
    .map((item) => ({ item, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe('what each source sends', () => {
  const victims = new Map<string, Victim>();
  const victimOf = (name: string): Victim => {
    const found = victims.get(name);
    if (!found) throw new Error(`${name} was never hired`);
    return found;
  };
  const about = (name: string) => ({ actor: victimOf('bystander').id, cause: `cause-of-${name}`, group: '00gbystander' });
  const hire = async (name: string, idp: string, groups: string[], silent: boolean) => {
    const body = { email: `${name}@example.com`, groups, idp };
    victims.set(name, await company.hr<Victim>('POST', `/users${silent ? '?silent=1' : ''}`, body));
  };

  it('reaches the right person once, in any order and however often it comes', async () => {
    await hire('bystander', 'okta', ['engineering'], false);
    // A group that entitles to nothing, so that the machines of joiners have little to do.
    for (const { name, idp, isNew, signedOut } of tellings) await hire(name, idp, signedOut ? ['engineering'] : ['staff'], isNew ?? false);
    await stack.advance(301);
    await stack.settled();
    const sessions = new Map<string, Person>();
    for (const { name, signedOut, idp, deed } of tellings) {
      const { id, email } = victimOf(name);
      if (signedOut) sessions.set(name, await stack.as(email));
      // Google's log is asked, and tells.
      if (deed) await company.hr(deed[0], deed[1].replace('{id}', id) + (idp === 'google' ? '' : '?silent=1'), deed[2]);
    }
    const told = tellings.filter((one): one is Telling & Required<Pick<Telling, 'tell'>> => one.tell !== undefined);
    for (const { name, tell } of shuffled([...told, ...told]))
      await deliver(tell(victimOf(name), about(name)), victimOf(name), about(name).cause);
    await stack.settled();
    await stack.advance(301);
    await stack.settled();
    carol = await company.admin();
    for (const { name, ends, signedOut } of tellings) {
      const { email } = victimOf(name);
      const [person, ...others] = ((await (await carol.fetch(`/admin/people?email=${email}`)).json()) as { people: Known[] }).people;
      expect(person, name).toMatchObject(ends);
      expect(others, name).toEqual([]);
      // Whoever left or lost their group has one case, and nobody else has any.
      const cases = ends.status !== 'active' || ends.groups?.length === 0 ? 1 : 0;
      expect((await company.cases(person?.id ?? '')).length, name).toBe(cases);
      if (signedOut) expect((await sessions.get(name)?.fetch('/v1/policy'))?.status, name).toBe(401);
    }
    const [bystander] = await known('bystander@example.com');
    expect(bystander).toMatchObject({ status: 'active', generation: 1 });
  }, 120_000);

  it('does nothing where it should, and the rule or the log says why', async () => {
    const still = await known('bystander@example.com');
    const words = async (name: string) => {
      const group = `/aws/lambda/gatehouse-local-people-${name}`;
      const page = await company.aws<{ events: { message: string }[] }>('Logs_20140328', 'FilterLogEvents', {
        logGroupName: group,
        filterPattern: '"event does nothing"',
      });
      return page.events.map(({ message }) => message).join('\n');
    };
    const kept = async (rule: string, delivery: Delivery) => {
      if (!('bus' in delivery)) throw new Error('no rule hears a hook');
      const { EventPattern } = await company.aws<{ EventPattern: string }>('AWSEvents', 'DescribeRule', {
        Name: `gatehouse-local-people-${rule}`,
        EventBusName: delivery.bus,
      });
      const event = {
        ...delivery.event,
        version: '0',
        id: 'e',
        account: '000000000000',
        time: '2026-11-22T09:30:00Z',
        region: 'us-east-1',
        resources: [],
      };
      const { Result } = await company.aws<{ Result: boolean }>('AWSEvents', 'TestEventPattern', {
        EventPattern,
        Event: JSON.stringify(event),
      });
      return !Result;
    };
    const victim = victimOf('bystander');
    const told = (one: Silence) => one.tell(victim, { ...about('bystander'), cause: `silence-${one.name}` });
    for (const one of silences) await deliver(told(one), victim, `silence-${one.name}`);
    await stack.settled();
    for (const one of silences) {
      if ('rule' in one.why) expect(await kept(one.why.rule, told(one)), one.name).toBe(true);
      else expect(await words(one.why.function), one.name).toContain(one.why.says);
    }
    expect(await known('bystander@example.com')).toEqual(still);
  }, 60_000);
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

  it('that its function fails on lies in the dead-letter queue, and is redriven as docs/people.md says', async () => {
    const email = 'redriven@example.com';
    const name = 'gatehouse-local-people-hear-hints';
    const fault = await fetch(`${stack.aws}/_faults`, {
      method: 'POST',
      body: JSON.stringify({ service: 'lambda', function: name, error: 'ServiceException' }),
    });
    const { id: broken } = (await fault.json()) as { id: string };
    const { id } = await company.hr<{ id: string }>('POST', '/users?silent=1', { email, groups: ['staff'] });
    const event = {
      uuid: 'hook-redriven',
      published: '2026-11-22T09:00:00Z',
      eventType: 'user.lifecycle.create',
      outcome: { result: 'SUCCESS' },
      target: [{ id, type: 'User' }],
    };
    const taken = await fetch(`${stack.gateway}/hooks/okta`, {
      method: 'POST',
      headers: { ...jsonType, authorization: await secret('hook-okta') },
      body: JSON.stringify({ data: { events: [event] } }),
    });
    expect(taken.status).toBe(204);
    await stack.settled();
    const client = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    const sqs = new SQSClient(client);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'gatehouse-local-people-dead-letters' }));
    const letter = await stack.until(
      async () => {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] }),
        );
        return Messages.find(({ Body }) => Body?.includes(id));
      },
      { stepSeconds: 60, what: 'the dead letter' },
    );
    await fetch(`${stack.aws}/_faults/${broken}`, { method: 'DELETE' });
    const body = JSON.parse(letter.Body ?? '') as { requestPayload: object; requestContext: { functionArn: string } };
    expect(body.requestContext.functionArn).toContain(name);
    const redrive = new InvokeCommand({ FunctionName: body.requestContext.functionArn, Payload: JSON.stringify(body.requestPayload) });
    const { FunctionError, Payload } = await new LambdaClient(client).send(redrive);
    expect(FunctionError, Payload?.transformToString()).toBeUndefined();
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: letter.ReceiptHandle }));
    carol = await company.admin();
    expect(await known(email)).toMatchObject([{ status: 'active', groups: ['staff'], generation: 1 }]);
  }, 60_000);
});
