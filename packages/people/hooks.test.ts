/** The hooks through their own entry, against a real table and real signatures: who is let in, what is written down, and what does nothing. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alias } from '@gatehouse/contracts/records/alias';
import { identity } from '@gatehouse/contracts/records/identity';
import { peopleIndex, person } from '@gatehouse/contracts/records/person';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { put } from '@gatehouse/runtime/table';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const okta = 'https://acme.okta.com';
const tenant = '84bd8158-6d4d-4958-8b9f-9d6445542f95';
const alice = { id: 'per_01h0000000000000000000000a', email: 'alice@example.com', subject: '00ualice000000000000' };

let aws: TestAws;
let keys: Server;
let jwks: string;
let table: string;
let serve: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
const genuine = generateKeyPairSync('rsa', { modulusLength: 2048 });
const forged = generateKeyPairSync('rsa', { modulusLength: 2048 });

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  table = await aws.table('people');
  keys = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: [{ ...genuine.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig' }] })),
  );
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  jwks = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
  const [oktaArn, entraArn, authentikArn] = await Promise.all(['okta', 'entra', 'authentik'].map(makeSecret));
  const transmitter = (audience: string) => ({ issuer: okta, audience, jwks_uri: jwks });
  Object.assign(process.env, {
    TABLE_PEOPLE: table,
    SECRET_HOOK_OKTA_ARN: oktaArn,
    SECRET_HOOK_ENTRA_ARN: entraArn,
    SECRET_HOOK_AUTHENTIK_ARN: authentikArn,
    CONFIG: JSON.stringify({
      directory: { kind: 'okta', issuer: okta, url: okta },
      hooks: {
        okta: { issuer: okta },
        entra: { issuer: 'https://login.example.com/v2.0', tenant },
        authentik: { issuer: 'https://authentik.example.com/' },
        ssf: [transmitter('https://gatehouse.example.com/hooks/ssf')],
        token_revocation: [transmitter('https://gatehouse.example.com/hooks/global-token-revocation')],
        oidc_logout: [transmitter('0oagatehouse')],
      },
    }),
  });
  const subjects = [{ issuer: okta, subject: alice.subject }];
  const row = {
    status: 'active',
    name: 'Alice',
    groups: [],
    generation: 1,
    hold: false,
    subjects,
    read_at: '2026-11-22T09:00:00.000Z',
    version: 1,
  };
  await put(table, { ...person.key(alice.id), ...peopleIndex(alice.id), ...row, id: alice.id, email: alice.email });
  await put(table, { ...identity.key(okta, alice.subject), person: alice.id, issuer: okta, subject: alice.subject });
  await put(table, { ...alias.key(alice.email, alice.id), email: alice.email, person: alice.id });
  const { handler } = await import('./hooks.lambda.ts');
  serve = handler as typeof serve;
});
afterAll(async () => {
  keys.close();
  await aws.close();
});

async function makeSecret(name: string): Promise<string> {
  const made = await fetch(aws.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Name: name, SecretString: `${name}-secret` }),
  });
  return ((await made.json()) as { ARN: string }).ARN;
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const url = new URL(`http://local/hooks/${path}`);
  const event = {
    httpMethod: method,
    resource: url.pathname,
    path: url.pathname,
    pathParameters: null,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters: Object.fromEntries([...url.searchParams].map(([name, value]) => [name, [value]])),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: { identity: { sourceIp: '203.0.113.7' }, requestId: 'req-1' },
  } as unknown as APIGatewayProxyEvent;
  const result = await serve(event, { awsRequestId: 'req-1' } as Context);
  return { status: result.statusCode, body: result.body, headers: { ...result.headers, ...result.multiValueHeaders } };
}

/** The facts that were written since, without what time and chance put in. */
async function told(run: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const facts = async () => {
    const { Items } = (await aws.dynamodb.call('Scan', { TableName: table })) as { Items: Record<string, { S?: string }>[] };
    return new Map(Items.filter((item) => item.pk?.S?.startsWith('OUTBOX#')).map((item) => [item.pk?.S, item]));
  };
  const before = await facts();
  await run();
  return [...(await facts())]
    .filter(([key]) => !before.has(key))
    .map(([, item]) => {
      const { id: _, at: __, ...detail } = JSON.parse(item.detail?.S ?? '{}') as Record<string, unknown>;
      return { type: item.type?.S, ...detail };
    })
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ type, cause, subject = '' }: Record<string, unknown>) => `${type} ${cause} ${subject}`;

