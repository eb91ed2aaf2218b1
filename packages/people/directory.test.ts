import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { createIdp, type Idp } from '@gatehouse/local/idp/create-idp';
import type { PartnerEvent } from '@gatehouse/local/idp/system-log';
import { query } from '@gatehouse/runtime/table';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const token = 'directory-reader-token';
const context = {} as Context;
let aws: TestAws;
let idp: Idp;
let table: string;
let events: PartnerEvent[];
let hearOkta: (event: EventBridgeEvent<string, unknown>) => Promise<unknown>;
// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as a machine would read them.
let admit: (input: object) => Promise<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above.
let confirm: (person: string) => Promise<any>;

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  table = await aws.table('people');
  events = [];
  idp = await createIdp({
    port: 0,
    clock: aws.clock,
    emit: (event) => void events.push(event),
    directoryToken: token,
    redirectUris: [],
    rateMultiplier: 1000,
  });
  const policy = await aws.table('policy');
  const secret = await fetch(aws.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name: 'directory-token', SecretString: token }),
  });
  const { ARN } = (await secret.json()) as { ARN: string };
  Object.assign(process.env, {
    TABLE_PEOPLE: table,
    TABLE_POLICY: policy,
    SECRET_DIRECTORY_TOKEN_ARN: ARN,
    SECRET_GRAPH_CLIENT_ARN: ARN,
    SECRET_AUTH0_CLIENT_ARN: ARN,
    SECRET_GOOGLE_ACCOUNT_ARN: ARN,
    CONFIG: JSON.stringify({ directory: { kind: 'okta', issuer: idp.issuer, url: idp.issuer } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  const { policyHead, policyVersion } = await import('@gatehouse/contracts/records/policy');
  const document = JSON.stringify({ policies: [{ name: 'engineering', match: { groups: ['engineering'] } }] });
  await put(policy, { ...policyHead.key(), version: 1, digest: 'sha256:0', published_at: '2026-11-22T09:00:00.000Z' });
  await put(policy, {
    ...policyVersion.key(1),
    version: 1,
    digest: 'sha256:0',
    author: 'per_1',
    reason: 'first',
    published_at: '2026-11-22T09:00:00.000Z',
    document,
  });
  const { handler: hear } = await import('./hear-okta.lambda.ts');
  const { handler: admitting } = await import('./admit-person.lambda.ts');
  const { handler: confirming } = await import('./confirm-truth.lambda.ts');
  hearOkta = (event) => hear(event, context);
  admit = (input) => admitting(input, context);
  confirm = (person) => confirming({ case_id: 'cas_1', person }, context);
});
afterAll(async () => {
  await idp.close();
  await aws.close();
});
beforeEach(() => {
  events.length = 0;
  idp.faults.clear();
});

/** HR does something; the events that the directory emits come back. */
async function hr(method: string, path: string, body?: unknown): Promise<{ id: string }> {
  const answer = await fetch(`${idp.issuer}/directory${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as { id: string };
}

async function told(person?: string): Promise<{ type: string; [member: string]: unknown }[]> {
  const found = await aws.dynamodb.call('Scan', { TableName: table });
  const items = (found as { Items: Record<string, { S?: string }>[] }).Items;
  return items
    .filter((item) => item.pk?.S?.startsWith('OUTBOX#'))
    .map((item) => ({ ...(JSON.parse(item.detail?.S ?? '{}') as { at: string }), type: item.type?.S ?? '' }))
    .filter((fact) => person === undefined || (fact as { person?: string }).person === person)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

async function deliver(): Promise<void> {
  for (const event of events.splice(0)) await hearOkta(event);
}

const newcomer = (name: string, groups: string[] = ['engineering']) => hr('POST', '/users', { email: `${name}@example.com`, name, groups });

describe('an event of the log stream', () => {
  it('makes a joiner known, a mover moved, a leaver left and a returner returned, each told once', async () => {
    const { id } = await newcomer('zoe');
    await deliver();
    const { person } = await admit({ lookup: id });
    await hr('PUT', `/groups/sales/members/${id}`);
    await deliver();
    await hr('PATCH', `/users/${id}`, { suspended: true });
    const again = [...events];
    await deliver();
    for (const event of again) await hearOkta({ ...event, id: 'another-delivery' });
    await hr('PATCH', `/users/${id}`, { suspended: false });
    await deliver();
    const facts = await told(person);
    expect(facts.map(({ type }) => type).filter((type) => type !== 'person-changed')).toEqual([
      'person-joined',
      'person-moved',
      'person-left',
      'person-returned',
    ]);
    expect(facts.find(({ type }) => type === 'person-left')).toMatchObject({ generation: 2, status: 'suspended', evidence: 'explicit' });
  });

  it('that comes late, out of order and twice ends in the directory’s last word', async () => {
    const { id } = await newcomer('yan');
    await deliver();
    const { person } = await admit({ lookup: id });
    await hr('PATCH', `/users/${id}`, { active: false });
    await hr('PATCH', `/users/${id}`, { active: true });
    const [left, back] = events.splice(0);
    for (const event of [back, left, left, back])
      if (event) await hearOkta({ ...event, id: `${event.id}-${Math.trunc(performance.now())}` });
    expect(await admit({ lookup: person })).toMatchObject({ status: 'active', generation: 1 });
    expect((await told(person)).map(({ type }) => type)).toEqual(['person-joined']);
  });

  it('of a leaver whom we never knew makes them known, so that their accounts elsewhere are taken back', async () => {
    const { id } = await newcomer('xia');
    events.length = 0;
    await hr('PATCH', `/users/${id}`, { active: false });
    await deliver();
    const { person, status } = await admit({ lookup: id });
    expect(status).toBe('left');
    expect((await told(person)).map(({ type }) => type)).toEqual(['person-left']);
  });

  it('about somebody whom neither we nor the directory know does nothing', async () => {
    const { id } = await newcomer('wim');
    await hr('DELETE', `/users/${id}`);
    const before = (await told()).length;
    await deliver();
    expect((await told()).length).toBe(before);
  });

  it('is tried again when the directory is away, and nobody has left meanwhile', async () => {
    const { id } = await newcomer('vera');
    await deliver();
    const { person } = await admit({ lookup: id });
    await hr('PATCH', `/users/${id}`, { name: 'Vera V' });
    const [event] = events.splice(0);
    idp.faults.add({ path: '/api/v1', status: 503 });
    await expect(hearOkta(event as PartnerEvent)).rejects.toMatchObject({ name: 'Unavailable' });
    idp.faults.clear();
    expect(await admit({ lookup: person })).toMatchObject({ status: 'active', name: 'vera' });
    expect((await told()).filter(({ type }) => type === 'directory-read-refused').length).toBe(1);
    await hearOkta(event as PartnerEvent);
    expect(await admit({ lookup: person })).toMatchObject({ status: 'active', name: 'Vera V' });
  });

  it('of a leaving that cannot be confirmed is told as that, once, and changes nothing', async () => {
    const { id } = await newcomer('una');
    await deliver();
    const { person } = await admit({ lookup: id });
    await hr('PATCH', `/users/${id}`, { active: false });
    const [event] = events.splice(0);
    const cause = (event?.detail as { uuid?: string } | undefined)?.uuid;
    expect(cause).toBeDefined();
    idp.faults.add({ path: '/api/v1', status: 503 });
    for (const _ of ['first try', 'second']) await expect(hearOkta(event as PartnerEvent)).rejects.toMatchObject({ name: 'Unavailable' });
    expect((await told(person)).filter(({ type }) => type === 'departure-unconfirmed')).toMatchObject([{ generation: 1, cause }]);
    idp.faults.clear();
    expect(await admit({ lookup: person })).toMatchObject({ status: 'active', generation: 1 });
  });

  it('heard by many at once settles once', async () => {
    const { id } = await newcomer('uma');
    const [event] = events.splice(0);
    await Promise.all([1, 2, 3, 4, 5].map((delivery) => hearOkta({ ...(event as PartnerEvent), id: `delivery-${delivery}` })));
    const { person } = await admit({ lookup: id });
    expect((await told(person)).map(({ type }) => type)).toEqual(['person-joined']);
    expect(await query(table, `ALIAS#uma@example.com`)).toHaveLength(1);
  });
});

