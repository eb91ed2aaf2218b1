import { AwsError } from '@gatehouse/local/aws/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { handler as device } from './device.lambda.ts';
import { call, type Scene, startScene } from './scene.fixture.ts';
import { handler as token } from './token.lambda.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => {
  scene.trouble.clear();
  scene.idp.faults.clear();
});
afterAll(() => scene.close());

const verify = (subject: string) => call(token, 'POST /auth/verify', { json: { token: subject } });
const refresh = (refresh_token: string) => call(token, 'POST /auth/refresh', { json: { refresh_token } });
const throttled = new AwsError('ThrottlingException', 'Rate exceeded');
const broken = new AwsError('KMSInternalException', 'broken', { status: 500 });

/** First in the file: nothing is cached yet. */
describe('while the identity provider is down', () => {
  it('an exchange is told to come back, and the same token is taken afterwards', async () => {
    const subject = await scene.idToken('alice@example.com');
    scene.trouble.clear();
    await fetch(`${scene.idp.issuer}/_faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/.well-known', status: 503 }),
    });
    const told = await verify(subject);
    expect([told.status, told.json.error, told.headers['retry-after']]).toEqual([503, 'temporarily_unavailable', '1']);
    expect(await scene.rows('')).toEqual([]);
    scene.idp.faults.clear();
    // Asked at most once in ten seconds.
    expect((await verify(subject)).status).toBe(503);
    scene.aws.clock.advance(10);
    expect((await verify(subject)).status).toBe(200);
  });

  it('the device page says so, and the code can still be used', async () => {
    const { user_code } = (await call(device, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } })).json;
    const fault = { path: '/.well-known', status: 503 };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${scene.idp.issuer}/_faults`, { method: 'POST', headers, body: JSON.stringify(fault) });
    const told = await call(device, 'POST /device', { form: { user_code } });
    expect(told.status).toBe(503);
    expect(told.text).toContain('cannot answer just now');
    scene.idp.faults.clear();
    scene.aws.clock.advance(10);
    expect((await call(device, 'POST /device', { form: { user_code } })).status).toBe(303);
  });
});

describe('while the signing key', () => {
  it.each([
    ['is throttled', throttled, 429],
    ['is broken', broken, 503],
  ])(
    '%s, nothing is spent or rotated',
    async (_, error, status) => {
      const subject = await scene.idToken('dave@example.com');
      const { refresh_token } = (await verify(await scene.idToken('dave@example.com'))).json;
      const family = `FAMILY#${refresh_token.split('.')[0]}`;
      scene.trouble.set('Sign', error);
      const before = await scene.rows('FAMILY#');
      expect((await verify(subject)).status).toBe(status);
      const told = await refresh(refresh_token);
      expect([told.status, told.headers['retry-after']]).toEqual([status, '1']);
      expect(await scene.rows('FAMILY#')).toEqual(before);
      scene.trouble.clear();
      expect((await refresh(refresh_token)).status).toBe(200);
      expect(await scene.rows(family)).toMatchObject([{ step: 2 }]);
      expect((await verify(subject)).status).toBe(200);
    },
    20_000,
  );
});

describe('while clocks are wrong by an hour', () => {
  it('a token from the future waits, and one from the past is over', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const early = await scene.idToken('alice@example.com', { claims: { iat: seconds + 3600, exp: seconds + 7200 } });
    const late = await scene.idToken('alice@example.com', { claims: { iat: seconds - 7200, exp: seconds - 3600 } });
    for (const subject of [early, late]) {
      const told = await verify(subject);
      expect([told.status, told.json.error]).toEqual([400, 'invalid_request']);
    }
  });
});
