/** The SCIM server through its own entry, against a real table: what is stored, what is refused, and what nobody can do to it. */
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let aws: TestAws;
let serve: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
let arns: string[];

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  arns = await Promise.all(['first-secret', 'second-secret'].map(makeSecret));
  Object.assign(process.env, {
    TABLE_PEOPLE: await aws.table('people'),
    SECRET_SCIM_1_ARN: arns[0],
    SECRET_SCIM_2_ARN: arns[1],
    PUBLIC_URL: 'https://gatehouse.example.com',
    CONFIG: JSON.stringify({ directory: { kind: 'scim', issuer: 'https://idp.example.com' }, scim: { issuer: 'https://idp.example.com' } }),
  });
  const { handler } = await import('./scim.lambda.ts');
  serve = handler as typeof serve;
});
afterAll(() => aws.close());

async function makeSecret(SecretString: string): Promise<string> {
  const made = await fetch(aws.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name: SecretString, SecretString }),
  });
  return ((await made.json()) as { ARN: string }).ARN;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as a client would read them.
  body: any;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const url = new URL(`http://local/scim/v2/${path}`);
  const multiValueQueryStringParameters: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) multiValueQueryStringParameters[name] = [value];
  const all = { authorization: 'Bearer first-secret', 'content-type': 'application/scim+json', ...headers };
  const event = {
    httpMethod: method,
    resource: '/scim/v2/{path+}',
    path: url.pathname,
    pathParameters: { path: decodeURIComponent(url.pathname.slice('/scim/v2/'.length)) },
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters,
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: { identity: { sourceIp: '203.0.113.7' }, requestId: 'req-1' },
  } as unknown as APIGatewayProxyEvent;
  const result = await serve(event, { awsRequestId: 'req-1' } as Context);
  return {
    status: result.statusCode,
    headers: (result.headers ?? {}) as Record<string, string>,
    body: result.body ? JSON.parse(result.body) : undefined,
  };
}

const patch = (...Operations: unknown[]) => ({ schemas: [patchSchema], Operations });
const user = (userName: string, more: object = {}) => ({
  schemas: [userSchema],
  userName,
  name: { givenName: 'Ann', familyName: 'Archer' },
  emails: [{ value: userName, type: 'work', primary: true }],
  active: true,
  ...more,
});

async function made(userName: string, more: object = {}): Promise<string> {
  const created = await call('POST', 'Users', user(userName, more));
  expect(created.status, JSON.stringify(created.body)).toBe(201);
  return created.body.id;
}

describe('the bearer secret', () => {
  it.each([
    ['the first', 'Bearer first-secret', 200],
    ['the second', 'Bearer second-secret', 200],
    ['another', 'Bearer third-secret', 401],
    ['none', '', 401],
    ['one with an end of its own', 'Bearer first-secretX', 401],
  ])('%s is answered as it should be', async (_, authorization, status) => {
    const answer = await call('GET', 'Users?count=1', undefined, { authorization });
    expect(answer.status).toBe(status);
    if (status === 401)
      expect(answer.body).toMatchObject({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: '401',
        detail: expect.any(String),
      });
  });
});

