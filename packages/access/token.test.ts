import { put } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as metadata } from './metadata.lambda.ts';
import { handler as revocation } from './revoke.lambda.ts';
import { rateKey } from './rows.ts';
import { call, origin, type Scene, startScene } from './scene.fixture.ts';
import { handler } from './token.lambda.ts';

const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

const exchangeForm = (token: string) => ({ grant_type: exchangeType, subject_token: token, subject_token_type: idTokenType });
const post = (form: Record<string, string> | [string, string][]) => call(handler, 'POST /oauth/token', { form });
const signIn = async (email = 'alice@example.com') => (await post(exchangeForm(await scene.idToken(email)))).json;
const refresh = (token: string) => post({ grant_type: 'refresh_token', refresh_token: token });

describe('a resource that is not this origin', () => {
  it.each([
    ['exchange', { grant_type: exchangeType }],
    ['refresh', { grant_type: 'refresh_token' }],
    ['device', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }],
  ])('is an invalid target of every grant: %s', async (_, form) => {
    const told = await post({ ...form, resource: 'https://elsewhere.example.com' });
    expect([told.status, told.json.error]).toEqual([400, 'invalid_target']);
  });

  it('costs a refresh nothing: the right one still works', async () => {
    const { refresh_token } = await signIn();
    const form = { grant_type: 'refresh_token', refresh_token };
    expect((await post({ ...form, resource: `${origin}#part` })).status).toBe(400);
    expect((await post({ ...form, resource: origin })).status).toBe(200);
  });
});

