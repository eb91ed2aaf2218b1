/** Every published class of forged, confused, mistimed, oversized or malformed token is refused, by both kinds of verifier, without one connection that the token's content asked for. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { tableName } from '@gatehouse/contracts/names';
import { signingKey } from '@gatehouse/contracts/records/signing-key';
import { accessTokenSeconds } from '@gatehouse/core/access-token';
import { admit } from '@gatehouse/runtime/admit';
import { put } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { type Forgery, forgeries, honest, signed, type Target, twinOf } from './access-forgeries.fixture.ts';
import { type CountingIssuer, startCountingIssuer, startTrap, type Trap } from './access-issuer.fixture.ts';

let stack: Stack;
let issuer: CountingIssuer;
let trap: Trap;
let alice: Person;
let ours: Target;
const seconds = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  [issuer, trap] = await Promise.all([startCountingIssuer(), startTrap()]);
  stack = await startStack({ args: ['--issuer', issuer.url] });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: stack.aws,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    LOG_LEVEL: 'SILENT',
    TABLE_ACCESS: tableName('local', 'access'),
    TABLE_POLICY: tableName('local', 'policy'),
    PUBLIC_URL: stack.gateway,
  });
  ours = await ownTokens();
});
afterAll(async () => {
  await stack?.stop();
  issuer?.close();
  trap?.close();
});

/** Our own service as an issuer: beside its own key, one that the test holds is published, so that anything at all can be signed. */
async function ownTokens(): Promise<Target> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'held-by-the-test';
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  const row = { ...signingKey.example, kid, jwk, key_arn: 'arn:aws:kms:us-east-1:000000000000:key/held-by-the-test' };
  await put(tableName('local', 'access'), { ...signingKey.key(kid), ...signingKey.schema.parse(row) });
  alice = await stack.as('alice@example.com');
  const claims = JSON.parse(Buffer.from(alice.accessToken.split('.')[1] ?? '', 'base64url').toString()) as Target['header'];
  return {
    header: { alg: 'ES256', typ: 'at+jwt', kid },
    claims: () => ({ ...claims, jti: randomUUID(), iat: seconds(), exp: seconds() + 600 }),
    sign: async (input) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    publicKey,
    maxLifetimeSeconds: accessTokenSeconds,
    required: ['iss', 'aud', 'exp', 'sub', 'client_id', 'iat', 'jti', 'sid', 'epoch', 'auth_time', 'scope'],
    foreignTypes: [
      'JWT',
      'logout+jwt',
      'secevent+jwt',
      'dpop+jwt',
      'oauth-id-jag+jwt',
      'at+jwt ',
      'application/jwt',
      '',
      7,
      null,
      undefined,
      ['at+jwt'],
    ],
    trap: trap.url,
    now: seconds,
  };
}

/** The company's identity provider as an issuer. */
function subjectTokens(alg: 'RS256' | 'ES256'): Target {
  const { kid, publicKey, sign } = issuer.keys[alg];
  return {
    header: { alg, kid, typ: 'JWT' },
    claims: () => ({
      iss: issuer.url,
      aud: 'gatehouse',
      sub: 'petra',
      jti: randomUUID(),
      iat: seconds(),
      exp: seconds() + 3_600,
      email: 'petra@partner.example',
      groups: ['engineering'],
    }),
    sign,
    publicKey,
    maxLifetimeSeconds: 28 * 3_600,
    required: ['iss', 'aud', 'exp', 'sub', 'iat'],
    foreignTypes: ['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'oauth-id-jag+jwt', 'at+jwt', '', 7, null, ['JWT']],
    trap: trap.url,
    now: seconds,
  };
}

const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
function exchange(token: string): Promise<Response> {
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: token, subject_token_type: idTokenType };
  return fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
}

/** What a header can carry through fetch and API Gateway. */
const fitsHeader = ({ token }: Forgery) => /^[\x21-\x7e]{1,7000}$/.test(token);

