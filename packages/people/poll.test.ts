/** What is heard by asking: Entra ID's delta queries and Google Workspace's audit log, against real APIs and a real table. */
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { createIdp, type Idp } from '@gatehouse/local/idp/create-idp';
import { entraClient, entraTenant } from '@gatehouse/local/idp/entra';
import { googleAdmin, newKeyFile } from '@gatehouse/local/idp/google';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const clientSecret = 'graph-client-secret';
const keyFile = await newKeyFile();
let aws: TestAws;
let idp: Idp;
let table: string;
let poll: () => Promise<void>;
let hearHints: (event: unknown) => Promise<void>;
let sweep: (issuer: string) => Promise<{ refreshed: number }>;

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  table = await aws.table('people');
  idp = await createIdp({
    port: 0,
    clock: aws.clock,
    emit: () => {},
    directoryToken: 'unused',
    redirectUris: [],
    entraSecret: () => Promise.resolve(clientSecret),
    googleKeyFile: () => Promise.resolve(keyFile),
  });
  Object.assign(process.env, {
    TABLE_PEOPLE: table,
    SECRET_DIRECTORY_TOKEN_ARN: '',
    SECRET_GRAPH_CLIENT_ARN: await secretOf('graph-client', clientSecret),
    SECRET_AUTH0_CLIENT_ARN: '',
    SECRET_GOOGLE_ACCOUNT_ARN: await secretOf('google-account', keyFile),
    CONFIG: JSON.stringify({
      directory: [
        {
          kind: 'entra',
          issuer: `${idp.issuer}/entra/v2.0`,
          tenant: entraTenant,
          client_id: entraClient,
          url: `${idp.issuer}/entra/graph`,
          login_url: `${idp.issuer}/entra`,
        },
        {
          kind: 'google',
          issuer: `${idp.issuer}/google`,
          admin: googleAdmin,
          url: `${idp.issuer}/google`,
          token_url: `${idp.issuer}/google/token`,
        },
      ],
    }),
  });
  const { handler: polling } = await import('./poll.lambda.ts');
  const { env, handler: hearing } = await import('./hear-hints.lambda.ts');
  const { directoryOf } = await import('./configured.directory.ts');
  const { sweepDirectory } = await import('./sweep.dynamo.ts');
  const { readEnv } = await import('@gatehouse/runtime/environment');
  poll = polling;
  hearHints = (event) => hearing(event as never, {} as Context);
  sweep = async (issuer) => {
    const directory = await directoryOf(readEnv(env), issuer);
    if (!directory) throw new Error(`${issuer} has no directory`);
    return sweepDirectory(table, directory, { now: () => Date.now(), deadline: Date.now() + 60_000, maxReads: 1_000 });
  };
});
afterAll(async () => {
  await idp.close();
  await aws.close();
});
beforeEach(() => idp.faults.clear());

async function secretOf(Name: string, SecretString: string): Promise<string> {
  const answer = await fetch(aws.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name, SecretString }),
  });
  return ((await answer.json()) as { ARN: string }).ARN;
}

async function hr<T = { id: string }>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${idp.issuer}/directory${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
}

interface Row {
  [name: string]: { S?: string } | undefined;
}
const rows = async () => ((await aws.dynamodb.call('Scan', { TableName: table })) as { Items: Row[] }).Items;

/** Everything in the outbox that is a hint, as the bus brings it; a group's hint makes more. */
async function look(): Promise<void> {
  await poll();
  for (let before = -1, seen = new Set<string>(); seen.size !== before; ) {
    before = seen.size;
    for (const { pk, type, source, detail } of await rows()) {
      if (type?.S !== 'identity-hinted' || !pk?.S || seen.has(pk.S)) continue;
      seen.add(pk.S);
      await hearHints({ id: pk.S, source: source?.S, 'detail-type': type.S, detail: JSON.parse(detail?.S ?? '{}') });
    }
  }
}

async function known(email: string) {
  const { peopleByEmail } = await import('./person.dynamo.ts');
  return peopleByEmail(table, email);
}

describe.each([
  ['entra', (name: string) => name],
  ['google', (name: string) => `${name}@example.com`],
] as const)('somebody in %s', (home, named) => {
  it('joins, moves, loses a group that ends, keeps one that is renamed, leaves and is back, by asking alone', async () => {
    await look();
    const email = `ann.${home}@example.com`;
    const groups = ['engineering', `gone-${home}`, `first-${home}`];
    const { id } = await hr('POST', '/users', { email, name: 'Ann A', groups, idp: home });
    await look();
    expect(await known(email)).toMatchObject([{ status: 'active', generation: 1, groups: groups.map(named).sort() }]);
    await hr('DELETE', `/groups/gone-${home}`);
    await hr('PATCH', `/groups/first-${home}`, { name: `second-${home}` });
    await look();
    expect(await known(email)).toMatchObject([{ groups: [named('engineering'), named(`second-${home}`)], generation: 1 }]);
    await hr('DELETE', `/groups/engineering/members/${id}`);
    await look();
    expect(await known(email)).toMatchObject([{ groups: [named(`second-${home}`)], generation: 1 }]);
    await hr('PATCH', `/users/${id}`, { active: false });
    await look();
    expect(await known(email)).toMatchObject([{ status: 'left', generation: 2 }]);
    await hr('PATCH', `/users/${id}`, { active: true });
    await look();
    await hr('DELETE', `/users/${id}`);
    await look();
    await look();
    expect(await known(email)).toMatchObject([{ status: 'left', generation: 4 }]);
  });
});

describe('a delta link that is too old', () => {
  it('has everybody read again by the sweep, once, and goes on from now', async () => {
    const issuer = `${idp.issuer}/entra/v2.0`;
    const { id } = await hr('POST', '/users', { email: 'stale@example.com', groups: ['engineering'], idp: 'entra' });
    await look();
    await poll();
    const { keepCursor } = await import('./polled.dynamo.ts');
    await keepCursor(table, 'entra-delta-groups', issuer, `${idp.issuer}/entra/graph/v1.0/groups/delta?$deltatoken=0.1`);
    // Lists do not show it, and the event is lost with the link.
    await hr('PUT', `/groups/late/members/${id}`);
    await poll();
    expect((await known('stale@example.com'))[0]?.groups).toEqual(['engineering']);
    expect((await sweep(issuer)).refreshed).toBeGreaterThan(0);
    expect((await known('stale@example.com'))[0]?.groups).toEqual(['engineering', 'late']);
    expect((await sweep(issuer)).refreshed).toBe(0);
  });
});

describe('a directory that cannot be asked', () => {
  it.each([
    ['entra', '/entra/graph/v1.0/users/delta'],
    ['google', '/google/admin/reports'],
  ])('%s loses nothing: the next look goes on from where the last good one ended', async (home, path) => {
    await look();
    const email = `kept.${home}@example.com`;
    await hr('POST', '/users', { email, groups: [], idp: home });
    await fetch(`${idp.issuer}/_faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path, status: 503 }),
    });
    await look();
    expect(await known(email)).toEqual([]);
    expect((await rows()).some(({ type, detail }) => type?.S === 'directory-read-refused' && detail?.S?.includes(home))).toBe(true);
    idp.faults.clear();
    await look();
    expect(await known(email)).toMatchObject([{ status: 'active' }]);
  });
});
