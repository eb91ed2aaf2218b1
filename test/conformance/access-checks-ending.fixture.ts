/** Checks V01 to V10 and P01, P02: revocation, introspection, metadata, signals, the kill, proof of possession. */
import { expect } from 'vitest';
import { type Check, claimsOf } from './access-ground.fixture.ts';

type Id = `V0${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | 'V10' | 'P01' | 'P02';

/** The identity provider’s pushes are people's; what they raise ends sessions as any other revocation does. */
const hooks = 'packages/people/hooks.test.ts';
const bearerOnly =
  'Not offered: the stock client sends one static bearer header and holds no key, and a private REST API has no mutual TLS. A recorded limit, not a gap in checking.';

export const endingChecks: Record<Id, Check> = {
  V01: {
    says: 'revoke answers 200 to unknown tokens too, finds a token under a wrong hint, and kills access with refresh',
    cases: [
      [
        'ends the session for either token, whatever the hint',
        async ({ signIn, post, settings, refresh }) => {
          for (const token_type_hint of ['refresh_token', 'access_token', 'unknown']) {
            for (const kind of ['access_token', 'refresh_token'] as const) {
              const tokens = await signIn('alice@example.com');
              const answer = await post('/oauth/revoke', { token: tokens[kind], token_type_hint });
              expect([answer.status, answer.text]).toEqual([200, '']);
              expect([(await settings(tokens.access_token)).status, (await refresh(tokens.refresh_token)).status]).toEqual([401, 401]);
            }
          }
        },
      ],
      [
        'answers 200 to anything unknown, 400 to a request without a token, and touches nobody else',
        async ({ signIn, post, settings }) => {
          const other = await signIn('alice@example.com');
          const family = other.refresh_token.split('.').slice(0, 2).join('.');
          for (const token of ['x', 'fam_1.1.x', `${family}.${'A'.repeat(43)}`, `${other.access_token.slice(0, -4)}AAAA`])
            expect((await post('/oauth/revoke', { token })).status).toBe(200);
          expect((await post('/oauth/revoke', { nothing: '1' })).body.error).toBe('invalid_request');
          expect((await settings(other.access_token)).status).toBe(200);
        },
      ],
    ],
    elsewhere: [['test/conformance/access-trouble.test.ts', 'answers 503 with Retry-After, and nothing is half-written']],
  },
  V02: {
    says: 'introspection needs a session; what is not active is exactly {"active":false}; no cache keeps it',
    cases: [
      [
        'tells its own person, and others nothing',
        async ({ signIn, post }) => {
          const [alice, bob] = [await signIn('alice@example.com'), await signIn('bob@example.com')];
          const ask = (asker: string, token: string) => post('/oauth/introspect', { token }, { authorization: `Bearer ${asker}` });
          const own = await ask(alice.access_token, alice.access_token);
          expect(own.body).toMatchObject({ active: true, token_type: 'Bearer', sub: claimsOf(alice.access_token).sub });
          expect(own.headers.get('cache-control')).toBe('no-store');
          for (const token of [bob.access_token, 'x', alice.refresh_token, `${alice.access_token}x`])
            expect((await ask(alice.access_token, token)).text).toBe('{"active":false}');
          expect((await post('/oauth/introspect', { token: alice.access_token })).status).toBe(401);
          await post('/oauth/revoke', { token: bob.access_token });
          const admin = await signIn('carol@example.com');
          expect((await ask(admin.access_token, bob.access_token)).text).toBe('{"active":false}');
        },
      ],
    ],
  },
  V03: {
    says: 'the metadata’s issuer is the origin, only what is served is named, and the keys in use are published',
    cases: [
      [
        'serves all that it names',
        async ({ get, stack, signIn, post }) => {
          const { body } = await get('/.well-known/oauth-authorization-server');
          expect(body.issuer).toBe(stack.gateway);
          for (const [name, value] of Object.entries<string>(body)) {
            if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue;
            const path = value.slice(stack.gateway.length);
            const answer = name === 'jwks_uri' ? await get(path) : await post(path, {});
            expect([200, 400, 401], `${name} answered ${answer.status}`).toContain(answer.status);
          }
          for (const grant_type of body.grant_types_supported as string[])
            expect((await post('/oauth/token', { grant_type })).body.error, grant_type).toBe('invalid_request');
          const { kid } = JSON.parse(
            Buffer.from((await signIn('alice@example.com')).access_token.split('.')[0] ?? '', 'base64url').toString(),
          ) as { kid: string };
          const { keys } = (await get('/.well-known/jwks.json')).body as { keys: Record<string, unknown>[] };
          expect(keys.map((key) => key.kid)).toContain(kid);
          for (const key of keys) expect(Object.keys(key)).not.toContain('d');
        },
      ],
    ],
  },
  V04: {
    says: 'protected resource metadata (RFC 9728)',
    cases: [
      [
        'names this origin, its authorization server and its scopes',
        async ({ get, stack }) => {
          const { body } = await get('/.well-known/oauth-protected-resource');
          expect(body).toMatchObject({
            resource: stack.gateway,
            authorization_servers: [stack.gateway],
            bearer_methods_supported: ['header'],
          });
        },
      ],
      [
        'is named by every challenge, though API Gateway renames the header that holds it',
        async ({ get, stack }) => {
          const { headers } = await get('/managed/settings');
          const place = `resource_metadata="${stack.gateway}/.well-known/oauth-protected-resource"`;
          expect(headers.get('x-amzn-remapped-www-authenticate')).toContain(place);
        },
      ],
    ],
  },
  V05: {
    says: 'OpenID Connect back-channel logout tokens',
    elsewhere: [
      [hooks, 'ends the sessions of whom it names once, and is not to be kept'],
      [hooks, '%s is refused in words, which are not to be kept, and nobody is signed out'],
      [hooks, 'that is sent %s is refused'],
    ],
  },
  V06: {
    says: 'SSF and CAEP security events',
    elsewhere: [
      [hooks, 'that a session was revoked signs out once, however often it comes'],
      [hooks, '%s is refused in RFC 8935’s words'],
    ],
  },
  V07: {
    says: 'Okta Universal Logout',
    elsewhere: [
      [hooks, 'ends the sessions of whom it names, by subject or by address, and a token is used once'],
      [hooks, '%s is answered by its status, and nobody is signed out'],
    ],
  },
  V08: {
    says: 'deactivation kills; losing a group counts at the next request',
    cases: [
      [
        'refuses who lost the last group that the policy names',
        async ({ hire, signIn, settings, company, stack }) => {
          const { id, email } = await hire();
          const { access_token } = await signIn(email);
          expect((await settings(access_token)).status).toBe(200);
          await company.hr('DELETE', `/groups/engineering/members/${id}`);
          await stack.until(async () => ([401, 403].includes((await settings(access_token)).status) ? true : undefined), {
            what: 'the refusal',
          });
        },
      ],
    ],
    whyNot: 'SCIM’s own PATCH and DELETE are the slow path, and not served by access.',
  },
  V09: {
    says: 'duplicates and disorder change nothing; the epoch never falls',
    elsewhere: [
      ['packages/access/gate.test.ts', 'the epoch and the generation never fall, and only its case or a return opens a shut gate'],
      ['packages/access/sessions.test.ts', 'shuts the gate, ends every session and raises one fact, however often it runs'],
    ],
  },
  V10: {
    says: 'a kill reaches policy, refresh, a waiting device, exchange with a still-valid token, and OTLP within 5 s',
    cases: [
      [
        'is refused everywhere',
        async ({ hire, signIn, settings, otlp, refresh, startDevice, confirm, poll, exchange, idToken, company, stack }) => {
          const { id, email } = await hire();
          const tokens = await signIn(email);
          const device = await startDevice();
          await (await confirm(device, email)).decide('approve');
          const subject = await idToken(email);
          expect([(await settings(tokens.access_token)).status, (await otlp(tokens.access_token)).status]).toEqual([200, 200]);
          await company.hr('PATCH', `/users/${id}`, { active: false });
          await stack.until(async () => ((await settings(tokens.access_token)).status === 401 ? true : undefined), { what: 'the refusal' });
          const began = performance.now();
          expect((await refresh(tokens.refresh_token)).status).toBe(401);
          expect((await exchange(subject)).body.error).toBe('access_denied');
          expect((await poll(device)).body.error).toBe('access_denied');
          await stack.until(async () => ((await otlp(tokens.access_token)).status === 401 ? true : undefined), {
            what: 'the refusal of telemetry',
          });
          expect(performance.now() - began).toBeLessThan(5_000);
        },
      ],
    ],
    elsewhere: [
      ['test/journeys/access.test.ts', 'is refused by settings, refresh and a new exchange at once, and by telemetry within five seconds'],
    ],
    whyNot: 'The start and the middle of an inference stream are shown where inference is.',
  },
  P01: { says: 'the twelve checks of a DPoP proof (RFC 9449 s4.3)', whyNot: bearerOnly },
  P02: { says: 'replay of a DPoP proof, nonces, bearer use of a bound token', whyNot: bearerOnly },
};
