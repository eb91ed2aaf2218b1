import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Issuer } from '@gatehouse/core/access-profile';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IssuerJwk } from './issuer-keys.ts';
import type { Issuers } from './issuers.http.ts';
import { verifySubjectToken } from './subject-token.verify.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issuer = Issuer.parse({ issuer: 'https://idp.example.com', audiences: ['gatehouse', 'api://gatehouse'], directory: true });
const entra = Issuer.parse({
  issuer: 'https://login.microsoftonline.com/8a5f/v2.0',
  audiences: ['gatehouse'],
  algorithms: ['RS256'],
  subject: 'entra-oid',
});
const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({ iss: issuer.issuer, aud: 'gatehouse', sub: '00ualice', iat: now(), exp: now() + 3600, jti: 'id-1' });
const header = { alg: 'RS256', kid: 'rsa-1' };
let asked: string[] = [];

/** The issuer's keys, without a network: what is asked for is counted. */
const keys: Issuers = {
  discoveryOf: () => Promise.reject(new Error('no token makes us read a discovery document')),
  keyOf: async (_, kid) => {
    asked.push(kid);
    const found: Record<string, KeyObject> = { 'rsa-1': rsa.publicKey, 'ec-1': ec.publicKey };
    const jwk = Object.hasOwn(found, kid) ? found[kid]?.export({ format: 'jwk' }) : undefined;
    return jwk && ({ ...jwk, kid, use: 'sig' } as IssuerJwk);
  },
};

const segment = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
function token(change: Record<string, unknown> = {}, head: Record<string, unknown> = {}, key: KeyObject = rsa.privateKey): string {
  const input = `${segment({ ...header, ...head })}.${segment({ ...claims(), ...change })}`;
  const signature = sign('sha256', Buffer.from(input), key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key);
  return `${input}.${signature.toString('base64url')}`;
}
async function reasonOf(text: string, types: (string | undefined)[] = [undefined, 'jwt']): Promise<string> {
  const checked = await verifySubjectToken(text, { issuers: [issuer, entra], types }, keys, Date.now());
  return checked.ok ? 'accepted' : checked.refusal.reason;
}

beforeAll(() => {
  asked = [];
});

