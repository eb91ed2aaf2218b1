/** Checks D01 to D07: device authorization (RFC 8628). */
import { expect } from 'vitest';
import type { Check } from './access-ground.fixture.ts';

type Id = `D0${1 | 2 | 3 | 4 | 5 | 6 | 7}`;

const journey = 'test/journeys/sign-in.test.ts';
const unit = 'packages/access/device.test.ts';

export const deviceChecks: Record<Id, Check> = {
  D01: {
    says: 'the answer has device_code, user_code, both addresses, expires_in and interval 5',
    cases: [
      [
        'has every field, and no cache keeps it',
        async ({ post, stack }) => {
          const answer = await post('/oauth/device_authorization', { surface: 'claude_code' });
          expect(answer.body).toMatchObject({ verification_uri: `${stack.gateway}/device`, expires_in: 600, interval: 5 });
          expect(answer.body.verification_uri_complete).toContain(answer.body.user_code);
          expect(answer.headers.get('cache-control')).toBe('no-store');
        },
      ],
    ],
  },
  D02: {
    says: 'authorization_pending, slow_down that keeps its 5 s, access_denied, expired_token',
    cases: [
      [
        'says each in its turn',
        async (ground) => {
          const wordOf = async (device: Parameters<typeof ground.poll>[0]) => {
            const { status, body } = await ground.poll(device);
            return [status, body.error] as const;
          };
          const device = await ground.startDevice();
          expect(await wordOf(device)).toEqual([400, 'authorization_pending']);
          expect(await wordOf(device)).toEqual([400, 'slow_down']);
          await ground.stack.advance(6);
          expect(await wordOf(device), 'ten seconds are to be kept now').toEqual([400, 'slow_down']);
          await ground.stack.advance(15);
          expect(await wordOf(device)).toEqual([400, 'authorization_pending']);
          await (await ground.confirm(device, 'alice@example.com')).decide('deny');
          expect(await wordOf(device)).toEqual([400, 'access_denied']);
          const other = await ground.startDevice();
          await ground.stack.advance(601);
          expect(await wordOf(other)).toEqual([400, 'expired_token']);
          expect(await wordOf({ ...other, device_code: 'unknown' })).toEqual([400, 'expired_token']);
        },
      ],
    ],
  },
  D03: {
    says: 'eight letters without vowels, read however they are typed, five tries a code, and a limit a source',
    cases: [
      [
        'reads a code in any case and spacing',
        async ({ startDevice, post }) => {
          const { user_code } = await startDevice();
          expect(user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
          for (const typed of [user_code.toLowerCase(), user_code.replace('-', ''), ` ${user_code.replace('-', ' - ')} `])
            expect((await post('/device', { user_code: typed })).status, typed).toBe(303);
        },
      ],
    ],
    elsewhere: [[unit, 'lets a code be entered five times, and a source guess twenty times']],
  },
  D04: {
    says: 'a device code works once, for its client; a second use revokes what it gave',
    cases: [
      [
        'takes back what a code gave that is used twice',
        async ({ startDevice, confirm, poll, settings, refresh }) => {
          const device = await startDevice();
          expect((await (await confirm(device, 'alice@example.com')).decide('approve')).status).toBe(200);
          const { body } = await poll(device);
          expect((await settings(body.access_token)).status).toBe(200);
          expect((await poll(device)).body.error).toBe('expired_token');
          expect([(await settings(body.access_token)).status, (await refresh(body.refresh_token)).status]).toEqual([401, 401]);
        },
      ],
      [
        'is bound to the client that began',
        async ({ post, poll }) => {
          const device = (await post('/oauth/device_authorization', { client_id: 'agent' })).body;
          expect((await poll(device, { client_id: 'another' })).body.error).toBe('expired_token');
          expect((await poll(device, { client_id: 'agent' })).body.error).toBe('authorization_pending');
        },
      ],
      [
        'gives one of ten polls at the same moment a session',
        async ({ startDevice, confirm, poll }) => {
          const device = await startDevice();
          await (await confirm(device, 'alice@example.com')).decide('approve');
          const statuses = (await Promise.all(Array.from({ length: 10 }, () => poll(device)))).map(({ status }) => status);
          expect(statuses.filter((status) => status === 200)).toHaveLength(1);
        },
      ],
    ],
  },
  D05: {
    says: 'a person confirms on a page with code, device and place; a link approves nothing; CSRF is refused',
    cases: [
      [
        'shows what is asked, and opens nothing by the link alone',
        async ({ startDevice, confirm, poll, get }) => {
          const device = await startDevice();
          const { page } = await confirm(device, 'alice@example.com');
          for (const shown of [device.user_code, 'alice@example.com', '127.0.0.1', 'claude_code']) expect(page).toContain(shown);
          await get(new URL(device.verification_uri_complete).pathname + new URL(device.verification_uri_complete).search);
          expect((await poll(device)).body.error).toBe('authorization_pending');
        },
      ],
    ],
    elsewhere: [
      [unit, 'decides only with the browser’s own cookie and form'],
      [unit, 'never approves by a link alone'],
      [journey, 'is approved by a person with a browser at the identity provider, once, and not before'],
    ],
  },
  D06: {
    says: 'state, nonce and PKCE of the inner login are random and apart from the user code',
    cases: [
      [
        'shares nothing between two logins, nor with the code',
        async ({ startDevice, confirm }) => {
          const device = await startDevice();
          const [one, other] = [await confirm(device, 'alice@example.com'), await confirm(device, 'alice@example.com')];
          for (const name of ['state', 'nonce', 'code_challenge']) {
            const values = [one, other].map(({ location }) => location.searchParams.get(name) ?? '');
            expect(values[0]).toMatch(/^[\w-]{43}$/);
            expect(values[0]).not.toBe(values[1]);
            expect(values[0]).not.toContain(device.user_code.replace('-', ''));
          }
          expect(one.location.searchParams.get('code_challenge_method')).toBe('S256');
        },
      ],
    ],
    elsewhere: [['packages/access/subject-token.test.ts', 'must bear the nonce of its login']],
  },
  D07: {
    says: 'codes are hashes at rest; TTL is not the check',
    cases: [
      [
        'writes down no code, and ends one whose row is still there',
        async ({ startDevice, dump, stack, poll }) => {
          const device = await startDevice();
          const rows = await dump();
          for (const secret of [device.device_code, device.user_code, device.user_code.replace('-', '')])
            expect(rows).not.toContain(secret);
          await stack.advance(601);
          expect(await dump()).toContain('DEVICE#');
          expect((await poll(device)).body.error).toBe('expired_token');
        },
      ],
    ],
    elsewhere: [[unit, 'ends after ten minutes, whoever is where']],
  },
};
