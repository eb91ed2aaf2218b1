/** The sweep against a real directory API and a real table: what it finds, and what an unsound list cannot make it do. */
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { createIdp, type Idp } from '@gatehouse/local/idp/create-idp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import type { Swept } from './sweep.dynamo.ts';

const token = 'directory-reader-token';
let aws: TestAws;
let idp: Idp;
let table: string;
let sweep: (bounds?: { maxReads?: number }) => Promise<Swept>;
let known: () => Promise<Map<string, { status: string; generation: number; groups: string[]; id: string }>>;

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  table = await aws.table('people');
  idp = await createIdp({ port: 0, clock: aws.clock, emit: () => {}, directoryToken: token, redirectUris: [], rateMultiplier: 1000 });
  const secret = await fetch(aws.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name: 'directory-token', SecretString: token }),
  });
  const { ARN: tokenArn } = (await secret.json()) as { ARN: string };
  const { oktaDirectory } = await import('./okta.directory.ts');
  const { sweepDirectory } = await import('./sweep.dynamo.ts');
  const { everyPerson } = await import('./person.dynamo.ts');
  const directory = oktaDirectory({ issuer: idp.issuer, url: idp.issuer, tokenArn });
  sweep = ({ maxReads = 1_000 } = {}) =>
    sweepDirectory(table, directory, { now: () => Date.now(), deadline: Date.now() + 60_000, maxReads });
  known = async () => {
    const found = new Map<string, { status: string; generation: number; groups: string[]; id: string }>();
    for await (const person of everyPerson(table)) found.set(person.email, person);
    return found;
  };
});
afterAll(async () => {
  await idp.close();
  await aws.close();
});
beforeEach(() => idp.faults.clear());

async function hr(method: string, path: string, body?: unknown): Promise<{ id: string }> {
  const answer = await fetch(`${idp.issuer}/directory${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as { id: string };
}

async function facts(type: string): Promise<Record<string, unknown>[]> {
  const { Items } = (await aws.dynamodb.call('Scan', { TableName: table })) as { Items: Record<string, { S?: string }>[] };
  return Items.filter((item) => item.type?.S === type).map((item) => JSON.parse(item.detail?.S ?? '{}') as Record<string, unknown>);
}

describe('a sweep', () => {
  it('finds everybody at first, and has nothing to do at the next', async () => {
    expect(await sweep()).toMatchObject({ listed: 9, known: 0, joined: 9, left: 0, refused: undefined });
    expect((await known()).get('alice@example.com')).toMatchObject({ status: 'active', groups: ['engineering'] });
    expect(await sweep()).toMatchObject({ listed: 9, known: 9, joined: 0, changed: 0, refreshed: 0 });
  });

  it('finds whom no event told of: joined, suspended, renamed, deleted; leavers as inferred', async () => {
    await hr('POST', '/users?silent=1', { email: 'late@example.com', groups: ['engineering'] });
    await hr('PATCH', '/users/bob@example.com?silent=1', { suspended: true });
    await hr('PATCH', '/users/dave@example.com?silent=1', { name: 'David Dyer' });
    await hr('DELETE', '/users/frank@example.com?silent=1');
    expect(await sweep()).toMatchObject({ joined: 1, changed: 2, left: 1, waiting: 0, refused: undefined });
    const people = await known();
    expect(people.get('late@example.com')).toMatchObject({ status: 'active' });
    expect(people.get('bob@example.com')).toMatchObject({ status: 'suspended', generation: 2 });
    expect(people.get('dave@example.com')).toMatchObject({ status: 'active', name: 'David Dyer', generation: 1 });
    expect(people.get('frank@example.com')).toMatchObject({ status: 'left', generation: 2 });
    const left = await facts('person-left');
    expect(
      left
        .map(({ evidence, source, status }) => ({ evidence, source, status }))
        .sort((a, b) => (String(a.status) < String(b.status) ? -1 : 1)),
    ).toEqual([
      { evidence: 'inferred', source: 'sweep', status: 'left' },
      { evidence: 'inferred', source: 'sweep', status: 'suspended' },
    ]);
  });

  it('reads who is as listed again after a day, and so finds a group that was lost in silence', async () => {
    const late = await hr('GET', '/users/late@example.com');
    await hr('DELETE', `/groups/engineering/members/${late.id}?silent=1`);
    expect(await sweep()).toMatchObject({ refreshed: 0 });
    aws.clock.advance(86_400);
    const { installStackDate } = await import('@gatehouse/local/lambda/stack-date');
    installStackDate(() => aws.clock.now());
    expect((await sweep()).refreshed).toBeGreaterThan(5);
    expect((await known()).get('late@example.com')).toMatchObject({ groups: [] });
  });

  it('leaves for the next one what it may not read any more', async () => {
    for (const name of ['p1', 'p2', 'p3']) await hr('POST', '/users?silent=1', { email: `${name}@example.com` });
    expect(await sweep({ maxReads: 2 })).toMatchObject({ joined: 2, waiting: 1 });
    expect(await sweep()).toMatchObject({ joined: 1, waiting: 0 });
  });
});

describe('a list that is not sound', () => {
  const nobodyLeft = async (reason: string) => {
    const before = await known();
    const told = (await facts('directory-read-refused')).length;
    const swept = await sweep();
    expect(swept).toMatchObject({ left: 0, refused: reason });
    expect(await known()).toEqual(before);
    expect((await facts('directory-read-refused')).length).toBeGreaterThan(told);
  };

  it.each([
    ['is empty', { path: '/api/v1/users', status: 200, body: [] }, 'empty'],
    ['fails', { path: '/api/v1/users', status: 500 }, 'unreachable'],
    ['is something else', { path: '/api/v1/users', status: 200, body: { users: [] } }, 'malformed'],
    ['is refused', { path: '/api/v1/users', status: 401, body: { errorCode: 'E0000011' } }, 'refused'],
  ])('that %s removes nobody and is told', async (_, fault, reason) => {
    aws.clock.advance(120);
    idp.faults.add(fault);
    await nobodyLeft(reason);
  });

  it('that is cut short removes nobody: the first who is missing is asked for, and is there', async () => {
    aws.clock.advance(120);
    const whole = (await (
      await fetch(`${idp.issuer}/api/v1/users?limit=3`, { headers: { authorization: `SSWS ${token}` } })
    ).json()) as unknown[];
    idp.faults.add({ path: '/api/v1/users', status: 200, body: whole, times: 1 });
    await nobodyLeft('short');
  });
});