describe('a user', () => {
  it('is shown as created, without password and groups, and found by its name in any case', async () => {
    const created = await call('POST', 'Users', user('Create@example.com', { password: 'x', groups: [], externalId: '00u1' }));
    expect(created).toMatchObject({ status: 201, headers: { location: `https://gatehouse.example.com/scim/v2/Users/${created.body.id}` } });
    expect(created.body).not.toHaveProperty('password');
    const found = await call('GET', `Users?filter=${encodeURIComponent('userName eq "cREATE@example.com"')}`);
    expect(found.body).toMatchObject({
      totalResults: 1,
      startIndex: 1,
      Resources: [{ id: created.body.id, externalId: '00u1', active: true }],
    });
    expect(JSON.stringify(await aws.dynamodb.call('Scan', { TableName: process.env.TABLE_PEOPLE }))).not.toContain('password');
  });

  it('of a name that is taken is refused, and is welcome again once the other is deleted', async () => {
    const id = await made('taken@example.com');
    expect(await call('POST', 'Users', user('TAKEN@example.com'))).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    expect((await call('DELETE', `Users/${id}`)).status).toBe(204);
    expect((await call('DELETE', `Users/${id}`)).status).toBe(404);
    expect((await call('GET', `Users/${id}`)).status).toBe(404);
    expect(await made('taken@example.com')).not.toBe(id);
  });

  it('changes with If-Match only from the version named, and says which it is', async () => {
    const id = await made('etag@example.com');
    const read = await call('GET', `Users/${id}`);
    expect(read.headers.etag).toBe('W/"1"');
    expect((await call('GET', `Users/${id}`, undefined, { 'if-none-match': 'W/"1"' })).status).toBe(304);
    const off = patch({ op: 'replace', path: 'active', value: false });
    expect((await call('PATCH', `Users/${id}`, off, { 'if-match': 'W/"7"' })).status).toBe(412);
    expect((await call('PATCH', `Users/${id}`, off, { 'if-match': 'W/"1"' })).status).toBe(204);
    expect((await call('GET', `Users/${id}`)).body).toMatchObject({ active: false, meta: { version: 'W/"2"' } });
  });

  it('that is replaced keeps what was left out, and does not come back to active by silence', async () => {
    const id = await made('put@example.com', { title: 'Engineer', active: false });
    const { active: _, ...silent } = user('put@example.com', { displayName: 'Ann' });
    expect((await call('PUT', `Users/${id}`, silent)).body).toMatchObject({ active: false, title: 'Engineer', displayName: 'Ann' });
    expect((await call('PUT', `Users/${id}`, { schemas: [userSchema], active: true })).status).toBe(400);
  });

  it('takes all operations of a PATCH or none', async () => {
    const id = await made('atomic@example.com');
    const refused = await call(
      'PATCH',
      `Users/${id}`,
      patch({ op: 'replace', path: 'displayName', value: 'Half' }, { op: 'replace', path: 'nonsense', value: 1 }),
    );
    expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidPath' } });
    expect((await call('GET', `Users/${id}`)).body).not.toHaveProperty('displayName');
  });

  it('written by many at once keeps every change', async () => {
    const id = await made('race@example.com');
    const names = ['title', 'displayName', 'nickName', 'locale'];
    const answers = await Promise.all(
      names.map((path) => call('PATCH', `Users/${id}`, patch({ op: 'replace', path, value: `new ${path}` }))),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    expect((await call('GET', `Users/${id}`)).body).toMatchObject(Object.fromEntries(names.map((name) => [name, `new ${name}`])));
  });
});

describe('a group', () => {
  it('gains, keeps once and loses members, however they are written', async () => {
    const [ann, bo] = [await made('ann@example.com'), await made('bo@example.com')];
    const created = await call('POST', 'Groups', { schemas: [groupSchema], displayName: 'Writers', members: [{ value: ann }] });
    const path = `Groups/${created.body.id}`;
    const members = async () => ((await call('GET', path)).body.members ?? []).map(({ value }: { value: string }) => value).sort();
    expect(await members()).toEqual([ann]);
    await call('PATCH', path, patch({ op: 'Add', path: 'members', value: [{ $ref: null, value: bo }, { value: ann }] }));
    expect(await members()).toEqual([ann, bo].sort());
    await call('PATCH', path, patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: ann }] }));
    expect(await members()).toEqual([bo]);
    await call(
      'PATCH',
      path,
      patch({ op: 'remove', path: `members[value eq "${bo}"]` }, { op: 'add', path: 'members', value: [{ value: ann }] }),
    );
    expect(await members()).toEqual([ann]);
    expect((await call('GET', `${path}?excludedAttributes=members`)).body).not.toHaveProperty('members');
    const probe = `Groups?excludedAttributes=members&filter=${encodeURIComponent(`id eq "${created.body.id}" and members eq "${ann}"`)}`;
    expect((await call('GET', probe)).body).toMatchObject({ totalResults: 1 });
    expect((await call('GET', probe.replace(ann, bo))).body).toMatchObject({ totalResults: 0 });
    await call('PATCH', path, patch({ op: 'replace', value: { id: created.body.id, displayName: 'Authors' } }));
    expect((await call('GET', path)).body).toMatchObject({ displayName: 'Authors', members: [{ value: ann, type: 'User' }] });
    expect((await call('DELETE', path)).status).toBe(204);
  });

  it('of ids as long as they may be is kept in pieces that the store takes', async () => {
    const members = Array.from({ length: 4_000 }, (_, at) => ({ value: `u${String(at).padStart(127, '0')}` }));
    const { status, body } = await call('POST', 'Groups', { schemas: [groupSchema], displayName: 'Long ids', members });
    expect(status).toBe(201);
    expect((await call('GET', `Groups/${body.id}`)).body.members).toHaveLength(4_000);
  });

  it('of 15,000 is read whole and changed at once', async () => {
    const members = Array.from({ length: 15_000 }, (_, at) => ({ value: `u${String(at).padStart(32, '0')}` }));
    const created = await call('POST', 'Groups', { schemas: [groupSchema], displayName: 'Everybody', members });
    expect(created.status).toBe(201);
    await call('PATCH', `Groups/${created.body.id}`, patch({ op: 'remove', path: 'members', value: [members[7]] }));
    expect((await call('GET', `Groups/${created.body.id}`)).body.members).toHaveLength(14_999);
  });
});