const logEvent = (uuid: string, eventType: string, target: object[], result = 'SUCCESS') => ({
  uuid,
  published: '2026-11-22T09:00:00Z',
  eventType,
  outcome: { result },
  target,
});
const user = (id: string) => ({ id, type: 'User' });
const delivery = (...events: object[]) => ({ eventType: 'com.okta.event_hook', data: { events } });
const byOkta = { authorization: 'okta-secret' };

describe('Okta’s event hook', () => {
  it('answers the one-time verification', async () => {
    const answer = await post('okta', '', { 'x-okta-verification-challenge': '0a1b2c' }, 'GET');
    expect(answer).toMatchObject({ status: 200, body: '{"verification":"0a1b2c"}' });
  });

  it.each([
    ['no secret', {}],
    ['another', { authorization: 'okta-secretX' }],
    ['another hook’s', { authorization: 'Bearer authentik-secret' }],
  ])('refuses who has %s', async (_, headers) => {
    const facts = await told(async () =>
      expect((await post('okta', delivery(logEvent('u0', 'user.lifecycle.deactivate', [user('00u1')])), headers)).status).toBe(401),
    );
    expect(facts).toEqual([]);
  });

  it('writes down each victim of a batch once, however often it comes, and passes over the rest', async () => {
    const batch = delivery(
      logEvent('u1', 'user.lifecycle.deactivate', [user('00u1'), { id: '0oa1', type: 'AppInstance' }]),
      logEvent('u2', 'group.lifecycle.delete', [{ id: '00g1', type: 'UserGroup', displayName: 'old crew' }]),
      logEvent('u3', 'user.session.start', [user('00u3')]),
      logEvent('u4', 'user.lifecycle.suspend', [user('00u4')], 'FAILURE'),
      { nonsense: true },
    );
    const facts = await told(async () => {
      for (const _ of ['first', 'again']) expect((await post('okta', batch, byOkta)).status).toBe(204);
    });
    expect(facts).toEqual([
      { type: 'identity-hinted', issuer: okta, subject: '00u1', leaving: true, source: 'okta', cause: 'u1' },
      { type: 'identity-hinted', issuer: okta, group: '00g1', group_name: 'old crew', leaving: false, source: 'okta', cause: 'u2' },
    ]);
  });
});

const note = (more: object) => ({ subscriptionId: 'sub-1', clientState: 'entra-secret', changeType: 'updated', tenantId: tenant, ...more });
const object = (kind: string, id: string, more: object = {}) => ({
  resource: `${kind}/${id}`,
  resourceData: { id, sequenceNumber: 7, ...more },
});