describe('token exchange', () => {
  it('gives an admitted person an access token, a refresh token, and no cache a copy', async () => {
    const told = await post(exchangeForm(await scene.idToken('alice@example.com')));
    expect(told.status).toBe(200);
    expect(told.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(told.json).toMatchObject({
      token_type: 'Bearer',
      expires_in: 10_800,
      scope: 'policy otlp inference usage',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const claims = JSON.parse(Buffer.from(told.json.access_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ iss: origin, aud: origin, sub: scene.person('alice@example.com'), epoch: 1 });
    expect(claims.groups).toBeUndefined();
  });

  it('answers the aliases with exactly four members', async () => {
    const first = await call(handler, 'POST /auth/verify', { json: { token: await scene.idToken('alice@example.com') } });
    expect(Object.keys(first.json).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
    const second = await call(handler, 'POST /auth/refresh', { json: { refresh_token: first.json.refresh_token } });
    expect(second.status).toBe(200);
    expect(Object.keys(second.json).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
    expect(second.json.refresh_token).not.toBe(first.json.refresh_token);
  });

  it('takes a subject token once, even ten times at the same moment', async () => {
    const form = exchangeForm(await scene.idToken('alice@example.com'));
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => post(form)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(9);
  });

  it('refuses a person without a policy vaguely, and tells the exact reason in a fact', async () => {
    const outsider = 'bob@example.com';
    await scene.setPerson(outsider, { groups: [] });
    const told = await post(exchangeForm(await scene.idToken(outsider)));
    expect([told.status, told.json.error]).toEqual([400, 'access_denied']);
    const facts = await scene.rows('OUTBOX#');
    expect(facts.some(({ detail }) => String(detail).includes('not_entitled'))).toBe(true);
    expect(await scene.rows(`GATE#${scene.person(outsider)}`)).toEqual([]);
    await scene.setPerson(outsider, {});
  });

  it.each(['suspended', 'left'])('refuses somebody who is %s', async (status) => {
    await scene.setPerson('bob@example.com', { status });
    const told = await post(exchangeForm(await scene.idToken('bob@example.com')));
    expect([told.status, told.json.error]).toEqual([400, 'access_denied']);
    await scene.setPerson('bob@example.com', {});
  });

  it.each([
    ['expired', { expiresInSeconds: -3600 }],
    ['for somebody else', { audience: 'elsewhere' }],
    ['of another issuer', { claims: { iss: 'https://evil.example.com' } }],
    ['of our issuer with a slash', { claims: { iss: 'SLASH' } }],
    ['issued an hour ahead', { claims: { iat: Math.floor(Date.now() / 1000) + 3600 } }],
    ['of ten years', { expiresInSeconds: 10 * 365 * 86_400 }],
    ['without an issue time', { claims: { iat: null } }],
    ['without a subject', { claims: { sub: null } }],
    ['of an application', { claims: { idtyp: 'app' } }],
    ['of client credentials', { claims: { cid: 'x' } }],
  ])('refuses a subject token %s as invalid_request', async (_, wish) => {
    if ((wish as { claims?: { iss?: string } }).claims?.iss === 'SLASH') Object.assign(wish, { claims: { iss: `${scene.idp.issuer}/` } });
    const told = await post(exchangeForm(await scene.idToken('alice@example.com', wish)));
    expect([told.status, told.json.error]).toEqual([400, 'invalid_request']);
  });

  it('accepts an audience list and a token that expired half a minute ago', async () => {
    const list = await scene.idToken('alice@example.com', { claims: { aud: ['other', 'gatehouse'] } });
    expect((await post(exchangeForm(list))).status).toBe(200);
    const late = await scene.idToken('alice@example.com', { claims: { exp: Math.floor(Date.now() / 1000) - 30 } });
    expect((await post(exchangeForm(late))).status).toBe(200);
  });

  it('narrows the scope when asked, and never widens it', async () => {
    const narrow = await post({ ...exchangeForm(await scene.idToken('alice@example.com')), scope: 'policy' });
    expect(narrow.json.scope).toBe('policy');
    const wide = await post({ grant_type: 'refresh_token', refresh_token: narrow.json.refresh_token, scope: 'policy otlp' });
    expect([wide.status, wide.json.error]).toEqual([400, 'invalid_scope']);
    const again = await refresh(narrow.json.refresh_token);
    expect(again.json.scope).toBe('policy');
  });

  it('puts the acting agent into act, and keeps it through refreshes', async () => {
    const actor = { actor_token: await scene.idToken('carol@example.com'), actor_token_type: idTokenType };
    const told = await post({ ...exchangeForm(await scene.idToken('alice@example.com')), ...actor });
    const next = await refresh(told.json.refresh_token);
    for (const { access_token } of [told.json, next.json]) {
      const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString());
      expect(claims.act.sub).toContain(`${scene.idp.issuer}#`);
      expect(claims.sub).toBe(scene.person('alice@example.com'));
    }
  });
});

describe('the token endpoint', () => {
  it.each([
    ['no grant type', [['a', 'b']], 'invalid_request'],
    ['an unknown grant type', [['grant_type', 'password']], 'unsupported_grant_type'],
    ['the authorization code grant', [['grant_type', 'authorization_code']], 'unsupported_grant_type'],
    [
      'a parameter twice',
      [
        ['grant_type', 'refresh_token'],
        ['grant_type', 'refresh_token'],
      ],
      'invalid_request',
    ],
    [
      'a client_id of a kilobyte',
      [
        ['grant_type', 'refresh_token'],
        ['refresh_token', 'x'],
        ['client_id', 'c'.repeat(1_024)],
      ],
      'invalid_request',
    ],
    ['a refresh without a token', [['grant_type', 'refresh_token']], 'invalid_request'],
    ['a poll without a code', [['grant_type', 'urn:ietf:params:oauth:grant-type:device_code']], 'invalid_request'],
    [
      'a poll with an unknown code',
      [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:device_code'],
        ['device_code', 'x'],
      ],
      'expired_token',
    ],
    [
      'an exchange without a token',
      [
        ['grant_type', exchangeType],
        ['subject_token_type', idTokenType],
      ],
      'invalid_request',
    ],
    [
      'an exchange without a type',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
      ],
      'invalid_request',
    ],
    [
      'a type of no use',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', 'urn:ietf:params:oauth:token-type:saml2'],
      ],
      'invalid_request',
    ],
    [
      'an actor type without its token',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', idTokenType],
        ['actor_token_type', idTokenType],
      ],
      'invalid_request',
    ],
    [
      'another resource',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', idTokenType],
        ['resource', 'https://elsewhere.example.com'],
      ],
      'invalid_target',
    ],
    [
      'a resource with a fragment',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', idTokenType],
        ['resource', `${origin}#x`],
      ],
      'invalid_target',
    ],
    [
      'an unknown scope',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', idTokenType],
        ['scope', 'admin'],
      ],
      'invalid_scope',
    ],
    [
      'a token of no shape',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a.b.c'],
        ['subject_token_type', idTokenType],
      ],
      'invalid_request',
    ],
    [
      'a megabyte of token',
      [
        ['grant_type', exchangeType],
        ['subject_token', 'a'.repeat(1_000_000)],
        ['subject_token_type', idTokenType],
      ],
      'invalid_request',
    ],
  ] as [string, [string, string][], string][])('answers %s with RFC words', async (_, form, error) => {
    const told = await post(form);
    expect([told.status, told.json.error]).toEqual([400, error]);
    expect(told.headers['cache-control']).toBe('no-store');
  });

  it('refuses JSON where a form belongs, and garbage where JSON belongs', async () => {
    const wrong = await call(handler, 'POST /oauth/token', { json: { grant_type: 'refresh_token' } });
    expect([wrong.status, wrong.json.error]).toEqual([400, 'invalid_request']);
    for (const sent of [{ body: '{' }, { json: {} }, { json: { token: 7 } }, { json: [] }]) {
      const told = await call(handler, 'POST /auth/verify', sent);
      expect([told.status, told.json.error]).toEqual([400, 'invalid_request']);
    }
  });
});