describe('the directory’s word', () => {
  it('is read afresh: a silent leaver is found, told and answered', async () => {
    const { id } = await newcomer('tom');
    await deliver();
    const { person } = await admit({ lookup: id });
    expect(await confirm(person)).toMatchObject({ truth: 'active', detail: 'active', entitled: true, generation: 1 });
    await hr('PATCH', `/users/${id}?silent=1`, { active: false });
    expect(await confirm(person)).toMatchObject({ truth: 'left', detail: 'deactivated', generation: 2 });
    await hr('DELETE', `/users/${id}?silent=1`);
    expect(await confirm(person)).toMatchObject({ truth: 'left', detail: 'deleted', generation: 2 });
    // Facts of one transaction carry no order.
    expect((await told(person)).map(({ type }) => type).sort()).toEqual(['person-changed', 'person-joined', 'person-left']);
  });

  it('of somebody without an entitling group is active and not entitled', async () => {
    const { id } = await newcomer('sue', []);
    const { person } = await admit({ lookup: id });
    expect(await confirm(person)).toMatchObject({ truth: 'active', entitled: false });
  });

  it.each([
    ['fails', { status: 500 }],
    ['refuses our token', { status: 401, body: { errorCode: 'E0000011' } }],
    ['answers 404 in other words than its own', { status: 404, body: { message: 'no such route' } }],
    ['answers nothing', { status: 200, body: {} }],
    ['answers a page of something else', { status: 200, body: '<html>' }],
  ])('is unreadable, and nobody has left, when it %s', async (_, fault) => {
    const { person } = await admit({ lookup: 'alice@example.com' });
    idp.faults.add({ path: '/api/v1', ...fault });
    expect(await confirm(person)).toMatchObject({ truth: 'unreadable', generation: 1 });
    idp.faults.clear();
    expect(await confirm(person)).toMatchObject({ truth: 'active' });
  });

  it('is unreadable when only its groups fail: half an answer takes nothing away', async () => {
    const { person } = await admit({ lookup: 'ivan@example.com' });
    const ivan = (await hr('GET', '/users/ivan@example.com')).id;
    idp.faults.add({ path: `/api/v1/users/${ivan}/groups`, status: 404, body: { errorCode: 'E0000007' } });
    expect(await confirm(person)).toMatchObject({ truth: 'unreadable', groups: ['engineering'], entitled: true });
  });
});

