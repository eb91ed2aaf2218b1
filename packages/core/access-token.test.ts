import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessClaims, accessTokenSeconds, checkAccessToken, signingInput } from './access-token.ts';
import { derToJose, joseToDer } from './es256.ts';

const now = 1_795_338_000;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const origin = 'https://gateway.example.com';
const trust = { issuer: origin, audience: origin, keys: new Map([['kid-1', pair.publicKey]]) };
const claims: AccessClaims = {
  iss: origin,
  aud: origin,
  sub: 'per_01h00000000000000000000000',
  client_id: 'claude_code',
  iat: now - 10,
  exp: now - 10 + accessTokenSeconds,
  jti: 'jti-1',
  sid: 'ses_01h00000000000000000000000',
  epoch: 1,
  auth_time: now - 10,
  scope: 'policy otlp inference usage',
};

function signed(input: string, key: KeyObject = pair.privateKey): string {
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
function segment(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
function token(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  return signed(`${segment({ alg: 'ES256', typ: 'at+jwt', kid: 'kid-1', ...header })}.${segment({ ...claims, ...change })}`);
}
function reasonOf(text: string, at = now): string {
  const checked = checkAccessToken(text, trust, at);
  return checked.ok ? 'accepted' : checked.refusal.reason;
}

describe('our access token', () => {
  it('accepts what we sign', () => {
    const checked = checkAccessToken(signed(signingInput('kid-1', claims)), trust, now);
    expect(checked).toEqual({ ok: true, value: claims });
  });

  it.each([
    ['an audience list that has ours', { aud: ['https://elsewhere.example.com', origin] }],
    ['an actor', { act: { sub: 'agent:ci' } }],
    ['a long claim', { note: 'x'.repeat(4_000) }],
    ['an issue time 60 s ahead', { iat: now + 60, exp: now + 600 }],
  ])('accepts %s', (_, change) => {
    expect(reasonOf(token(change))).toBe('accepted');
  });

  it.each(['AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('accepts typ %s', (typ) => {
    expect(reasonOf(token({}, { typ }))).toBe('accepted');
  });

  it.each(['JWT', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'oauth-id-jag+jwt', '', 7, undefined])('refuses typ %s', (typ) => {
    expect(reasonOf(token({}, { typ }))).toBe('malformed');
  });

  it.each(['none', 'None', 'nOnE', 'HS256', 'RS256', 'ES384', 'es256', '', null, ['ES256']])('refuses alg %s', (alg) => {
    expect(reasonOf(token({}, { alg }))).toBe('malformed');
  });

  it.each(['jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip', 'crit'])('refuses a header with %s', (name) => {
    expect(reasonOf(token({}, { [name]: name === 'b64' ? false : [] }))).toBe('malformed');
  });

  it.each(['kid-2', '../../dev/null', "' OR 1=1 --", '__proto__'])('refuses kid %s as unknown', (kid) => {
    expect(reasonOf(token({}, { kid }))).toBe('unknown_key');
  });

  it.each(['iss', 'aud', 'exp', 'sub', 'client_id', 'iat', 'jti', 'sid', 'epoch', 'auth_time', 'scope'])(
    'refuses a token without %s',
    (name) => {
      expect(reasonOf(token({ [name]: undefined }))).toBe('malformed');
    },
  );

  it.each([
    ['expired on the second', { exp: now, iat: now - 60 }, 'expired'],
    ['not before a later time', { nbf: now + 1 }, 'not_yet_valid'],
    ['issued 61 s ahead', { iat: now + 61, exp: now + 600 }, 'not_yet_valid'],
    ['a life of a second too long', { exp: now - 10 + accessTokenSeconds + 1 }, 'malformed'],
    ['an exp that is text', { exp: String(now + 60) }, 'malformed'],
    ['an issuer with a trailing slash', { iss: `${origin}/` }, 'wrong_issuer'],
    ['an issuer in capitals', { iss: origin.toUpperCase() }, 'wrong_issuer'],
    ['another audience', { aud: 'https://elsewhere.example.com' }, 'wrong_audience'],
    ['an audience that ours begins', { aud: `${origin}.evil.example` }, 'wrong_audience'],
    ['an empty audience list', { aud: [] }, 'malformed'],
    ['an epoch of zero', { epoch: 0 }, 'malformed'],
    ['a subject that is no person of ours', { sub: 'alice@example.com' }, 'malformed'],
  ])('refuses %s', (_, change, reason) => {
    expect(reasonOf(token(change))).toBe(reason);
  });

  it('refuses an exp that only JSON can write as infinity', () => {
    const payload = JSON.stringify(claims).replace(`"exp":${claims.exp}`, '"exp":1e400');
    expect(reasonOf(signed(`${segment({ alg: 'ES256', typ: 'at+jwt', kid: 'kid-1' })}.${segment(payload)}`))).toBe('malformed');
  });

  it('refuses a member named twice, a byte order mark and bad UTF-8 even when signed', () => {
    const header = segment({ alg: 'ES256', typ: 'at+jwt', kid: 'kid-1' });
    const twice = JSON.stringify(claims).replace('{', '{"s\\u0075b":"per_0",');
    expect(reasonOf(signed(`${header}.${segment(twice)}`))).toBe('malformed');
    expect(reasonOf(signed(`${header}.${segment(`\uFEFF${JSON.stringify(claims)}`)}`))).toBe('malformed');
    const bytes = Buffer.from(JSON.stringify({ ...claims, note: 'é' }));
    bytes[bytes.length - 3] = 0xff;
    expect(reasonOf(signed(`${header}.${bytes.toString('base64url')}`))).toBe('malformed');
  });

  it('refuses the signature of another key, an empty one, DER, zeros and the order of the curve', () => {
    const input = signingInput('kid-1', claims);
    const der = sign('sha256', Buffer.from(input), pair.privateKey).toString('base64url');
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    expect(reasonOf(signed(input, other.privateKey))).toBe('bad_signature');
    expect(reasonOf(`${input}.`)).toBe('malformed');
    expect(['bad_signature', 'malformed']).toContain(reasonOf(`${input}.${der}`));
    expect(reasonOf(`${input}.${Buffer.alloc(64).toString('base64url')}`)).toBe('bad_signature');
    expect(reasonOf(`${input}.${Buffer.concat([order, order]).toString('base64url')}`)).toBe('bad_signature');
  });

  it('refuses every second spelling of a signature', () => {
    const good = token();
    const last = good.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const spellings = [...alphabet].filter((one) => one !== last).map((one) => good.slice(0, -1) + one);
    expect(new Set(spellings.map((one) => reasonOf(one)))).toEqual(new Set(['malformed', 'bad_signature']));
    expect(reasonOf(`${good}=`)).toBe('malformed');
    expect(reasonOf(`${good}\n`)).toBe('malformed');
    expect(reasonOf(` ${good}`)).toBe('malformed');
  });

  it('refuses by size before it parses', () => {
    expect(reasonOf('a.'.repeat(600_000))).toBe('too_large');
    expect(reasonOf(`${'a'.repeat(9_000)}.e.s`)).toBe('too_large');
  });

  it('refuses two and four parts', () => {
    const good = token();
    expect(reasonOf(good.slice(0, good.lastIndexOf('.')))).toBe('malformed');
    expect(reasonOf(`${good}.AAAA`)).toBe('malformed');
    expect(reasonOf('')).toBe('malformed');
  });

  it('never accepts a token with one character changed, and never throws', () => {
    const good = token();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(good[at] !== character);
        return reasonOf(good.slice(0, at) + character + good.slice(at + 1)) !== 'accepted';
      }),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => reasonOf(text) !== 'accepted'),
      { numRuns: 200 },
    );
  });
});

