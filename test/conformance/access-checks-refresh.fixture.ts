/** Checks R01 to R12: refresh (RFC 9700 s2.2.2 and s4.14, RFC 6749 s6). */
import { expect } from 'vitest';
import { type Check, claimsOf, type Ground } from './access-ground.fixture.ts';

type Id = `R${'01' | '02' | '03' | '04' | '05' | '06' | '07' | '08' | '09' | '10' | '11' | '12'}`;

const familyOf = (token: string) => token.split('.')[0] ?? '';

async function refused(ground: Ground, token: string, more: Record<string, string> = {}): Promise<void> {
  const answer = await ground.refresh(token, more);
  // The one deviation from RFC 6749 s5.2: without client_id, as the stock client asks, it is 401.
  expect([answer.status, answer.body.error]).toEqual([more.client_id === undefined ? 401 : 400, 'invalid_grant']);
}

export const refreshChecks: Record<Id, Check> = {
  R01: {
    says: 'opaque, 128 bits at least, never stored',
    cases: [
      [
        'is family, step and 256 bits that no row has',
        async ({ signIn, dump }) => {
          const tokens = [await signIn('alice@example.com'), await signIn('alice@example.com')].map(({ refresh_token }) => refresh_token);
          const rows = await dump();
          for (const token of tokens) {
            expect(token).toMatch(/^fam_[0-9a-z]{26}\.1\.[A-Za-z0-9_-]{43}$/);
            expect(rows).toContain(familyOf(token));
            expect(rows).not.toContain(token.split('.')[2]);
          }
        },
      ],
    ],
    elsewhere: [['packages/access/refresh.test.ts', 'is read back as it was made, and by no other pepper, family, salt or step']],
  },
  R02: {
    says: 'each use rotates; a retired token that comes back ends family and access and raises an event',
    cases: [
      [
        'kills both copies, the session with them, and tells it',
        async (ground) => {
          const { id, email } = await ground.hire();
          const first = await ground.signIn(email);
          const second = (await ground.refresh(first.refresh_token)).body;
          const third = (await ground.refresh(second.refresh_token)).body;
          await refused(ground, first.refresh_token);
          await refused(ground, third.refresh_token, { client_id: 'exchange' });
          for (const { access_token } of [first, second, third]) expect((await ground.settings(access_token)).status).toBe(401);
          expect(id).toMatch(/^00u/);
          expect(await ground.dump()).toContain('refresh-reused');
        },
      ],
    ],
  },
  R03: {
    says: 'after a lost response the same token gets the same successor, whose access token lives no longer',
    cases: [
      [
        'answers a lost answer again',
        async ({ signIn, refresh, stack }) => {
          const { refresh_token } = await signIn('alice@example.com');
          const first = await refresh(refresh_token);
          await stack.advance(40);
          const again = await refresh(refresh_token);
          expect(again.body.refresh_token).toBe(first.body.refresh_token);
          const [one, other] = [claimsOf(first.body.access_token), claimsOf(again.body.access_token)];
          expect([other.exp, other.jti, other.sid]).toEqual([one.exp, one.jti, one.sid]);
          expect(again.body.expires_in).toBeLessThan(first.body.expires_in);
        },
      ],
    ],
  },
  R04: {
    says: 'the grace ends after 60 s or at the first use of the successor',
    cases: [
      [
        'ends by time',
        async (ground) => {
          const { refresh_token } = await ground.signIn('alice@example.com');
          await ground.refresh(refresh_token);
          await ground.stack.advance(62);
          await refused(ground, refresh_token);
        },
      ],
      [
        'ends by use',
        async (ground) => {
          const { refresh_token } = await ground.signIn('alice@example.com');
          const next = await ground.refresh(refresh_token);
          expect((await ground.refresh(next.body.refresh_token)).status).toBe(200);
          await refused(ground, refresh_token);
        },
      ],
    ],
  },
  R05: {
    says: '2, 10 and 100 parallel refreshes with one token get one successor, in one step',
    cases: [2, 10, 100].map((count) => [
      `gives ${count} callers at the same moment one successor`,
      async ({ signIn, refresh }) => {
        const { refresh_token } = await signIn('alice@example.com');
        const answers = await Promise.all(Array.from({ length: count }, () => refresh(refresh_token)));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
        const [next = '', ...others] = new Set(answers.map(({ body }) => String(body.refresh_token)));
        expect([others, next.split('.')[1]]).toEqual([[], '2']);
        expect((await refresh(next)).status).toBe(200);
      },
    ]),
  },
  R06: {
    says: 'history is kept for the family’s whole life',
    cases: [
      [
        'knows the first token of a family again after three weeks',
        async (ground) => {
          const first = await ground.signIn('alice@example.com');
          let held = first;
          for (let week = 0; week < 3; week++) {
            await ground.stack.advance(7 * 86_400);
            held = (await ground.refresh(held.refresh_token)).body;
          }
          await refused(ground, first.refresh_token);
          await refused(ground, held.refresh_token);
          expect((await ground.settings(held.access_token)).status).toBe(401);
        },
      ],
    ],
  },
  R07: {
    says: 'a family ends after 30 days, used or not, and its last access token with it; and after a fortnight without use',
    cases: [
      [
        'is not extended by use',
        async (ground) => {
          let held = await ground.signIn('alice@example.com');
          for (const days of [10, 10, 10 - 1_800 / 86_400]) {
            await ground.stack.advance(days * 86_400);
            held = (await ground.refresh(held.refresh_token)).body;
          }
          expect(held.expires_in).toBeGreaterThan(0);
          expect(held.expires_in).toBeLessThanOrEqual(1_800);
          await ground.stack.advance(1_800);
          await refused(ground, held.refresh_token);
          expect((await ground.settings(held.access_token)).status).toBe(401);
        },
      ],
      [
        'ends when nobody uses it',
        async (ground) => {
          const { refresh_token } = await ground.signIn('alice@example.com');
          await ground.stack.advance(14 * 86_400 + 60);
          await refused(ground, refresh_token);
        },
      ],
    ],
  },
  R08: {
    says: 'scope may shrink for one access token; the family’s stays; it never grows',
    cases: [
      [
        'narrows once',
        async ({ signIn, refresh }) => {
          const { refresh_token } = await signIn('alice@example.com', { scope: 'policy otlp' });
          const narrow = await refresh(refresh_token, { scope: 'otlp' });
          expect(narrow.body.scope).toBe('otlp');
          const wide = await refresh(narrow.body.refresh_token, { scope: 'policy inference' });
          expect([wide.status, wide.body.error]).toEqual([400, 'invalid_scope']);
          expect((await refresh(narrow.body.refresh_token)).body.scope).toBe('policy otlp');
        },
      ],
    ],
  },
  R09: {
    says: 'a family belongs to its client',
    cases: [
      [
        'refuses another client_id, and goes on for the right one',
        async (ground) => {
          const { refresh_token } = await ground.signIn('alice@example.com', { client_id: 'agent' });
          await refused(ground, refresh_token, { client_id: 'another' });
          expect((await ground.refresh(refresh_token, { client_id: 'agent' })).status).toBe(200);
        },
      ],
    ],
    whyNot: 'No binding to address or device: laptops change networks, and the stock client proves possession of nothing (P01).',
  },
  R10: {
    says: 'each refresh looks at the person again',
    cases: [
      [
        'refuses somebody who has left meanwhile, or lost the last group that the policy names',
        async (ground) => {
          const [left, moved] = [await ground.hire(), await ground.hire()];
          const [hers, his] = [await ground.signIn(left.email), await ground.signIn(moved.email)];
          await ground.company.hr('PATCH', `/users/${left.id}`, { active: false });
          await ground.company.hr('DELETE', `/groups/engineering/members/${moved.id}`);
          await ground.stack.settled();
          await refused(ground, hers.refresh_token);
          await refused(ground, his.refresh_token, { client_id: 'exchange' });
        },
      ],
    ],
    elsewhere: [['packages/access/token.test.ts', 'refuses somebody who has left meanwhile, with the family unchanged']],
  },
  R11: {
    says: 'trouble with a store or key is 503 with Retry-After and changes nothing',
    elsewhere: [
      ['packages/access/trouble.test.ts', '%s, nothing is spent or rotated'],
      ['test/conformance/access-trouble.test.ts', 'answers 503 with Retry-After, and nothing is half-written'],
    ],
  },
  R12: {
    says: 'an attacker who shadows each refresh within the grace is not seen by rotation',
    whyNot:
      'A stated limit: only proof of possession closes it, which the stock client does not offer (P01). A thief who does not shadow is always found: test/long/refresh-life.test.ts.',
  },
};
