import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAtIdp } from './browser.fixture.ts';
import { handler } from './device.lambda.ts';
import { poll, readUserCode, userCode } from './device.ts';
import type { Device } from './rows.ts';
import { call, origin, type Scene, startScene, type Told } from './scene.fixture.ts';
import { handler as token } from './token.lambda.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

const begin = async () => (await call(handler, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } })).json;
const ask = (device_code: string) => call(token, 'POST /oauth/token', { form: { grant_type: deviceGrant, device_code } });
const enter = (user_code: string, headers: Record<string, string> = {}) => call(handler, 'POST /device', { form: { user_code }, headers });
const cookieOf = (told: Told) => told.cookies[0]?.split(';')[0] ?? '';

const comeBack = (url: URL, cookie: string) =>
  call(handler, 'GET /oauth/callback', { query: Object.fromEntries(url.searchParams), cookie });

/** Up to the confirmation page. */
async function walk(login: string) {
  const device = await begin();
  const sent = await enter(device.user_code);
  const cookie = cookieOf(sent);
  const back = await signInAtIdp(sent.headers.location ?? '', login, origin);
  const page = await comeBack(back, cookie);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  return { device, cookie, back, page, csrf };
}
const approve = (cookie: string, csrf: string) => call(handler, 'POST /device', { cookie, form: { decision: 'approve', csrf } });
const deny = (cookie: string, csrf: string) => call(handler, 'POST /device/deny', { cookie, form: { csrf } });

describe('device login', () => {
  it('is for this origin alone', async () => {
    const form = { surface: 'claude_code', resource: 'https://elsewhere.example.com' };
    const told = await call(handler, 'POST /oauth/device_authorization', { form });
    expect([told.status, told.json.error]).toEqual([400, 'invalid_target']);
  });

  it('gives codes as the client reads them', async () => {
    const told = await call(handler, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } });
    expect(told.json).toMatchObject({ verification_uri: `${origin}/device`, expires_in: 600, interval: 5 });
    expect(told.json.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(told.json.verification_uri_complete).toBe(`${origin}/device?user_code=${told.json.user_code}`);
    const rows = JSON.stringify(await scene.rows(''));
    expect(rows).not.toContain(told.json.device_code);
    expect(rows).not.toContain(told.json.user_code);
  });

  it('signs in whoever logs in and approves, and gives its code once', async () => {
    const { device, cookie, page, csrf } = await walk('alice@example.com');
    expect(page.status).toBe(200);
    expect(page.text).toContain(device.user_code);
    expect(page.text).toContain('10.1.2.3');
    expect((await ask(device.device_code)).json.error).toBe('authorization_pending');
    expect((await approve(cookie, csrf)).text).toContain('Device approved');
    const told = await ask(device.device_code);
    expect(told.status).toBe(200);
    expect(Object.keys(told.json)).not.toContain('email');
    const claims = JSON.parse(Buffer.from(told.json.access_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ sub: scene.person('alice@example.com'), client_id: 'claude_code' });

    const again = await ask(device.device_code);
    expect([again.status, again.json.error]).toEqual([400, 'expired_token']);
    const taken = await call(token, 'POST /oauth/token', { form: { grant_type: 'refresh_token', refresh_token: told.json.refresh_token } });
    expect(taken.status).toBe(401);
  });

  it('sends the browser with PKCE, nonce and a state that tells nothing of the code', async () => {
    const { user_code } = await begin();
    const [first, second] = [await enter(user_code), await enter(user_code)];
    const query = new URL(first.headers.location ?? '').searchParams;
    expect(first.status).toBe(303);
    expect(query.get('code_challenge_method')).toBe('S256');
    expect(query.get('response_mode')).toBe('query');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(query.get(name)).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(query.get(name)).not.toBe(new URL(second.headers.location ?? '').searchParams.get(name));
    }
    expect(first.cookies[0]).toMatch(/HttpOnly; SameSite=Lax; Path=\/; Max-Age=600; Secure$/);
  });

  it('never approves by a link alone', async () => {
    const { user_code, device_code } = await begin();
    const page = await call(handler, 'GET /device', { query: { user_code } });
    expect(page.text).toContain(user_code);
    expect((await ask(device_code)).json.error).toBe('authorization_pending');
  });

  it('tells the device when the person denies', async () => {
    const { device, cookie, csrf } = await walk('alice@example.com');
    expect((await deny(cookie, csrf)).text).toContain('Device denied');
    expect((await ask(device.device_code)).json.error).toBe('access_denied');
    expect((await approve(cookie, csrf)).status).toBe(400);
  });

  it('decides only with the browser’s own cookie and form', async () => {
    const { device, cookie, csrf } = await walk('alice@example.com');
    expect((await approve('', csrf)).status).toBe(403);
    expect((await approve(cookie, 'x'.repeat(43))).status).toBe(403);
    const other = await call(handler, 'POST /device', {
      cookie,
      form: { decision: 'approve', csrf },
      headers: { Origin: 'https://evil.example' },
    });
    expect(other.status).toBe(400);
    expect((await ask(device.device_code)).json.error).toBe('authorization_pending');
  });

  it('takes a callback once, and only in the browser that started', async () => {
    const { back, cookie } = await walk('alice@example.com');
    expect((await comeBack(back, cookie)).status).toBe(400);
    const { user_code } = await begin();
    const sent = await enter(user_code);
    const stranger = cookieOf(await enter((await begin()).user_code));
    const returned = await signInAtIdp(sent.headers.location ?? '', 'alice@example.com', origin);
    expect((await comeBack(returned, stranger)).status).toBe(400);
    expect((await comeBack(returned, '')).status).toBe(400);
    returned.searchParams.set('iss', 'https://evil.example.com');
    expect((await comeBack(returned, cookieOf(sent))).status).toBe(400);
  });

  it('turns away somebody whom no policy admits, and tells the device', async () => {
    const { device, page } = await walk('grace@example.com');
    expect(page.status).toBe(403);
    expect(page.text).not.toContain('grace');
    expect((await ask(device.device_code)).json.error).toBe('access_denied');
    expect(
      (await scene.rows('OUTBOX#')).some(({ detail }) => String(detail).includes('"grant":"device_code","reason":"not_entitled"')),
    ).toBe(true);
  });

  it('slows down a device that asks too often', async () => {
    const { device_code } = await begin();
    const errors = [];
    for (let i = 0; i < 3; i++) errors.push((await ask(device_code)).json.error);
    expect(errors).toEqual(['authorization_pending', 'slow_down', 'slow_down']);
    scene.aws.clock.advance(16);
    expect((await ask(device_code)).json.error).toBe('authorization_pending');
  });

  it('ends after ten minutes, whoever is where', async () => {
    const { device, cookie, csrf } = await walk('alice@example.com');
    scene.aws.clock.advance(600);
    expect((await ask(device.device_code)).json.error).toBe('expired_token');
    expect((await approve(cookie, csrf)).status).toBe(400);
    expect((await enter(device.user_code)).status).toBe(400);
  });

  it('lets a code be entered five times, and a source guess twenty times', async () => {
    const { user_code } = await begin();
    for (let i = 0; i < 5; i++) expect((await enter(user_code)).status).toBe(303);
    expect((await enter(user_code)).status).toBe(400);
    const guess = () => call(handler, 'POST /device', { form: { user_code: 'BBBB-BBBB' }, sourceIp: '10.9.9.9' });
    for (let i = 0; i < 20; i++) expect((await guess()).status).toBe(400);
    expect((await guess()).status).toBe(429);
    const right = await call(handler, 'POST /device', { form: { user_code: (await begin()).user_code }, sourceIp: '10.9.9.9' });
    expect(right.status).toBe(429);
  });

  it('serves pages that no other site may frame, script or read', async () => {
    const page = await call(handler, 'GET /device', { query: { user_code: '"><script>alert(1)</script>' } });
    expect(page.text).not.toContain('<script');
    expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  });
});

