import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Issuer } from '@gatehouse/core/access-profile';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mayAsk, readDiscovery, readKeySet } from './issuer-keys.ts';
import { createIssuers, type Issuers } from './issuers.http.ts';

const jwkOf = (kid: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
});
const [first, second] = [jwkOf('one'), jwkOf('two')];
const minute = 60_000;
let server: Server;
let issuer: Issuer;
let served: { keys: unknown[]; status: number; pad?: string };
let fetched: string[];
let issuers: Issuers;

beforeAll(async () => {
  process.env.LOG_LEVEL = 'SILENT';
  server = createServer((request, response) => {
    fetched.push(request.url ?? '');
    const origin = issuer.issuer;
    const document = { issuer: origin, jwks_uri: `${origin}/keys`, authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t` };
    const body = request.url === '/keys' ? { keys: served.keys, pad: served.pad } : document;
    response.writeHead(served.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = Issuer.parse({ issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, audiences: ['gatehouse'] });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  served = { keys: [first], status: 200 };
  fetched = [];
  issuers = createIssuers({ allow_loopback_http: true });
});

const keyAt = async (ms: number, kid = 'one') => (await issuers.keyOf(issuer, kid, ms))?.kid;
const keyFetches = () => fetched.filter((url) => url === '/keys').length;

describe('the keys of an issuer', () => {
  it('are fetched once for a hundred callers, and kept ten minutes', async () => {
    const found = await Promise.all(Array.from({ length: 100 }, () => keyAt(0)));
    expect(new Set(found)).toEqual(new Set(['one']));
    await keyAt(9 * minute);
    expect(keyFetches()).toBe(1);
    await keyAt(11 * minute);
    expect(keyFetches()).toBe(2);
  });

  it('are asked for at most once in ten seconds, however many unknown names come', async () => {
    await keyAt(0);
    for (let i = 0; i < 200; i++) expect(await keyAt(i * 49, `flood-${i}`)).toBeUndefined();
    expect(keyFetches()).toBe(1);
    served.keys = [first, second];
    expect(await keyAt(10_000, 'two')).toBe('two');
    expect(keyFetches()).toBe(2);
  });

  it('stop working within ten minutes of their removal', async () => {
    await keyAt(0);
    served.keys = [second];
    expect(await keyAt(11 * minute)).toBeUndefined();
  });

  it('stay good for a day while the issuer is down, and then no longer', async () => {
    await keyAt(0);
    served.status = 500;
    expect(await keyAt(60 * minute)).toBe('one');
    expect(await keyAt(23 * 60 * minute)).toBe('one');
    await expect(keyAt(25 * 60 * minute)).rejects.toMatchObject({ name: 'Unavailable' });
  });

  it('are unavailable, not wrong, when they were never had, and are not asked for with each call', async () => {
    served.status = 503;
    for (let i = 0; i < 50; i++) await expect(keyAt(i * 100)).rejects.toMatchObject({ name: 'Unavailable' });
    expect(fetched.length).toBe(1);
    served.status = 200;
    expect(await keyAt(10_000)).toBe('one');
  });

  it('are refused, old and new, when one changed and kept its name', async () => {
    await keyAt(0);
    served.keys = [{ ...jwkOf('other'), kid: 'one' }, second];
    expect(await keyAt(11 * minute)).toBeUndefined();
    expect(await keyAt(11 * minute, 'two')).toBe('two');
    served.keys = [first];
    expect(await keyAt(22 * minute)).toBeUndefined();
  });

  it('are refused in more than 256 KB', async () => {
    served.pad = 'x'.repeat(256 * 1024);
    await expect(keyAt(0)).rejects.toMatchObject({ name: 'Unavailable' });
  });

  it('are not asked for over plain http unless the profile allows this machine', async () => {
    issuers = createIssuers({ allow_loopback_http: false });
    await expect(keyAt(0)).rejects.toMatchObject({ name: 'Unavailable' });
    expect(fetched).toEqual([]);
  });
});

describe('a key set', () => {
  it('leaves out what may not verify', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const wrongCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
    const keys = [
      { ...first, use: 'enc' },
      { ...second, kid: undefined },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'hmac' },
      { ...small, kid: 'small' },
      { ...wrongCurve, kid: 'curve' },
      { ...jwkOf('ops'), key_ops: ['encrypt'] },
      { ...jwkOf('exponent'), e: 'Aw' },
      jwkOf('good'),
    ];
    expect([...readKeySet({ keys }, undefined).keys.keys()]).toEqual(['good']);
  });
});

describe('a discovery document', () => {
  const document = {
    issuer: 'https://idp.example.com',
    jwks_uri: 'https://idp.example.com/keys',
    authorization_endpoint: 'https://idp.example.com/authorize',
    token_endpoint: 'https://idp.example.com/token',
  };
  it('is its issuer’s own, and names https alone', () => {
    expect(readDiscovery(document, document.issuer, false)).toMatchObject(document);
    expect(() => readDiscovery(document, `${document.issuer}/`, false)).toThrow(RangeError);
    expect(() => readDiscovery({ ...document, jwks_uri: 'http://idp.example.com/keys' }, document.issuer, true)).toThrow(RangeError);
    expect(() => readDiscovery({ ...document, token_endpoint: 'file:///etc/passwd' }, document.issuer, true)).toThrow(RangeError);
  });

  it.each([
    ['https://idp.example.com/', false, true],
    ['http://127.0.0.1:9000/keys', true, true],
    ['http://127.0.0.1:9000/keys', false, false],
    ['http://127.0.0.1.evil.example/keys', true, false],
    ['http://169.254.169.254/latest', true, false],
    ['https://user:secret@idp.example.com/', true, false],
  ])('may send us to %s with loopback %s: %s', (url, loopback, allowed) => {
    expect(mayAsk(url, loopback)).toBe(allowed);
  });
});
