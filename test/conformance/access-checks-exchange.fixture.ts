/** Checks X01 to X19: token exchange (RFC 8693, RFC 6749 s5.2, RFC 7523) and the aliases of it. */
import { surface } from '@gatehouse/access/surface';
import { expect } from 'vitest';
import { type Check, claimsOf, type Ground, grantType, tokenType } from './access-ground.fixture.ts';

type Id = `X${'01' | '02' | '03' | '04' | '05' | '06' | '07' | '08' | '09'}` | `X1${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

const forgeries = 'test/conformance/access-forgeries.test.ts';

async function refused(ground: Ground, subject: string, more: Record<string, string>, error: string): Promise<void> {
  const answer = await ground.exchange(subject, more);
  expect([answer.status, answer.body.error]).toEqual([400, error]);
}

export const exchangeChecks: Record<Id, Check> = {
  X01: {
    says: 'grant_type is the exact URN; another is unsupported_grant_type; a form; no parameter twice',
    cases: [
      [
        'knows its grant types by their exact names',
        async ({ post }) => {
          const wrong = [
            'password',
            'authorization_code',
            'client_credentials',
            'Refresh_Token',
            `${grantType}token-exchange/`,
            'token-exchange',
            `${grantType}jwt-bearer`,
          ];
          for (const grant_type of wrong) {
            const answer = await post('/oauth/token', { grant_type });
            expect([answer.status, answer.body.error], grant_type).toEqual([400, 'unsupported_grant_type']);
          }
          expect((await post('/oauth/token', {})).body.error).toBe('invalid_request');
        },
      ],
      [
        'takes a form and no parameter twice',
        async ({ json, post, idToken }) => {
          expect((await json('/oauth/token', { grant_type: 'refresh_token' })).body.error).toBe('invalid_request');
          const twice = [
            ['grant_type', `${grantType}token-exchange`],
            ['subject_token_type', `${tokenType}id_token`],
            ['subject_token', await idToken('alice@example.com')],
            ['scope', 'policy'],
            ['scope', 'otlp'],
          ] as const;
          expect((await post('/oauth/token', twice)).body.error).toBe('invalid_request');
        },
      ],
    ],
  },
  X02: {
    says: 'subject_token and its type are both needed, the type is one that is taken, and fits the token',
    cases: [
      [
        'refuses half of the pair, other types and a token of another type',
        async (ground) => {
          const subject = await ground.idToken('alice@example.com');
          await refused(ground, '', {}, 'invalid_request');
          for (const subject_token_type of ['', 'saml2', `${tokenType}saml2`, `${tokenType}refresh_token`, 'id_token'])
            await refused(ground, subject, { subject_token_type }, 'invalid_request');
          await refused(ground, await ground.foreignToken({}, { typ: 'at+jwt' }), {}, 'invalid_request');
          expect(
            (await ground.exchange(await ground.foreignToken({}, { typ: 'at+jwt' }), { subject_token_type: `${tokenType}access_token` }))
              .status,
          ).toBe(200);
        },
      ],
    ],
  },
  X03: {
    says: 'actor_token_type is there exactly when actor_token is',
    cases: [
      [
        'refuses one without the other',
        async (ground) => {
          const [subject, actor] = [await ground.idToken('alice@example.com'), await ground.idToken('bob@example.com')];
          await refused(ground, subject, { actor_token: actor }, 'invalid_request');
          await refused(ground, subject, { actor_token_type: `${tokenType}id_token` }, 'invalid_request');
        },
      ],
    ],
  },
  X04: {
    says: 'a subject token that is not acceptable is invalid_request under RFC 8693; RFC 7523 is not served',
    cases: [
      [
        'says invalid_request, never invalid_grant',
        async (ground) => {
          await refused(ground, await ground.idToken('alice@example.com', { expires_in: -600 }), {}, 'invalid_request');
          await refused(ground, 'a.b.c', {}, 'invalid_request');
        },
      ],
    ],
    elsewhere: [[forgeries, 'is refused at the token endpoint in every forged form, in one and the same vague answer']],
  },
  X05: {
    says: 'an unknown resource or audience is invalid_target, one with a fragment too',
    cases: [
      [
        'knows this gateway alone',
        async (ground) => {
          const { gateway } = ground.stack;
          for (const target of ['https://elsewhere.example', `${gateway}#x`, `${gateway}.evil.example`, 'gatehouse'])
            for (const name of ['resource', 'audience'])
              await refused(ground, await ground.idToken('alice@example.com'), { [name]: target }, 'invalid_target');
          expect((await ground.exchange(await ground.idToken('alice@example.com'), { resource: gateway, audience: gateway })).status).toBe(
            200,
          );
        },
      ],
    ],
  },
  X06: {
    says: 'the answer has access_token, issued_token_type, token_type, expires_in and scope, and no cache keeps it',
    cases: [
      [
        'has all of them',
        async ({ exchange, idToken }) => {
          const answer = await exchange(await idToken('alice@example.com'), { scope: 'policy' });
          expect(answer.body).toMatchObject({
            issued_token_type: `${tokenType}access_token`,
            token_type: 'Bearer',
            expires_in: 10_800,
            scope: 'policy',
          });
          expect([answer.headers.get('cache-control'), answer.headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
        },
      ],
    ],
  },
  X07: {
    says: 'scope and audience never widen, not along a chain either',
    cases: [
      [
        'refuses unknown scopes, and a token of ours as a subject token',
        async (ground) => {
          await refused(ground, await ground.idToken('alice@example.com'), { scope: 'policy admin' }, 'invalid_scope');
          const narrow = await ground.signIn('alice@example.com', { scope: 'policy' });
          expect(claimsOf(narrow.access_token)).toMatchObject({ scope: 'policy', aud: ground.stack.gateway });
          await refused(ground, narrow.access_token, { subject_token_type: `${tokenType}access_token` }, 'invalid_request');
          expect((await ground.refresh(narrow.refresh_token, { scope: 'policy otlp' })).body.error).toBe('invalid_scope');
        },
      ],
    ],
  },
  X08: {
    says: 'the internal token’s life is bounded',
    cases: [
      [
        'never lives longer than three hours, however long the subject token would',
        async ({ exchange, foreignToken, now }) => {
          const at = await now();
          const long = await exchange(await foreignToken({ exp: at + 86_400 }));
          const { iat, exp } = claimsOf(long.body.access_token);
          expect(Number(exp) - Number(iat)).toBe(10_800);
        },
      ],
    ],
    whyNot:
      'It is not bounded by what is left of the subject token: three hours outlast most of them by design. Session state read on each call (V10) carries that, not the expiry.',
  },
  X09: {
    says: 'act names the agent and decides nothing',
    cases: [
      [
        'gives an agent no more than its person has, and nothing of the actor’s own',
        async ({ exchange, idToken, settings, stack }) => {
          const actor = { actor_token: await idToken('carol@example.com'), actor_token_type: `${tokenType}id_token` };
          const { body } = await exchange(await idToken('alice@example.com'), actor);
          const { act } = claimsOf(body.access_token) as { act: Record<string, unknown> };
          expect(Object.keys(act)).toEqual(['sub']);
          expect(act.sub).toContain(stack.idp);
          expect((await settings(body.access_token)).status).toBe(200);
          const admin = await fetch(`${stack.gateway}/admin/policies`, { headers: { authorization: `Bearer ${body.access_token}` } });
          expect(admin.status, 'Carol administers, Alice does not').toBe(403);
        },
      ],
    ],
    whyNot: 'may_act is not read: no identity provider that is supported issues it, and an actor must sign in itself.',
  },
  X10: {
    says: 'a subject token is used once, even at the same moment',
    cases: [
      [
        'gives one of ten callers a session',
        async ({ exchange, idToken, foreignToken }) => {
          for (const subject of [
            await idToken('alice@example.com'),
            await foreignToken(),
            await foreignToken({ jti: undefined, uti: 'entra' }),
          ]) {
            const statuses = (await Promise.all(Array.from({ length: 10 }, () => exchange(subject)))).map(({ status }) => status);
            expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 400)]);
          }
        },
      ],
    ],
  },
  X11: {
    says: 'iat at most 60 s ahead, life bounded, skew at most 60 s',
    cases: [
      [
        'holds the minute on both sides',
        async (ground) => {
          const at = await ground.now();
          const shown: [Record<string, unknown>, number][] = [
            [{ iat: at + 40 }, 200],
            [{ iat: at + 90 }, 400],
            [{ exp: at - 30, iat: at - 600 }, 200],
            [{ exp: at - 90, iat: at - 600 }, 400],
            [{ nbf: at + 90 }, 400],
            [{ exp: at + 29 * 3_600 }, 400],
          ];
          for (const [claims, status] of shown)
            expect((await ground.exchange(await ground.foreignToken(claims))).status, JSON.stringify(claims)).toBe(status);
        },
      ],
    ],
  },
  X12: {
    says: 'a subject token has at most 16 KiB, looked at before anything else',
    cases: [
      [
        'refuses a genuine token that is larger',
        async (ground) => {
          expect((await ground.exchange(await ground.foreignToken({ note: 'x'.repeat(9_000) }))).status).toBe(200);
          await refused(ground, await ground.foreignToken({ note: 'x'.repeat(12_500) }), {}, 'invalid_request');
        },
      ],
    ],
    elsewhere: [['packages/core/access-token.test.ts', 'refuses by size before it parses']],
  },
  X13: {
    says: 'no search over rules: what a token may become is named',
    cases: [
      [
        'finds the issuer by its exact name, and there is one rule for each',
        async (ground) => {
          for (const iss of [`${ground.issuer.url}/`, ground.issuer.url.toUpperCase(), `${ground.issuer.url}?`])
            await refused(ground, await ground.foreignToken({ iss }), {}, 'invalid_request');
        },
      ],
    ],
    whyNot:
      'The request names no rule id: an issuer’s exact name is the only key, and several rules for one issuer cannot be configured for people.',
  },
  X14: {
    says: 'an audience that is not configured is refused, good signature or not',
    cases: [
      [
        'refuses a good token for somebody else',
        async (ground) => {
          for (const aud of ['payroll', ['payroll', 'wiki'], '', ground.stack.gateway])
            await refused(ground, await ground.foreignToken({ aud }), {}, 'invalid_request');
          await refused(ground, await ground.idToken('alice@example.com', { audience: 'payroll' }), {}, 'invalid_request');
        },
      ],
    ],
  },
  X15: {
    says: 'a person is issuer and immutable subject, never an e-mail',
    cases: [
      [
        'keeps one subject of two issuers, and one e-mail of two subjects, apart',
        async (ground) => {
          const alice = claimsOf((await ground.signIn('alice@example.com')).access_token).sub;
          const sub = String(claimsOf(await ground.idToken('alice@example.com')).sub);
          const told = [
            await ground.exchange(await ground.foreignToken({ sub })),
            await ground.exchange(await ground.foreignToken({ sub: 'petra', email: 'alice@example.com' })),
          ];
          for (const answer of told) if (answer.status === 200) expect(claimsOf(answer.body.access_token).sub).not.toBe(alice);
          const again = await ground.exchange(await ground.foreignToken({ sub, email: 'renamed@partner.example' }));
          expect(claimsOf(again.body.access_token).sub).toBe(claimsOf(told[0]?.body.access_token ?? '').sub);
        },
      ],
    ],
  },
  X16: {
    says: 'tokens of applications and services are refused where people sign in',
    cases: [
      [
        'refuses each provider’s mark of an application',
        async (ground) => {
          for (const mark of [{ idtyp: 'app' }, { gty: 'client-credentials' }, { cid: '0oa1' }])
            await refused(ground, await ground.foreignToken(mark), {}, 'invalid_request');
          expect((await ground.exchange(await ground.foreignToken({ cid: '0oa1', uid: '00u1' }))).status).toBe(200);
        },
      ],
    ],
  },
  X17: {
    says: 'an error echoes nothing of what was sent, and no log has it',
    cases: [
      [
        'answers fixed sentences, whatever comes',
        async ({ post, json, settings }) => {
          const mark = 'ZZ-echo-ZZ';
          const answers = [
            await post('/oauth/token', { grant_type: mark }),
            await post('/oauth/token', {
              grant_type: `${grantType}token-exchange`,
              subject_token: mark,
              subject_token_type: `${tokenType}id_token`,
              scope: 'policy',
            }),
            await post('/oauth/token', { grant_type: `${grantType}token-exchange`, subject_token: 'a.b.c', subject_token_type: mark }),
            await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: mark, client_id: mark }),
            await post('/oauth/token', { grant_type: `${grantType}device_code`, device_code: mark }),
            await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', scope: mark }),
            await post('/oauth/device_authorization', { surface: mark }),
            await json('/auth/verify', { token: mark }),
            await json('/auth/refresh', { refresh_token: mark }),
            await settings(mark),
          ];
          for (const { status, text } of answers) {
            expect(status).toBeGreaterThanOrEqual(400);
            expect(status).toBeLessThan(500);
            expect(text).not.toContain(mark);
          }
        },
      ],
    ],
    elsewhere: [
      ['test/conformance/access-checks.test.ts', 'no secret of this run is in any log, history or output'],
      ['packages/access/audit.test.ts', 'tells every mint and refusal, and holds no token, code, cookie or secret'],
    ],
  },
  X18: {
    says: '/auth/verify and /auth/refresh are aliases; /health touches neither KMS nor DynamoDB',
    cases: [
      [
        'answers exactly four members at the aliases, and health from a function that may touch nothing',
        async ({ json, get, idToken }) => {
          const verified = await json('/auth/verify', { token: await idToken('bob@example.com') });
          const refreshed = await json('/auth/refresh', { refresh_token: verified.body.refresh_token });
          for (const { body } of [verified, refreshed])
            expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
          expect((await get('/health')).body).toEqual({ status: 'ok' });
          const entry = surface.entries[surface.routes?.find(({ path }) => path === '/health')?.entry ?? ''];
          expect([entry?.tables ?? [], entry?.keys ?? [], entry?.secrets ?? []]).toEqual([[], [], []]);
        },
      ],
    ],
  },
  X19: {
    says: 'a flood is stopped by its source; unknown key names cost the issuer two fetches in 10 s at most',
    cases: [
      [
        'asks the issuer for keys at most twice for a hundred unknown names',
        async ({ exchange, foreignToken, issuer, signIn }) => {
          await signIn('alice@example.com');
          const before = issuer.asked.length;
          for (let kid = 0; kid < 100; kid++) await exchange(await foreignToken({}, { kid: `unknown-${kid}` }));
          expect(issuer.asked.length - before).toBeLessThanOrEqual(2);
        },
      ],
    ],
    elsewhere: [
      ['packages/access/token.test.ts', 'stops its own address until the minute ends, and nobody else'],
      ['packages/access/issuers.http.test.ts', 'are asked for at most once in ten seconds, however many unknown names come'],
    ],
    whyNot:
      'There is no limit by subject: before the signature is checked a subject is anybody’s word, and behind it each token works once.',
  },
};