describe('a subject token', () => {
  it.each([
    ['as it comes', {}, {}],
    ['with an audience list', { aud: ['elsewhere', 'api://gatehouse'] }, {}],
    ['with typ JWT', {}, { typ: 'JWT' }],
    ['with long claims', { groups: Array.from({ length: 200 }, (_, i) => `group-${i}-of-the-company`) }, {}],
    ['a minute early', { iat: now() + 55, nbf: now() + 55 }, {}],
    ['half a minute late', { exp: now() - 30, iat: now() - 3600 }, {}],
    ['without its own id', { jti: undefined }, {}],
  ])('is accepted %s', async (_, change, head) => {
    expect(await reasonOf(token(change, head))).toBe('accepted');
  });

  it('is accepted with ES256 where the issuer uses it, and refused where not', async () => {
    expect(await reasonOf(token({}, { alg: 'ES256', kid: 'ec-1' }, ec.privateKey))).toBe('accepted');
    const other = { iss: entra.issuer, tid: '8a5f', oid: 'o-1' };
    expect(await reasonOf(token(other, { alg: 'ES256', kid: 'ec-1' }, ec.privateKey))).toBe('malformed');
    expect(await reasonOf(token(other))).toBe('accepted');
  });

  it.each([
    ['signed by a stranger', () => token({}, {}, stranger.privateKey), 'bad_signature'],
    ['with alg none', () => `${segment({ alg: 'none' })}.${segment(claims())}.AAAA`, 'malformed'],
    ['with alg none and no signature', () => `${segment({ alg: 'none' })}.${segment(claims())}.`, 'malformed'],
    ['with the public key as an HMAC secret', confused, 'malformed'],
    ['with RS256 claimed over an EC key', () => token({}, { kid: 'ec-1' }), 'bad_signature'],
    ['with ES256 claimed over an RSA key', () => token({}, { alg: 'ES256' }, ec.privateKey), 'bad_signature'],
    ['with an ES256 signature in DER', inDer, 'bad_signature'],
    [
      'with an ES256 signature of zeros',
      () => `${token({}, { alg: 'ES256', kid: 'ec-1' }, ec.privateKey).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
      'bad_signature',
    ],
    ['with an unknown kid', () => token({}, { kid: '../../../dev/null' }), 'unknown_key'],
    ['without a kid', () => token({}, { kid: undefined }), 'malformed'],
    [
      'with its key in the header',
      () => token({}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
      'malformed',
    ],
    ['with a key address', () => token({}, { jku: 'http://127.0.0.1:1/keys' }), 'malformed'],
    ['with a certificate address', () => token({}, { x5u: 'http://127.0.0.1:1/cert' }), 'malformed'],
    ['with a certificate', () => token({}, { x5c: ['MIIB'] }), 'malformed'],
    ['with crit', () => token({}, { crit: ['exp'] }), 'malformed'],
    ['with an empty crit', () => token({}, { crit: [] }), 'malformed'],
    ['with b64 false', () => token({}, { b64: false }), 'malformed'],
    ['for a logout', () => token({}, { typ: 'logout+jwt' }), 'malformed'],
    ['for an event', () => token({}, { typ: 'secevent+jwt' }), 'malformed'],
    ['of RFC 9068 where an ID token is meant', () => token({}, { typ: 'at+jwt' }), 'malformed'],
    ['of another issuer', () => token({ iss: 'https://evil.example.com' }), 'unknown_issuer'],
    ['of our issuer with a slash', () => token({ iss: `${issuer.issuer}/` }), 'unknown_issuer'],
    ['of our issuer in capitals', () => token({ iss: issuer.issuer.toUpperCase() }), 'unknown_issuer'],
    ['of a list of issuers', () => token({ iss: [issuer.issuer] }), 'malformed'],
    ['for somebody else', () => token({ aud: 'elsewhere' }), 'wrong_audience'],
    ['for nobody', () => token({ aud: undefined }), 'malformed'],
    ['for an empty list', () => token({ aud: [] }), 'malformed'],
    ['for a list with a number', () => token({ aud: ['gatehouse', 7] }), 'malformed'],
    ['expired', () => token({ exp: now() - 61 }), 'expired'],
    ['without an end', () => token({ exp: undefined }), 'malformed'],
    ['that ends as text', () => token({ exp: String(now() + 60) }), 'malformed'],
    ['that begins in two minutes', () => token({ nbf: now() + 120 }), 'not_yet_valid'],
    ['issued in an hour', () => token({ iat: now() + 3600, exp: now() + 7200 }), 'not_yet_valid'],
    ['of a month', () => token({ exp: now() + 30 * 86_400 }), 'malformed'],
    ['without an issue time', () => token({ iat: undefined }), 'malformed'],
    ['without a subject', () => token({ sub: undefined }), 'malformed'],
    ['with an empty subject', () => token({ sub: '' }), 'malformed'],
    ['with a subject that is a number', () => token({ sub: { id: 1 } }), 'malformed'],
    ['of an application (Entra ID)', () => token({ idtyp: 'app' }), 'not_a_person'],
    ['of client credentials (Okta)', () => token({ cid: '0oa1' }), 'not_a_person'],
    ['of client credentials (Auth0)', () => token({ gty: 'client-credentials' }), 'not_a_person'],
    ['of Entra ID without tenant and object', () => token({ iss: entra.issuer }), 'malformed'],
    ['with a member named twice', twice, 'malformed'],
    ['with padding', () => `${token()}=`, 'malformed'],
    ['with a line break', () => `${token()}\n`, 'malformed'],
    ['in two parts', () => token().split('.').slice(0, 2).join('.'), 'malformed'],
    ['in five parts', () => `${token()}.a.b`, 'malformed'],
    ['of a megabyte', () => `${'a'.repeat(1_000_000)}.b.c`, 'too_large'],
    ['of deep nesting', () => `${segment(header)}.${segment(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)}.AAAA`, 'malformed'],
    ['that is an array', () => `${segment(header)}.${segment('[]')}.AAAA`, 'malformed'],
    ['that is empty', () => '', 'malformed'],
  ] as [string, () => string, string][])('is refused %s', async (_, make, reason) => {
    expect(await reasonOf(make())).toBe(reason);
  });

  it('is refused when any one character of it is changed', async () => {
    const good = token();
    for (let at = 0; at < good.length; at += 7) {
      const changed = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
      expect(await reasonOf(changed)).not.toBe('accepted');
    }
  });

  it('asks for no key but one that its issuer is configured to have', () => {
    expect(asked.every((kid) => !kid.includes('http'))).toBe(true);
  });

  it('is one token whatever its signature’s bytes, and another under another issuer', async () => {
    const ecToken = () => token({ jti: undefined, iat: 1_000, exp: now() + 60 }, { alg: 'ES256', kid: 'ec-1' }, ec.privateKey);
    const late = { issuers: [{ ...issuer }], types: [undefined] };
    const seen = await Promise.all([token(), token()].map((one) => verifySubjectToken(one, late, keys, Date.now())));
    const hashes = seen.map((one) => (one.ok ? one.value.useHash : 'refused'));
    expect(hashes[0]).toBe(hashes[1]);
    expect(await reasonOf(ecToken())).toBe('malformed');
    const other = await verifySubjectToken(
      token({ iss: entra.issuer, tid: '8a5f', oid: 'o-1' }),
      { issuers: [entra], types: [undefined] },
      keys,
      Date.now(),
    );
    expect(other.ok && other.value.useHash).not.toBe(hashes[0]);
    expect(other.ok && other.value.subject).toBe('8a5f/o-1');
  });

  it('must bear the nonce of its login', async () => {
    const expected = { issuers: [issuer], types: [undefined], audience: 'gatehouse', nonce: 'n-1' };
    const right = await verifySubjectToken(token({ nonce: 'n-1' }), expected, keys, Date.now());
    const wrong = await verifySubjectToken(token({ nonce: 'n-2' }), expected, keys, Date.now());
    const none = await verifySubjectToken(token(), expected, keys, Date.now());
    expect([right.ok, wrong.ok, none.ok]).toEqual([true, false, false]);
  });
});

/** RS256 to HS256: the public key's PEM as the secret. */
function confused(): string {
  const input = `${segment({ ...header, alg: 'HS256' })}.${segment(claims())}`;
  const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' });
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

function inDer(): string {
  const input = `${segment({ alg: 'ES256', kid: 'ec-1' })}.${segment(claims())}`;
  return `${input}.${sign('sha256', Buffer.from(input), ec.privateKey).toString('base64url')}`;
}

function twice(): string {
  const input = `${segment(header)}.${segment(JSON.stringify(claims()).replace('{', '{"sub":"00uroot",'))}`;
  return `${input}.${sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`;
}
