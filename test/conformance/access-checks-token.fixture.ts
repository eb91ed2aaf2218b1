/** Checks J01 to J14: our own access token (RFC 9068, RFC 8725, RFC 6750). */
import { expect } from 'vitest';
import { type Check, claimsOf } from './access-ground.fixture.ts';

type Id = `J${'01' | '02' | '03' | '04' | '05' | '06' | '07' | '08' | '09' | '10' | '11' | '12' | '13' | '14'}`;

/** Each class of forgery, over HTTP and at admission. */
const forged = [
  ['test/conformance/access-forgeries.test.ts', 'is refused by admission in every forged form, with a reason'],
  [
    'test/conformance/access-forgeries.test.ts',
    'is refused over HTTP in every forged form that a header can carry, on both kinds of route, in the words of RFC 6750',
  ],
] as const;
const core = 'packages/core/access-token.test.ts';

export const tokenChecks: Record<Id, Check> = {
  J01: {
    says: 'typ is at+jwt; every other kind of token is refused',
    elsewhere: [...forged, [core, 'accepts typ %s'], [core, 'refuses typ %s']],
  },
  J02: {
    says: 'iss, exp, aud, sub, client_id, iat, jti, sid, epoch, auth_time and scope are there',
    cases: [
      [
        'has them all, and no groups',
        async ({ signIn }) => {
          const { access_token } = await signIn('alice@example.com', { client_id: 'agent' });
          const header = JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString()) as unknown;
          expect(header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
          const claims = claimsOf(access_token);
          expect(Object.keys(claims).sort()).toEqual(
            ['aud', 'auth_time', 'client_id', 'epoch', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub'].sort(),
          );
          expect(claims.client_id).toBe('agent');
          expect(access_token.length).toBeLessThan(1_024);
        },
      ],
    ],
    elsewhere: [[core, 'refuses a token without %s']],
  },
  J03: { says: 'the algorithm comes from configuration; none and HS* are refused', elsewhere: forged },
  J04: {
    says: 'kid is one of ours; jku, x5u, jwk and x5c are never followed',
    elsewhere: [...forged, ['test/conformance/access-forgeries.test.ts', 'made the service connect to anything that it names']],
  },
  J05: { says: 'crit and b64 are refused in every form', elsewhere: forged },
  J06: { says: 'exp is there, finite and ahead; nbf and iat are not; three hours at most', elsewhere: forged },
  J07: {
    says: 'canonical base64url, three parts, a size cap before parsing',
    elsewhere: [...forged, [core, 'refuses every second spelling of a signature']],
  },
  J08: { says: 'no member twice, no byte order mark, UTF-8', elsewhere: forged },
  J09: {
    says: 'iss is exact; aud is a text or a list with our exact name',
    elsewhere: [...forged, ['test/conformance/access-forgeries.test.ts', 'is admitted in every honest form']],
  },
  J10: {
    says: 'ES256 signatures are 64 raw bytes in range; the high-S twin is the same session',
    elsewhere: [
      ...forged,
      ['test/conformance/access-forgeries.test.ts', 'has a twin whose signature is as good, which is the same session and dies with it'],
    ],
  },
  J11: {
    says: 'a token for one surface gets 403 at another',
    cases: [
      [
        'is refused at the other surface, both ways, with insufficient_scope',
        async ({ signIn, settings, otlp }) => {
          const policy = await signIn('alice@example.com', { scope: 'policy' });
          const telemetry = await signIn('alice@example.com', { scope: 'otlp' });
          expect([(await settings(policy.access_token)).status, (await otlp(telemetry.access_token)).status]).toEqual([200, 200]);
          const crossed = await settings(telemetry.access_token);
          expect([crossed.status, crossed.headers.get('x-amzn-remapped-www-authenticate')]).toEqual([
            403,
            expect.stringMatching(/^Bearer error="insufficient_scope"/),
          ]);
          expect((await otlp(policy.access_token)).status).toBe(403);
        },
      ],
    ],
  },
  J12: {
    says: 'no other secret works as a bearer token',
    cases: [
      [
        'refuses refresh tokens, device codes and ID tokens',
        async ({ signIn, settings, otlp, idToken, startDevice, post }) => {
          const { refresh_token } = await signIn('alice@example.com');
          const { device_code, user_code } = await startDevice();
          for (const secret of [refresh_token, device_code, user_code, await idToken('alice@example.com')]) {
            expect([(await settings(secret)).status, (await otlp(secret)).status]).toEqual([401, 401]);
            const asked = await post('/oauth/introspect', { token: 'x' }, { authorization: `Bearer ${secret}` });
            expect(asked.status).toBe(401);
          }
        },
      ],
    ],
  },
  J13: {
    says: '401 with invalid_token for expired and revoked, a bare challenge for none, 403 for policy (RFC 6750 s3)',
    cases: [
      [
        'says which, so that the client knows what to do',
        async ({ signIn, get, settings, post, stack }) => {
          const challenge = 'x-amzn-remapped-www-authenticate';
          const none = await get('/managed/settings');
          expect([none.status, none.headers.get(challenge)]).toEqual([401, expect.stringMatching(/^Bearer resource_metadata=/)]);
          const [expired, revoked] = [await signIn('alice@example.com'), await signIn('alice@example.com')];
          expect((await post('/oauth/revoke', { token: revoked.access_token })).status).toBe(200);
          const dead = await settings(revoked.access_token);
          expect([dead.status, dead.headers.get(challenge)]).toEqual([401, expect.stringMatching(/^Bearer error="invalid_token"/)]);
          await stack.advance(10_700);
          expect((await settings(expired.access_token)).status).toBe(200);
          await stack.advance(101);
          const late = await settings(expired.access_token);
          expect([late.status, late.headers.get(challenge)]).toEqual([401, expect.stringMatching(/^Bearer error="invalid_token"/)]);
          const unentitled = await signIn('bob@example.com');
          const admin = await get('/admin/policies', { authorization: `Bearer ${unentitled.access_token}` });
          expect(admin.status).toBe(403);
        },
      ],
    ],
  },
  J14: {
    says: 'RFC 9068 s2.1 has every server support RS256',
    whyNot: 'A recorded deviation: one algorithm, ES256, for tokens that only we verify.',
  },
};
