/** B3: the CPU that one check of an access token takes, over aws-jwt-verify with its cached key and over OpenSSL's verification alone. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { type AccessClaims, accessTokenSeconds, checkAccessToken, signingInput } from '@gatehouse/core/access-token';
import { joseToDer } from '@gatehouse/core/es256';
import { JwtVerifier } from 'aws-jwt-verify';
import { atMost, type Measure } from './figure.ts';

const tokens = 512;
const checksARound = 4_096;
const rounds = 11;
const origin = 'https://gateway.example.com';
const kid = 'bench';

export const measure: Measure = async (say) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Math.floor(Date.now() / 1000);
  const minted = Array.from({ length: tokens }, () => mint(privateKey, now));
  const trust = { issuer: origin, audience: origin, keys: new Map([[kid, publicKey]]) };
  const library = JwtVerifier.create({ issuer: origin, audience: origin, jwksUri: `${origin}/.well-known/jwks.json` });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kty: 'EC', kid, alg: 'ES256', use: 'sig' };
  library.cacheJwks({ keys: [jwk] });
  const raw = minted.map((token) => {
    const end = token.lastIndexOf('.');
    return { signed: Buffer.from(token.slice(0, end)), der: joseToDer(Buffer.from(token.slice(end + 1), 'base64url')) ?? Buffer.alloc(0) };
  });
  const checks: Record<'ours' | 'library' | 'bare', (index: number) => boolean> = {
    ours: (index) => checkAccessToken(minted[index] ?? '', trust, now).ok,
    library: (index) => library.verifySync(minted[index] ?? '').iss === origin,
    bare: (index) => verify('sha256', raw[index]?.signed ?? Buffer.alloc(0), publicKey, raw[index]?.der ?? Buffer.alloc(0)),
  };
  const overLibrary: number[] = [];
  const overBare: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [ours, library_, bare] = [cpuMicros(checks.ours), cpuMicros(checks.library), cpuMicros(checks.bare)];
    if (round === 0) continue;
    overLibrary.push(ours / library_);
    overBare.push(ours / bare);
    if (round === rounds)
      say(`${ours.toFixed(0)} us a check; aws-jwt-verify ${library_.toFixed(0)} us; OpenSSL alone ${bare.toFixed(0)} us`);
  }
  return { B3a: atMost(1.15, 'x aws-jwt-verify', overLibrary), B3b: atMost(2, 'x crypto.verify', overBare) };
};

function cpuMicros(check: (index: number) => boolean): number {
  const before = process.cpuUsage();
  for (let index = 0; index < checksARound; index++) if (!check(index % tokens)) throw new Error('A good token was refused');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / checksARound;
}

function mint(key: KeyObject, now: number): string {
  const claims: AccessClaims = {
    iss: origin,
    aud: origin,
    sub: 'per_01h00000000000000000000000',
    client_id: 'claude_code',
    iat: now,
    exp: now + accessTokenSeconds,
    jti: randomUUID(),
    sid: 'ses_01h00000000000000000000000',
    epoch: 1,
    auth_time: now,
    scope: 'policy otlp inference usage',
  };
  const input = signingInput(kid, claims);
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
