import { Service } from '@gatehouse/core/access-profile';
import { handler as settings } from '@gatehouse/policy/settings.lambda';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Issuer as Platform, startIssuer } from '../../test/support/issuer.ts';
import { handler as revocation } from './revoke.lambda.ts';
import { call, type Scene, startScene } from './scene.fixture.ts';
import { cut } from './sessions.lambda.ts';
import { handler as token } from './token.lambda.ts';
import { issuerOfService, matchService } from './workload.ts';

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idToken = 'urn:ietf:params:oauth:token-type:id_token';
const build = { repository: 'acme/app', ref: 'refs/heads/main', environment: 'production' };
const subject = 'repo:acme/app:environment:production';

let scene: Scene;
let platform: Platform;
let serial = 0;

beforeAll(async () => {
  scene = await startScene();
  platform = await startIssuer();
  const rule = (name: string, email: string, more: object = {}) => ({
    name,
    issuer: platform.url,
    audiences: ['gatehouse'],
    match: { sub: { prefix: 'repo:acme/app:' }, repository: { equals: 'acme/app' }, environment: { equals: 'production' } },
    owner: scene.person(email),
    scopes: ['policy', 'otlp'],
    ...more,
  });
  const config = JSON.parse(process.env.CONFIG ?? '');
  const services = [
    rule('deploy', 'alice@example.com'),
    rule('short', 'alice@example.com', { max_seconds: 60, scopes: ['policy'] }),
    rule('orphaned', 'dave@example.com'),
    rule('never-here', 'ivan@example.com'),
    rule('root', 'carol@example.com'),
  ];
  Object.assign(process.env, { CONFIG: JSON.stringify({ ...config, services }) });
  await signIn('alice@example.com');
  // Each entry reads its variables once, at its first call: this process plays several functions.
  Object.assign(process.env, { CONFIG: JSON.stringify({ public_url: process.env.PUBLIC_URL }) });
});
afterAll(async () => {
  platform.close();
  await scene.close();
});

async function signIn(email: string): Promise<void> {
  expect((await call(token, 'POST /auth/verify', { json: { token: await scene.idToken(email) } })).status).toBe(200);
}
const job = (claims: object = {}, sub = subject) =>
  platform.sign(sub, { jti: `job-${++serial}`, ...build, ...claims }, scene.aws.clock.now());
const ask = async (rule: string, more: Record<string, string> = {}, text?: string) =>
  call(token, 'POST /oauth/token', {
    form: { grant_type: exchange, subject_token: text ?? (await job()), subject_token_type: idToken, rule, ...more },
  });
const claimsOf = (text: string) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString());
const read = async (text: string) => (await call(settings, 'GET /managed/settings', { token: text })).status;

describe('a build that names its rule', () => {
  it('gets a short token of its owner that says what acts, and no refresh token', async () => {
    const told = await ask('deploy');
    expect([told.status, told.json.expires_in, told.json.scope, told.json.refresh_token]).toEqual([200, 900, 'policy otlp', undefined]);
    expect(claimsOf(told.json.access_token)).toMatchObject({
      sub: scene.person('alice@example.com'),
      client_id: 'deploy',
      act: { sub: `${platform.url}#${subject}` },
    });
    expect(await read(told.json.access_token)).toBe(200);
    const sessions = (await scene.rows('SESSION#')).filter(({ client }) => client === 'service');
    expect(sessions).toMatchObject([{ person: scene.person('alice@example.com'), actor: `${platform.url}#${subject}` }]);
  });

  it('gets what its rule grants and no more', async () => {
    const narrow = await ask('deploy', { scope: 'otlp' });
    expect(narrow.json.scope).toBe('otlp');
    expect(await read(narrow.json.access_token)).toBe(403);
    const wide = await ask('deploy', { scope: 'otlp inference' });
    expect([wide.status, wide.json.error]).toEqual([400, 'invalid_scope']);
    const short = await ask('short');
    expect(short.json.expires_in).toBe(60);
    scene.aws.clock.advance(61);
    expect(await read(short.json.access_token)).toBe(401);
  });

  it('uses each of its platform’s tokens once', async () => {
    const text = await job();
    expect((await ask('deploy', {}, text)).status).toBe(200);
    expect((await ask('deploy', {}, text)).json.error).toBe('invalid_request');
  });

  it('ends its session by revoking its token', async () => {
    const { access_token } = (await ask('deploy')).json;
    expect((await call(revocation, 'POST /oauth/revoke', { form: { token: access_token } })).status).toBe(200);
    expect(await read(access_token)).toBe(401);
  });

  it.each([
    ['no rule of that name', 'unknown', {}, {}, 'unknown_service'],
    ['another repository', 'deploy', { repository: 'acme/other' }, {}, 'not_that_service'],
    ['a claim missing', 'deploy', { environment: undefined }, {}, 'not_that_service'],
    ['a claim that is a list', 'deploy', { environment: ['production'] }, {}, 'not_that_service'],
    ['another audience', 'deploy', { aud: 'sts.amazonaws.com' }, {}, 'wrong_audience'],
    ['too old a token', 'deploy', { exp: 1_000 }, {}, 'expired'],
  ])('is refused for %s, vaguely', async (_, rule, claims, more, reason) => {
    const told = await ask(rule, more, await job(claims));
    expect([told.status, told.json.error]).toEqual([400, 'invalid_request']);
    expect(told.text).not.toContain(reason);
  });

  it('is refused when its subject only begins like the repository', async () => {
    expect((await ask('deploy', {}, await job({}, 'repo:acme/app-evil:environment:production'))).status).toBe(400);
  });

  it.each([
    ['an actor token beside it', { actor_token: 'x', actor_token_type: idToken }, 'invalid_request'],
    ['another resource', { resource: 'https://elsewhere.example.com' }, 'invalid_target'],
  ])('is refused with %s', async (_, more, error) => {
    const told = await ask('deploy', more);
    expect([told.status, told.json.error]).toEqual([400, error]);
  });

  it('is nobody without its rule, and a person is no build', async () => {
    const form = { grant_type: exchange, subject_token: await job(), subject_token_type: idToken };
    expect((await call(token, 'POST /oauth/token', { form })).json.error).toBe('invalid_request');
    expect((await ask('deploy', {}, await scene.idToken('alice@example.com'))).json.error).toBe('invalid_request');
  });
});