describe('user codes', () => {
  it('are read however they are typed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        fc.pre(bytes.filter((byte) => byte < 240).length >= 8);
        const code = userCode(bytes);
        const typed = [code, code.toLowerCase(), code.replace('-', ''), ` ${code.replace('-', ' ')} `];
        return typed.every((one) => readUserCode(one) === code);
      }),
    );
    for (const wrong of ['', 'AAAA-AAAA', 'BCDF-GHJ', 'BCDF-GHJKL', 'x'.repeat(100)]) expect(readUserCode(wrong)).toBeUndefined();
  });
});

describe('a poll', () => {
  const device: Device = {
    hash: 'h',
    user_code_hash: 'u',
    state: 'pending',
    client: 'claude_code',
    source_ip: '10.0.0.1',
    user_agent: '',
    created_at: '2026-11-22T09:00:00.000Z',
    ends_at: 600_000,
    interval: 5,
    tries: 0,
    expires_at: 4_200,
  };
  it.each([
    ['the first', {}, 'authorization_pending'],
    ['after the interval', { polled_at: 5_000 }, 'authorization_pending'],
    ['too early', { polled_at: 9_000 }, 'slow_down'],
    ['denied', { state: 'denied' as const }, 'access_denied'],
    ['after its end', { ends_at: 10_000 }, 'expired_token'],
    ['approved by nobody', { state: 'approved' as const }, 'authorization_pending'],
    ['of another client', { client_id: 'other' }, 'expired_token'],
  ])('%s is told %s', (_, change, error) => {
    const told = poll({ ...device, ...change }, undefined, 10_000);
    expect('error' in told ? told.error.error : told.act).toBe(error);
  });
});