describe('a flood of bad tokens', () => {
  it('stops its own address until the minute ends, and nobody else', async () => {
    const from = (sourceIp: string) => call(handler, 'POST /auth/verify', { json: { token: 'a.b.c' }, sourceIp });
    scene.aws.clock.advance(61 - ((Date.now() / 1000) % 60));
    const key = rateKey('refused', '10.66.6.6', Math.floor(Date.now() / 60_000));
    await put(scene.table, { ...key, attempts: 2_999, expires_at: 0 });
    expect((await from('10.66.6.6')).status).toBe(400);
    expect((await from('10.66.6.6')).status).toBe(400);
    expect((await from('10.66.6.6')).status).toBe(429);
    expect((await from('10.66.6.7')).status).toBe(400);
    scene.aws.clock.advance(60);
    expect((await from('10.66.6.6')).status).toBe(400);
  });
});

describe('refresh', () => {
  it('answers 401 to the stock client and 400 to one that names itself', async () => {
    const bare = await refresh('fam_01h00000000000000000000000.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    expect([bare.status, bare.json.error]).toEqual([401, 'invalid_grant']);
    const named = await post({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'agent' });
    expect([named.status, named.json.error]).toEqual([400, 'invalid_grant']);
  });

  it.each([2, 10, 100])('gives %i parallel callers one successor, in one step', async (count) => {
    const { refresh_token } = await signIn();
    const told = await Promise.all(Array.from({ length: count }, () => refresh(refresh_token)));
    expect(new Set(told.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(told.map(({ json }) => json.refresh_token)).size).toBe(1);
    const [family] = await scene.rows(`FAMILY#${refresh_token.split('.')[0]}`);
    expect(family).toMatchObject({ step: 2, state: 'live' });
  });

  it('ends family and session when a retired token comes back, and raises the fact with it', async () => {
    const first = await signIn();
    const second = (await refresh(first.refresh_token)).json;
    const third = (await refresh(second.refresh_token)).json;
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await refresh(third.refresh_token)).status).toBe(401);
    const family = first.refresh_token.split('.')[0];
    expect(await scene.rows(`FAMILY#${family}`)).toMatchObject([{ state: 'reused' }]);
    const facts = (await scene.rows('OUTBOX#')).filter(({ type }) => type === 'refresh-reused');
    expect(facts.filter(({ detail }) => String(detail).includes(family))).toHaveLength(1);
    const [{ session = '' } = {}] = (await scene.rows(`FAMILY#${family}`)) as { session?: string }[];
    expect(await scene.rows(`SESSION#${session}`)).toMatchObject([{ state: 'ended' }]);
    expect((await scene.rows('REVOCATION#')).some((row) => row.session === session)).toBe(true);
  });

  it('kills nothing for a wrong secret', async () => {
    const { refresh_token } = await signIn();
    const [family, step] = refresh_token.split('.');
    expect((await refresh(`${family}.${step}.${'A'.repeat(43)}`)).status).toBe(401);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  it('refuses another client_id than the one that signed in', async () => {
    const told = await post({ ...exchangeForm(await scene.idToken('alice@example.com')), client_id: 'agent' });
    const wrong = await post({ grant_type: 'refresh_token', refresh_token: told.json.refresh_token, client_id: 'other' });
    expect([wrong.status, wrong.json.error]).toEqual([400, 'invalid_grant']);
    const right = await post({ grant_type: 'refresh_token', refresh_token: told.json.refresh_token, client_id: 'agent' });
    expect(right.status).toBe(200);
  });

  it('refuses somebody who has left meanwhile, with the family unchanged', async () => {
    const { refresh_token } = await signIn();
    await scene.setPerson('alice@example.com', { status: 'left' });
    expect((await refresh(refresh_token)).status).toBe(401);
    await scene.setPerson('alice@example.com', {});
    expect((await refresh(refresh_token)).status).toBe(200);
  });
});

describe('revocation and introspection', () => {
  const revoke = (token: string) => call(revocation, 'POST /oauth/revoke', { form: { token } });
  const introspect = (asker: string, token: string) => call(revocation, 'POST /oauth/introspect', { token: asker, form: { token } });

  it('ends the session for either token, and answers 200 to an unknown one', async () => {
    const one = await signIn();
    const other = await signIn();
    expect((await introspect(other.access_token, one.access_token)).json).toMatchObject({ active: true, token_type: 'Bearer' });
    expect((await revoke(one.access_token)).status).toBe(200);
    expect((await introspect(other.access_token, one.access_token)).json).toEqual({ active: false });
    expect((await refresh(one.refresh_token)).status).toBe(401);
    const third = await signIn();
    expect((await revoke(third.refresh_token)).status).toBe(200);
    expect((await introspect(other.access_token, third.access_token)).json).toEqual({ active: false });
    expect((await revoke('nonsense')).status).toBe(200);
    expect((await call(revocation, 'POST /oauth/revoke', { form: { a: 'b' } })).status).toBe(400);
  });

  it('tells a person nothing about somebody else, and an administrator what they ask', async () => {
    const alice = await signIn();
    const carol = await signIn('carol@example.com');
    expect((await introspect(alice.access_token, carol.access_token)).json).toEqual({ active: false });
    expect((await introspect(carol.access_token, alice.access_token)).json.active).toBe(true);
    expect((await call(revocation, 'POST /oauth/introspect', { form: { token: 'x' } })).status).toBe(401);
  });
});

describe('what the gateway publishes', () => {
  it('names this origin as issuer and only what is served', async () => {
    const told = await call(metadata, 'GET /.well-known/oauth-authorization-server');
    expect(told.json).toMatchObject({ issuer: origin, gateway_protocol_version: 1, token_endpoint: `${origin}/oauth/token` });
  });

  it('publishes the key that signs', async () => {
    const { access_token } = await signIn();
    const { kid } = JSON.parse(Buffer.from(access_token.split('.')[0], 'base64url').toString());
    const told = await call(handler, 'GET /.well-known/jwks.json');
    expect(told.json.keys).toMatchObject([{ kid, kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }]);
    expect(Object.keys(told.json.keys[0])).not.toContain('d');
  });

  it('answers its health without a store', async () => {
    expect((await call(metadata, 'GET /health')).json).toEqual({ status: 'ok' });
    expect((await call(metadata, 'GET /healthz')).text).toBe('ok');
    expect((await call(metadata, 'GET /readyz')).text).toBe('ready');
  });
});