describe('a build’s owner', () => {
  it('who has never signed in, or administers, cannot own one', async () => {
    expect((await ask('never-here')).json.error).toBe('access_denied');
    expect(await scene.rows(`GATE#${scene.person('ivan@example.com')}`)).toEqual([]);
    await signIn('carol@example.com');
    expect((await ask('root')).json.error).toBe('access_denied');
    const reasons = (await scene.rows('OUTBOX#'))
      .filter(({ type }) => type === 'sign-in-refused')
      .map(({ detail }) => JSON.parse(String(detail)).reason);
    expect(reasons).toEqual(expect.arrayContaining(['gate_shut', 'owner_administers']));
  });

  it.each([
    ['has left', { status: 'left' }],
    ['is in no group that the policy names', { groups: [] }],
  ])('who %s takes the build’s next token along', async (_, change) => {
    await signIn('dave@example.com');
    expect((await ask('orphaned')).status).toBe(200);
    await scene.setPerson('dave@example.com', change);
    expect((await ask('orphaned')).json.error).toBe('access_denied');
    await scene.setPerson('dave@example.com', {});
  });

  it('who is shut out takes the build’s living token along at once, and no build opens the gate again', async () => {
    const { access_token } = (await ask('orphaned')).json;
    const order = {
      case_id: 'cas_01h00000000000000000000000',
      person: scene.person('dave@example.com'),
      generation: 1,
      dry_run: false,
      reason: 'left',
    };
    await cut(order as never, { awsRequestId: 'test' } as Context);
    expect(await read(access_token)).toBe(401);
    await scene.setPerson('dave@example.com', { generation: 2 });
    expect((await ask('orphaned')).json.error).toBe('access_denied');
    expect((await scene.rows(`GATE#${scene.person('dave@example.com')}`))[0]).toMatchObject({ state: 'shut' });
  });
});

describe('a rule', () => {
  const rule = {
    name: 'deploy',
    issuer: 'https://gitlab.com',
    audiences: ['gatehouse'],
    match: { project_path: { equals: 'acme/app' }, ref: { prefix: 'release/' } },
    owner: 'per_01h00000000000000000000000',
    scopes: ['otlp'],
  };
  it.each([
    ['no claim', { match: {} }],
    ['a prefix that ends in mid-name', { match: { sub: { prefix: 'repo:acme' } } }],
    ['an empty value', { match: { sub: { equals: '' } } }],
    ['both demands at once', { match: { sub: { equals: 'a', prefix: 'a/' } } }],
    ['an owner by e-mail', { owner: 'alice@example.com' }],
    ['no scope', { scopes: [] }],
    ['a scope that is none', { scopes: ['admin'] }],
    ['a day', { max_seconds: 86_400 }],
    ['a name with a blank', { name: 'a b' }],
    ['HS256', { algorithms: ['HS256'] }],
  ])('is no rule with %s', (_, change) => {
    expect(Service.safeParse({ ...rule, ...change }).success).toBe(false);
  });

  it('holds when every claim is as demanded', () => {
    const service = Service.parse(rule);
    const told = { sub: 's', project_path: 'acme/app', ref: 'release/1' };
    expect(matchService(service, told)).toEqual({ ok: true, value: 'https://gitlab.com#s' });
    expect(matchService(service, { ...told, ref: 'release' })).toMatchObject({ refusal: { claim: 'ref' } });
    expect(matchService(service, Object.create(told))).toMatchObject({ refusal: { claim: 'project_path' } });
    expect(issuerOfService(service)).toMatchObject({ issuer: 'https://gitlab.com', audiences: ['gatehouse'], subject: 'sub' });
  });
});