describe('somebody who signs in or is named', () => {
  it('becomes a person once, by whichever name', async () => {
    const { id } = await hr('GET', '/users/dave@example.com');
    const first = await admit({ issuer: idp.issuer, subject: id, claims: {} });
    expect(first).toMatchObject({ outcome: 'known', email: 'dave@example.com', groups: ['engineering'] });
    for (const lookup of [id, first.person, 'Dave@Example.com ']) expect(await admit({ lookup })).toEqual(first);
  });

  it('of an issuer without a directory is what their token says', async () => {
    const claims = { email: 'eve@partner.example', name: 'Eve', groups: ['partners'] };
    const who = { issuer: 'https://partner.example', subject: 'eve-1' };
    const first = await admit({ ...who, claims });
    expect(first).toMatchObject({ outcome: 'known', groups: ['partners'] });
    expect(await admit({ ...who, claims: { ...claims, groups: [] } })).toMatchObject({ person: first.person, groups: [] });
    expect(await confirm(first.person)).toMatchObject({ truth: 'unreadable' });
    expect(await admit({ ...who, subject: 'nameless', claims: {} })).toMatchObject({ outcome: 'unknown' });
  });

  it('is ambiguous when two carry the address, and both are named', async () => {
    const first = await newcomer('rob');
    await deliver();
    const one = await admit({ lookup: first.id });
    await hr('PATCH', `/users/${first.id}`, { active: false });
    await hr('DELETE', `/users/${first.id}`);
    await deliver();
    const second = await newcomer('rob');
    await deliver();
    const two = await admit({ lookup: second.id });
    expect(two.person).not.toBe(one.person);
    const both = await admit({ lookup: 'rob@example.com' });
    expect(both).toMatchObject({ outcome: 'ambiguous' });
    expect([...both.people].sort()).toEqual([one.person, two.person].sort());
  });

  it('is unknown when nobody is called that, and an outage is not an unknown', async () => {
    expect(await admit({ lookup: 'nobody@example.com' })).toMatchObject({ outcome: 'unknown' });
    expect(await admit({ lookup: '"; or 1 eq 1' })).toMatchObject({ outcome: 'unknown' });
    idp.faults.add({ path: '/api/v1', status: 503 });
    await expect(admit({ lookup: 'nobody@example.com' })).rejects.toMatchObject({ name: 'Unavailable' });
  });

  it('takes the new address and leaves the old one on a rename', async () => {
    const { id } = await newcomer('quinn');
    await deliver();
    const { person } = await admit({ lookup: id });
    await hr('PATCH', `/users/${id}`, { email: 'q@example.com' });
    await deliver();
    expect(await admit({ lookup: 'q@example.com' })).toMatchObject({ person, generation: 1 });
    expect(await admit({ lookup: 'quinn@example.com' })).toMatchObject({ outcome: 'unknown' });
  });
});
