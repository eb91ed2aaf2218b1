import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusedFact, refusedRows } from './audit.ts';
import { handler as device } from './device.lambda.ts';
import { wireError } from './grant-answer.ts';
import type { SignInRefusal } from './refusal.ts';
import { handler as revocation } from './revoke.lambda.ts';
import { call, type Scene, startScene } from './scene.fixture.ts';
import { handler as token } from './token.lambda.ts';

const person = 'per_01h00000000000000000000000';
const family = 'fam_01h00000000000000000000000';

describe('what a refusal says on each grant’s wire', () => {
  it.each([
    [{ reason: 'bad_signature' }, 'token_exchange', false, 400, 'invalid_request'],
    [{ reason: 'unknown_issuer', iss: 'x' }, 'token_exchange', false, 400, 'invalid_request'],
    [{ reason: 'token_used' }, 'token_exchange', false, 400, 'invalid_request'],
    [{ reason: 'not_entitled', person, groups: [] }, 'token_exchange', false, 400, 'access_denied'],
    [{ reason: 'gate_shut', person, because: 'x' }, 'device_code', false, 400, 'access_denied'],
    [{ reason: 'token_used' }, 'device_code', false, 400, 'expired_token'],
    [{ reason: 'reused', person, family, presented: 1, current: 3 }, 'refresh_token', false, 401, 'invalid_grant'],
    [{ reason: 'reused', person, family, presented: 1, current: 3 }, 'refresh_token', true, 400, 'invalid_grant'],
    [{ reason: 'gate_shut', person, because: 'x' }, 'refresh_token', false, 401, 'invalid_grant'],
  ] as [SignInRefusal, 'token_exchange' | 'device_code' | 'refresh_token', boolean, number, string][])(
    '%o on %s',
    (refusal, grant, named, status, error) => {
      const told = wireError(grant, refusal, named);
      expect([told.status ?? 400, told.error]).toEqual([status, error]);
      expect(told.description).not.toContain(refusal.reason);
    },
  );

  it('makes a fact only of somebody who is known or vouched for, and one of a reuse elsewhere', () => {
    expect(refusedFact('token_exchange', { reason: 'bad_signature' })).toBeUndefined();
    expect(refusedFact('refresh_token', { reason: 'wrong_secret', family })).toBeUndefined();
    expect(refusedFact('refresh_token', { reason: 'reused', person, family, presented: 1, current: 3 })).toBeUndefined();
    expect(refusedFact('token_exchange', { reason: 'unknown_person', issuer: 'i' })).toEqual({
      grant: 'token_exchange',
      reason: 'unknown_person',
    });
    expect(refusedFact('refresh_token', { reason: 'not_active', person, status: 'left' }, 'i')).toMatchObject({ person, issuer: 'i' });
  });

  it('counts by class, and reuse apart', () => {
    expect(refusedRows({ reason: 'expired', exp: 1, now: 2 })).toMatchObject([{ dimensions: { class: 'token' } }]);
    expect(refusedRows({ reason: 'reused', person, family, presented: 1, current: 3 })).toHaveLength(2);
  });
});

describe('the log', () => {
  let scene: Scene;
  const written: string[] = [];
  const write = process.stdout.write;

  beforeAll(async () => {
    scene = await startScene();
    delete process.env.LOG_LEVEL;
    process.stdout.write = ((text: string | Uint8Array) => {
      written.push(String(text));
      return true;
    }) as typeof process.stdout.write;
  });
  afterAll(async () => {
    process.stdout.write = write;
    process.env.LOG_LEVEL = 'SILENT';
    await scene.close();
  });

  it('tells every mint and refusal, and holds no token, code, cookie or secret', async () => {
    const secrets: string[] = ['a pepper for tests and nothing else'];
    const idToken = await scene.idToken('alice@example.com');
    const first = (await call(token, 'POST /auth/verify', { json: { token: idToken } })).json;
    await call(token, 'POST /auth/verify', { json: { token: idToken } });
    const second = (await call(token, 'POST /auth/refresh', { json: { refresh_token: first.refresh_token } })).json;
    const third = (await call(token, 'POST /auth/refresh', { json: { refresh_token: second.refresh_token } })).json;
    await call(token, 'POST /auth/refresh', { json: { refresh_token: first.refresh_token } });
    await call(token, 'POST /auth/refresh', { json: { refresh_token: `${first.refresh_token.slice(0, -4)}AAAA` } });
    await call(token, 'POST /auth/verify', { json: { token: `${idToken.slice(0, -4)}AAAA` } });
    await call(token, 'POST /auth/verify', { json: { token: await scene.idToken('grace@example.com') } });
    const fresh = (await call(token, 'POST /auth/verify', { json: { token: await scene.idToken('alice@example.com') } })).json;
    await call(revocation, 'POST /oauth/introspect', { token: fresh.access_token, form: { token: fresh.access_token } });
    await call(revocation, 'POST /oauth/introspect', { token: third.access_token, form: { token: 'x' } });
    await call(revocation, 'POST /oauth/revoke', { form: { token: fresh.refresh_token } });
    const codes = (await call(device, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } })).json;
    const sent = await call(device, 'POST /device', { form: { user_code: codes.user_code } });
    await call(device, 'GET /oauth/callback', {
      cookie: sent.cookies[0]?.split(';')[0] ?? '',
      query: { state: 'x', code: 'a-code-from-the-idp' },
    });

    for (const answer of [first, second, third, fresh]) {
      secrets.push(answer.access_token, answer.refresh_token, answer.access_token.split('.')[2], answer.refresh_token.split('.')[2]);
    }
    secrets.push(idToken, idToken.split('.')[2] ?? '', codes.device_code, codes.user_code, 'a-code-from-the-idp');
    secrets.push(sent.cookies[0]?.split(/[=;.]/)[1] ?? 'no cookie');
    const text = written.join('\n');
    for (const message of ['token issued', 'sign-in refused', 'session revoked', '"reused"', '"not_entitled"', '"bad_signature"']) {
      expect(text).toContain(message);
    }
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8);
      expect(text.includes(secret)).toBe(false);
    }
    expect(text).toContain('TokensIssued');
    expect(text).toContain('RefreshReuse');
    const rows = JSON.stringify(await scene.rows(''));
    for (const secret of secrets) expect(rows.includes(secret)).toBe(false);
  });
});