async function each<T>(all: readonly T[], ask: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const work = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await ask(one);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

describe('our own access token', () => {
  it('is refused by admission in every forged form, with a reason', async () => {
    const forged = await forgeries(ours);
    expect(forged.length).toBeGreaterThan(200);
    for (const { name, token } of forged) {
      for (const admission of ['session:policy', 'polled:otlp', 'admin'] as const) {
        const told = await admit(admission, token, Date.now());
        expect(told, `${name} at ${admission}`).toMatchObject({ ok: false });
        if (!told.ok)
          expect(told.refusal.reason, name).toMatch(/^(too_large|malformed|unknown_key|bad_signature|wrong_\w+|expired|not_yet_valid)$/);
      }
    }
  });

  it('is refused over HTTP in every forged form that a header can carry, on both kinds of route, in the words of RFC 6750', async () => {
    await each((await forgeries(ours)).filter(fitsHeader), async ({ name, token }) => {
      const headers = { authorization: `Bearer ${token}` };
      const [settings, metrics] = await Promise.all([
        fetch(`${stack.gateway}/managed/settings`, { headers }),
        fetch(`${stack.gateway}/v1/metrics`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{}' }),
      ]);
      expect([settings.status, metrics.status], name).toEqual([401, 401]);
      expect(settings.headers.get('x-amzn-remapped-www-authenticate'), name).toMatch(/^Bearer error="invalid_token", resource_metadata=/);
      expect(await settings.text(), name).not.toContain('malformed');
    });
  });

  it('is admitted in every honest form', async () => {
    for (const { name, token } of await honest(ours)) {
      expect(await admit('session:policy', token, Date.now()), name).toMatchObject({ ok: true, value: { person: alice.id } });
      expect(await admit('polled:otlp', token, Date.now()), name).toMatchObject({ ok: true, value: { person: alice.id } });
    }
    for (const typ of ['AT+JWT', 'application/at+jwt']) {
      expect(await admit('session:policy', await signed(ours, {}, { typ }), Date.now()), typ).toMatchObject({ ok: true });
    }
  });

  it('has a twin whose signature is as good, which is the same session and dies with it', async () => {
    const dave = await stack.as('dave@example.com');
    const twin = twinOf(dave.accessToken);
    expect(twin).not.toBe(dave.accessToken);
    const [one, other] = [await admit('session:policy', dave.accessToken, Date.now()), await admit('session:policy', twin, Date.now())];
    expect(other).toEqual(one);
    expect(other).toMatchObject({ ok: true, value: { person: dave.id } });
    await fetch(`${stack.gateway}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token: twin }) });
    expect(await admit('session:policy', dave.accessToken, Date.now())).toMatchObject({ refusal: { reason: 'session_ended' } });
    expect((await dave.fetch('/managed/settings')).status).toBe(401);
  });
});

describe.each(['RS256', 'ES256'] as const)('a subject token signed with %s', (alg) => {
  it('is refused at the token endpoint in every forged form, in one and the same vague answer', async () => {
    const told = new Set<string>();
    const forged = await forgeries(subjectTokens(alg));
    await each(forged, async ({ name, token }) => {
      const answer = await exchange(token);
      const text = await answer.text();
      expect([answer.status, (JSON.parse(text) as { error: string }).error], name).toEqual([400, 'invalid_request']);
      expect(answer.headers.get('cache-control'), name).toBe('no-store');
      if (token.length > 0 && token.length < 40_000) told.add(text);
    });
    expect([...told]).toHaveLength(1);
  });

  it('is accepted in every honest form, once', async () => {
    const target = subjectTokens(alg);
    const late = await signed(target, { exp: seconds() - 30, iat: seconds() - 3_600 });
    for (const { name, token } of [...(await honest(target)), { name: 'half a minute late', token: late }]) {
      const answer = await exchange(token);
      expect([answer.status, await answer.text()], name).toEqual([200, expect.stringContaining('access_token')]);
      expect((await exchange(token)).status, `${name}, again`).toBe(400);
    }
  });
});

describe('a subject token without an id of its own', () => {
  it('is one token in both spellings of its signature', async () => {
    const token = await signed(subjectTokens('ES256'), { jti: undefined });
    expect((await exchange(token)).status).toBe(200);
    expect((await exchange(twinOf(token))).status).toBe(400);
    const other = await signed(subjectTokens('ES256'), { jti: undefined, note: 'another' });
    expect((await exchange(twinOf(other))).status).toBe(200);
    expect((await exchange(other)).status).toBe(400);
  });
});

describe('no token', () => {
  it('made the service connect to anything that it names', () => {
    expect(trap.connections()).toBe(0);
  });

  it('made the service ask its issuer for more than its keys, and for them more than once in ten seconds', () => {
    expect(new Set(issuer.asked)).toEqual(new Set(['/.well-known/openid-configuration', '/keys']));
    // Each environment of the token function keeps keys of its own; eight calls at once need eight at most.
    expect(issuer.asked.filter((path) => path === '/keys').length).toBeLessThanOrEqual(8 * (1 + (performance.now() - 0) / 10_000));
  });
});