describe('ES256 encodings', () => {
  it('turns every signature of OpenSSL into 64 bytes and back', () => {
    for (let i = 0; i < 300; i++) {
      const der = sign('sha256', Buffer.from(String(i)), pair.privateKey);
      const jose = derToJose(der);
      expect(jose?.length).toBe(64);
      expect(joseToDer(jose ?? Buffer.alloc(0))).toEqual(der);
    }
  });

  it('answers the same for any r and s that are not zero', () => {
    const bytes = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(bytes, (raw) => {
        const der = joseToDer(raw);
        const zero = raw.subarray(0, 32).every((byte) => byte === 0) || raw.subarray(32).every((byte) => byte === 0);
        return zero ? der === undefined : der !== undefined && derToJose(der)?.equals(Buffer.from(raw)) === true;
      }),
    );
  });

  it.each([
    ['a trailing byte', (der: Buffer) => Buffer.concat([der, Buffer.of(0)])],
    ['a missing byte', (der: Buffer) => der.subarray(0, -1)],
    ['a long-form length', (der: Buffer) => Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)])],
    ['another tag', (der: Buffer) => Buffer.concat([Buffer.of(0x31), der.subarray(1)])],
    ['a padded integer', (der: Buffer) => Buffer.concat([Buffer.of(0x30, der.length - 1, 2, (der[3] ?? 0) + 1, 0), der.subarray(4)])],
  ])('refuses DER with %s', (_, change) => {
    // r begins with 0x01..0x7f, so that a zero before it is padding.
    const der = joseToDer(Buffer.alloc(64, 0x11)) ?? Buffer.alloc(0);
    expect(derToJose(der)).toBeDefined();
    expect(derToJose(change(der))).toBeUndefined();
  });

  it('refuses a negative, an empty and a zero integer', () => {
    expect(derToJose(Buffer.from('3006020181020101', 'hex'))).toBeUndefined();
    expect(derToJose(Buffer.from('300502000201010000', 'hex'))).toBeUndefined();
    expect(derToJose(Buffer.from('3006020100020101', 'hex'))).toBeUndefined();
  });
});