describe('Entra’s change notifications', () => {
  it('gives the validation token back as plain text, and as nothing else', async () => {
    const answer = await post(`entra?validationToken=${encodeURIComponent('Validation: <b>x</b>')}`, '');
    expect(answer).toMatchObject({ status: 200, body: 'Validation: <b>x</b>' });
    expect((await post(`entra?validationToken=${'x'.repeat(3000)}`, '')).status).toBe(400);
  });

  it('refuses a forged client state, and among genuine ones writes nothing of the forged', async () => {
    const forgery = note({ clientState: 'guess', ...object('Users', 'victim') });
    expect(await told(async () => expect((await post('entra', { value: [forgery] })).status).toBe(401))).toEqual([]);
    const facts = await told(() => post('entra', { value: [forgery, note({ id: 'n1', ...object('Users', 'oid-1') })] }));
    expect(facts.map(({ subject }) => subject)).toEqual([`${tenant}/oid-1`]);
  });

  it('of a deleted user hints at a leaver, of a group at its people, and of the rest at nobody', async () => {
    const value = [
      note({ id: 'n2', changeType: 'deleted', ...object('Users', 'oid-2') }),
      note({ id: 'n3', ...object('Groups', 'gid-3', { 'members@delta': [{ id: 'oid-3', '@removed': 'deleted' }] }) }),
      { subscriptionId: 'sub-1', clientState: 'entra-secret', lifecycleEvent: 'reauthorizationRequired', tenantId: tenant },
      note({ id: 'n4', tenantId: 'another', ...object('Users', 'oid-4') }),
      note({ id: 'n5', resource: 'me/messages/1' }),
    ];
    const facts = await told(async () => expect((await post('entra', { value })).status).toBe(202));
    expect(facts.map(({ subject, group, leaving }) => ({ subject, group, leaving }))).toEqual([
      { subject: `${tenant}/oid-2`, group: undefined, leaving: true },
      { subject: undefined, group: 'gid-3', leaving: false },
      { subject: `${tenant}/oid-3`, group: undefined, leaving: false },
    ]);
  });
});

describe('Authentik’s webhook', () => {
  const mapped = {
    event_id: 'e1',
    action: 'model_updated',
    model: { app: 'authentik_core', model_name: 'user', pk: 42, name: 'john', uid: 'uid-42' },
  };
  const byAuthentik = { authorization: 'Bearer authentik-secret' };

  it('with our mapping names whom it is about', async () => {
    const facts = await told(async () => expect((await post('authentik', mapped, byAuthentik)).status).toBe(202));
    expect(facts).toMatchObject([{ subject: 'uid-42', source: 'authentik', cause: 'e1', leaving: false }]);
  });

  it('without it is about nobody, and refused without the secret', async () => {
    const usual = { body: 'user_write: {}', severity: 'notice', user_email: 'oncall@example.com', event_user_email: 'admin@example.com' };
    expect(await told(async () => expect((await post('authentik', usual, byAuthentik)).status).toBe(202))).toEqual([]);
    expect((await post('authentik', mapped)).status).toBe(401);
  });
});