describe('what nobody can do', () => {
  it.each([
    ['reach a prototype by path', patch({ op: 'add', path: '__proto__.admin', value: true })],
    ['reach a constructor by path', patch({ op: 'add', path: 'constructor.prototype.admin', value: true })],
    ['reach one below an attribute', patch({ op: 'add', path: 'name.__proto__.x', value: '1' })],
    ['rename what is not theirs', patch({ op: 'replace', path: 'id', value: 'someone-else' })],
    ['write what only we write', patch({ op: 'replace', path: 'meta.version', value: 'W/"9"' })],
    ['use an operation that is none', patch({ op: 'test', path: 'active', value: true })],
    ['add nothing to somewhere', patch({ op: 'add', path: 'title' })],
    ['remove without a path', patch({ op: 'remove' })],
    ['remove what is required', patch({ op: 'remove', path: 'userName' })],
    ['send no operations', patch()],
  ])('%s: 400, and nothing changed', async (name, body) => {
    const id = await made(`${name.replaceAll(' ', '-')}@example.com`);
    const before = await call('GET', `Users/${id}`);
    expect((await call('PATCH', `Users/${id}`, body)).status).toBe(400);
    expect((await call('GET', `Users/${id}`)).body).toEqual(before.body);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it.each([
    ['a blank name', 'POST', 'Users', { schemas: [userSchema], userName: '  ' }, {}, 400, 'invalidValue'],
    ['a group of a blank name', 'POST', 'Groups', { displayName: '' }, {}, 400, 'invalidValue'],
    ['a body that is no JSON by its type', 'POST', 'Users', user('typed@example.com'), { 'content-type': 'text/plain' }, 415, undefined],
  ])('%s is refused', async (_, method, path, body, headers, status, scimType) => {
    const answer = await call(method, path, body, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.scimType).toBe(scimType);
  });

  it('a name does not become blank by a PATCH', async () => {
    const id = await made('blank@example.com');
    expect((await call('PATCH', `Users/${id}`, patch({ op: 'replace', path: 'userName', value: '' }))).status).toBe(400);
    expect((await call('GET', `Users/${id}`)).body.userName).toBe('blank@example.com');
  });

  it.each(['application/json', 'application/scim+json; charset=utf-8', 'Application/SCIM+JSON'])(
    'a body of type %s is read',
    async (type) => {
      const answer = await call('POST', 'Users', user(`${type.length}@example.com`), { 'content-type': type });
      expect(answer.status).toBe(201);
    },
  );

  it('a body with a key that reaches into JavaScript is refused, as text and as a value', async () => {
    const id = await made('proto@example.com');
    for (const body of [
      `{"schemas":["${patchSchema}"],"Operations":[{"op":"add","value":{"__proto__":{"admin":true}}}]}`,
      `{"schemas":["${userSchema}"],"userName":"x","__proto__":{"admin":true}}`,
      '{"__proto__":',
      '[]',
      'null',
    ])
      expect((await call('PATCH', `Users/${id}`, body)).status, body).toBe(400);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe('when the table is away', () => {
  it('asks to come again, and never answers 5xx', async () => {
    const table = process.env.TABLE_PEOPLE;
    await call('GET', 'Users?count=1');
    const { vi } = await import('vitest');
    vi.resetModules();
    process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9';
    try {
      const { handler } = await import('./scim.lambda.ts');
      const usual = serve;
      serve = handler as typeof serve;
      const answer = await call('POST', 'Users', user('away@example.com'));
      serve = usual;
      expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '10' }, body: { status: '429' } });
    } finally {
      Object.assign(process.env, { AWS_ENDPOINT_URL: aws.url, TABLE_PEOPLE: table });
    }
  }, 20_000);
});