function jwt(
  claims: object,
  typ: string | undefined,
  { key = genuine.privateKey, alg = 'RS256', kid = 'k1' }: { key?: KeyObject; alg?: string; kid?: string } = {},
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg, kid, typ })}.${part(claims)}`;
  const signature = alg === 'none' ? Buffer.from('x') : sign('sha256', Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}
const seconds = () => Math.floor(aws.clock.now() / 1000);

describe('a security event token', () => {
  const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
  const risc = 'https://schemas.openid.net/secevent/risc/event-type/';
  const about = { format: 'iss_sub', iss: okta, sub: alice.subject };
  const set = (jti: string, type: string, event: object = { subject: about }, more: object = {}) => ({
    iss: okta,
    aud: 'https://gatehouse.example.com/hooks/ssf',
    iat: seconds(),
    jti,
    events: { [type]: event },
    ...more,
  });
  const push = (token: string) => post('ssf', token, { 'content-type': 'application/secevent+jwt' });

  it('that a session was revoked signs out once, however often it comes', async () => {
    const token = jwt(set('s1', `${caep}session-revoked`, { subject: about, event_timestamp: 1615304991643 }), 'secevent+jwt');
    const facts = await told(async () => {
      for (const _ of ['first', 'again']) expect((await push(token)).status).toBe(202);
    });
    expect(facts).toMatchObject([
      { type: 'identity-hinted', subject: alice.subject, leaving: false, cause: 's1' },
      { type: 'sign-out-asked', person: alice.id, cause: 's1' },
    ]);
  });

  it.each([
    [
      'credential-change of a password revoked signs out',
      `${caep}credential-change`,
      { subject: about, change_type: 'revoke' },
      ['identity-hinted', 'sign-out-asked'],
    ],
    [
      'credential-change of a factor added does not',
      `${caep}credential-change`,
      { subject: about, change_type: 'create' },
      ['identity-hinted'],
    ],
    [
      'account-disabled is a leaver',
      `${risc}account-disabled`,
      { subject: { subject_type: 'iss-sub', iss: okta, sub: alice.subject } },
      ['identity-hinted', 'sign-out-asked'],
    ],
    [
      'an e-mail subject means who carries it',
      `${caep}session-revoked`,
      { subject: { format: 'email', email: 'ALICE@example.com' } },
      ['identity-hinted', 'sign-out-asked'],
    ],
    [
      'a complex subject means its user',
      `${caep}session-revoked`,
      { subject: { format: 'complex', user: about } },
      ['identity-hinted', 'sign-out-asked'],
    ],
    ['an event of another kind does nothing', 'https://schemas.openid.net/secevent/ssf/event-type/verification', { state: 'x' }, []],
    [
      'an event about another issuer’s people does nothing',
      `${caep}session-revoked`,
      { subject: { ...about, iss: 'https://evil.example.com' } },
      [],
    ],
  ])('%s', async (name, type, event, types) => {
    const facts = await told(async () => expect((await push(jwt(set(name, type, event), 'secevent+jwt'))).status).toBe(202));
    expect(facts.map((fact) => fact.type)).toEqual(types);
  });

  it.each([
    ['signed by another key', () => jwt(set('f1', `${caep}session-revoked`), 'secevent+jwt', { key: forged.privateKey }), 'invalid_key'],
    ['of an unknown key', () => jwt(set('f2', `${caep}session-revoked`), 'secevent+jwt', { kid: 'k9' }), 'invalid_key'],
    ['not signed', () => jwt(set('f3', `${caep}session-revoked`), 'secevent+jwt', { alg: 'none' }), 'invalid_request'],
    ['of another type', () => jwt(set('f4', `${caep}session-revoked`), 'JWT'), 'invalid_request'],
    [
      'of another issuer',
      () => jwt(set('f5', `${caep}session-revoked`, {}, { iss: 'https://evil.example.com' }), 'secevent+jwt'),
      'invalid_issuer',
    ],
    [
      'for another receiver',
      () => jwt(set('f6', `${caep}session-revoked`, {}, { aud: 'https://other.example.com' }), 'secevent+jwt'),
      'invalid_audience',
    ],
    [
      'from weeks ago',
      () => jwt(set('f7', `${caep}session-revoked`, { subject: about }, { iat: seconds() - 15 * 86_400 }), 'secevent+jwt'),
      'invalid_request',
    ],
    ['without events', () => jwt({ ...set('f8', 'x'), events: {} }, 'secevent+jwt'), 'invalid_request'],
    ['that is none', () => 'not.a.jwt', 'invalid_request'],
  ])('%s is refused in RFC 8935’s words', async (_, token, err) => {
    const facts = await told(async () => {
      const answer = await push(token());
      expect([answer.status, JSON.parse(answer.body).err]).toEqual([400, err]);
    });
    expect(facts).toEqual([]);
  });
});

describe('global token revocation', () => {
  const claims = (jti: string, more: object = {}) => ({
    iss: okta,
    sub: '0oaapp',
    aud: 'https://gatehouse.example.com/hooks/global-token-revocation',
    jti,
    iat: seconds(),
    nbf: seconds() - 10,
    exp: seconds() + 300,
    ...more,
  });
  const type = 'global-token-revocation+jwt';
  const revoke = (token: string, body: unknown = { sub_id: { format: 'iss_sub', iss: okta, sub: alice.subject } }) =>
    post('global-token-revocation', body, { authorization: `Bearer ${token}`, 'content-type': 'application/json' });

  it('ends the sessions of whom it names, by subject or by address, and a token is used once', async () => {
    const token = jwt(claims('g1'), type);
    const facts = await told(async () => {
      expect((await revoke(token)).status).toBe(204);
      expect((await revoke(token)).status).toBe(401);
      expect((await revoke(jwt(claims('g2'), type), { sub_id: { format: 'email', email: alice.email } })).status).toBe(204);
    });
    expect(facts.filter((fact) => fact.type === 'sign-out-asked').map(({ cause }) => cause)).toEqual(['g1', 'g2']);
  });

  it.each([
    ['expired', () => jwt(claims('x1', { exp: seconds() - 400 }), type), undefined, 401],
    ['not valid yet', () => jwt(claims('x2', { nbf: seconds() + 400 }), type), undefined, 401],
    ['valid for ever', () => jwt(claims('x3', { exp: undefined }), type), undefined, 401],
    ['of another type', () => jwt(claims('x4'), 'secevent+jwt'), undefined, 401],
    ['signed by another key', () => jwt(claims('x5'), type, { key: forged.privateKey }), undefined, 401],
    ['about nobody', () => jwt(claims('x6'), type), { sub_id: { format: 'phone' } }, 400],
    [
      'about another issuer’s people',
      () => jwt(claims('x7'), type),
      { sub_id: { format: 'iss_sub', iss: 'https://evil.example.com', sub: 'x' } },
      403,
    ],
    ['about somebody unknown', () => jwt(claims('x8'), type), { sub_id: { format: 'email', email: 'nobody@example.com' } }, 404],
  ])('%s is answered by its status, and nobody is signed out', async (_, token, body, status) => {
    const facts = await told(async () => expect((await revoke(token(), ...(body ? [body] : []))).status).toBe(status));
    expect(facts.filter((fact) => fact.type === 'sign-out-asked')).toEqual([]);
  });
});

describe('a back-channel logout token', () => {
  const event = 'http://schemas.openid.net/event/backchannel-logout';
  const claims = (jti: string, more: object = {}) => ({
    iss: okta,
    sub: alice.subject,
    aud: '0oagatehouse',
    iat: seconds(),
    exp: seconds() + 120,
    jti,
    events: { [event]: {} },
    ...more,
  });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const push = (token: string, more = '') => post('oidc-logout', `logout_token=${encodeURIComponent(token)}${more}`, form);
  const noStore = (headers: Record<string, unknown>) => [headers['cache-control']].flat().join();

  it('ends the sessions of whom it names once, and is not to be kept', async () => {
    const token = jwt(claims('l1', { sid: 'of-the-provider' }), 'logout+jwt');
    const facts = await told(async () => {
      const answer = await push(token);
      expect([answer.status, answer.body, noStore(answer.headers)]).toEqual([200, '', 'no-store']);
      const again = await push(token);
      expect([again.status, JSON.parse(again.body).error]).toEqual([400, 'invalid_request']);
    });
    expect(facts).toMatchObject([
      { type: 'identity-hinted', issuer: okta, subject: alice.subject, leaving: false, cause: 'l1' },
      { type: 'sign-out-asked', person: alice.id, cause: 'l1' },
    ]);
  });

  it.each([
    ['names no type', () => jwt(claims('l2'), undefined)],
    ['has the type of any JWT', () => jwt(claims('l3'), 'JWT')],
    ['spells its type out', () => jwt(claims('l4'), 'application/logout+jwt')],
    ['has several audiences', () => jwt(claims('l5', { aud: ['0oaother', '0oagatehouse'] }), 'logout+jwt')],
    [
      'says more of the event',
      () => jwt(claims('l6', { events: { [event]: { why: 'x' }, 'https://example.com/other': {} } }), 'logout+jwt'),
    ],
    ['comes from a clock that is a minute off', () => jwt(claims('l7', { iat: seconds() - 240, exp: seconds() - 60 }), 'logout+jwt')],
  ])('that %s is heard', async (_, token) => {
    const facts = await told(async () => expect((await push(token())).status).toBe(200));
    expect(facts.map(({ type }) => type)).toEqual(['identity-hinted', 'sign-out-asked']);
  });

  it('about somebody who is not known here has the directory asked, and nobody signed out', async () => {
    const facts = await told(async () => expect((await push(jwt(claims('l8', { sub: '00unew' }), 'logout+jwt'))).status).toBe(200));
    expect(facts).toMatchObject([{ type: 'identity-hinted', subject: '00unew' }]);
  });

  it.each([
    ['an access token', () => jwt(claims('b1'), 'at+jwt'), 'The token cannot be read'],
    ['an ID token', () => jwt(claims('b2', { events: undefined }), 'JWT'), 'events has no member'],
    ['with a nonce', () => jwt(claims('b3', { nonce: null }), 'logout+jwt'), 'nonce'],
    ['of another event', () => jwt(claims('b4', { events: { 'https://example.com/x': {} } }), 'logout+jwt'), 'events has no member'],
    ['whose event is no object', () => jwt(claims('b5', { events: { [event]: [] } }), 'logout+jwt'), 'events has no member'],
    ['of a session alone', () => jwt(claims('b6', { sub: undefined, sid: 's' }), 'logout+jwt'), 'A sid alone'],
    ['about nobody', () => jwt(claims('b7', { sub: undefined }), 'logout+jwt'), 'sub is missing'],
    ['about a number', () => jwt(claims('b8', { sub: 7 }), 'logout+jwt'), 'sub is missing'],
    ['for another client', () => jwt(claims('b9', { aud: '0oaother' }), 'logout+jwt'), 'somebody else'],
    ['of another issuer', () => jwt(claims('b10', { iss: 'https://evil.example.com' }), 'logout+jwt'), 'This issuer'],
    ['that has expired', () => jwt(claims('b11', { iat: seconds() - 300, exp: seconds() - 121 }), 'logout+jwt'), 'expired'],
    ['from the future', () => jwt(claims('b12', { iat: seconds() + 180, exp: seconds() + 240 }), 'logout+jwt'), 'not from now'],
    ['that lives for a day', () => jwt(claims('b13', { exp: seconds() + 86_400 }), 'logout+jwt'), '600 seconds'],
    ['that lives for ever', () => jwt(claims('b14', { exp: undefined }), 'logout+jwt'), 'required'],
    ['that was never issued', () => jwt(claims('b15', { iat: undefined }), 'logout+jwt'), 'required'],
    ['without an id', () => jwt(claims('b16', { jti: undefined }), 'logout+jwt'), 'The token cannot be read'],
    ['not signed', () => jwt(claims('b17'), 'logout+jwt', { alg: 'none' }), 'The token cannot be read'],
    ['signed by another key', () => jwt(claims('b18'), 'logout+jwt', { key: forged.privateKey }), 'signature'],
    ['of an unknown key', () => jwt(claims('b19'), 'logout+jwt', { kid: 'k9' }), 'signature'],
    ['that is none', () => 'x', 'The token cannot be read'],
  ])('%s is refused in words, which are not to be kept, and nobody is signed out', async (_, token, words) => {
    const facts = await told(async () => {
      const answer = await push(token());
      const body = JSON.parse(answer.body) as { error: string; error_description: string };
      expect([answer.status, body.error, noStore(answer.headers)]).toEqual([400, 'invalid_request', 'no-store']);
      expect(body.error_description).toContain(words);
    });
    expect(facts).toEqual([]);
  });

  it.each([
    ['twice', (token: string) => push(token, `&logout_token=${token}`)],
    ['as JSON', (token: string) => post('oidc-logout', { logout_token: token }, { 'content-type': 'application/json' })],
    ['without a field', (token: string) => post('oidc-logout', token, form)],
  ])('that is sent %s is refused', async (_, send) => {
    const facts = await told(async () => expect((await send(jwt(claims('c1'), 'logout+jwt'))).status).toBe(400));
    expect(facts).toEqual([]);
  });
});
