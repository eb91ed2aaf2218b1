import { now } from '@gatehouse/runtime/clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familySeconds, graceMs, meaningOf, parseRefreshToken, refreshToken, secretHolds, traceOf } from './family.ts';
import { type MintFor, mint } from './mint.ts';
import { refresh as refreshGrant } from './refresh.grant.ts';
import { live } from './refresh-life.fixture.ts';
import { call, type Scene, startScene, worldOf } from './scene.fixture.ts';
import { handler as token } from './token.lambda.ts';

const pepper = 'a pepper';
const idleSeconds = 14 * 86_400;
const family = { id: 'fam_01h00000000000000000000000', salt: 'c2FsdHNhbHRzYWx0c2FsdA' };

describe('a refresh token', () => {
  it('is read back as it was made, and by no other pepper, family, salt or step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (step) => {
        const presented = parseRefreshToken(refreshToken(pepper, family, step));
        if (!presented) return false;
        return (
          presented.step === step &&
          secretHolds(pepper, family, presented) &&
          !secretHolds('another', family, presented) &&
          !secretHolds(pepper, { ...family, id: 'fam_01h00000000000000000000001' }, presented) &&
          !secretHolds(pepper, { ...family, salt: 'AAAAAAAAAAAAAAAAAAAAAA' }, presented) &&
          !secretHolds(pepper, family, { ...presented, step: step + 1 })
        );
      }),
    );
  });

  it.each([
    '',
    'x',
    'fam_1.1.a',
    `${family.id}.0.${'A'.repeat(43)}`,
    `${family.id}.01.${'A'.repeat(43)}`,
    `${family.id}.1.${'A'.repeat(44)}`,
    'a'.repeat(1_000_000),
  ])('of another shape is none: %.20s', (text) => {
    expect(parseRefreshToken(text)).toBeUndefined();
  });
});

describe('the meaning of a step', () => {
  const row = { state: 'live' as const, step: 5, rotated_at: 1_000_000, expires_at: 2_000_000 };
  it.each([
    ['the live step', row, 5, 1_000_000, 'rotate'],
    ['the step before, within the grace', row, 4, 1_000_000 + graceMs, 'repeat'],
    ['the step before, after the grace', row, 4, 1_000_001 + graceMs, 'reuse'],
    ['two steps before, at once', row, 3, 1_000_000, 'reuse'],
    ['a step that was never given', row, 6, 1_000_000, 'refuse'],
    ['any step of an ended family', { ...row, state: 'ended' as const }, 5, 1_000_000, 'refuse'],
    ['any step of a reused family', { ...row, state: 'reused' as const }, 3, 1_000_000, 'refuse'],
    ['the live step, idle to the last millisecond', row, 5, 1_000_000 + idleSeconds * 1000 - 1, 'rotate'],
    ['the live step, idle for too long', { ...row, expires_at: 1e12 }, 5, 1_000_000 + idleSeconds * 1000, 'refuse'],
    ['a retired step, idle for too long', { ...row, expires_at: 1e12 }, 3, 1_000_000 + idleSeconds * 1000, 'reuse'],
    ['the live step at the absolute end', { ...row, expires_at: 1_000 }, 5, 1_000_000, 'refuse'],
  ] as const)('%s', (_, state, step, at, act) => {
    expect(meaningOf(state, step, at, { idleSeconds }).act).toBe(act);
  });
});

describe('a family over its life', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene.close());

  const signIn = async (email: string) => (await call(token, 'POST /auth/verify', { json: { token: await scene.idToken(email) } })).json;
  const refresh = (refresh_token: string) => call(token, 'POST /auth/refresh', { json: { refresh_token } });

  it('gives a lost answer again for a minute, with a token that lives no longer', async () => {
    const { refresh_token } = await signIn('dave@example.com');
    const first = await refresh(refresh_token);
    scene.aws.clock.advance(50);
    const second = await refresh(refresh_token);
    expect(second.json.refresh_token).toBe(first.json.refresh_token);
    const [a, b] = [first, second].map(({ json }) => JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url').toString()));
    expect([b.exp, b.jti]).toEqual([a.exp, a.jti]);
    expect(second.json.expires_in).toBeLessThanOrEqual(10_800 - 49);
    scene.aws.clock.advance(11);
    expect((await refresh(refresh_token)).status).toBe(401);
    expect((await refresh(first.json.refresh_token)).status).toBe(401);
  });

  it('ends after thirty days, used or not, and its last access token with it', async () => {
    let { refresh_token } = await signIn('dave@example.com');
    for (let third = 0; third < 2; third++) {
      scene.aws.clock.advance(familySeconds / 3);
      refresh_token = (await refresh(refresh_token)).json.refresh_token;
    }
    scene.aws.clock.advance(familySeconds / 3 - 3600);
    const late = await refresh(refresh_token);
    expect(late.json.expires_in).toBeLessThanOrEqual(3600);
    refresh_token = late.json.refresh_token;
    scene.aws.clock.advance(3600);
    expect((await refresh(refresh_token)).status).toBe(401);
  });

  it('is over when nobody used it for two weeks, and not a second before', async () => {
    const first = await signIn('dave@example.com');
    scene.aws.clock.advance(idleSeconds - 60);
    const used = await refresh(first.refresh_token);
    expect(used.status).toBe(200);
    scene.aws.clock.advance(idleSeconds + 1);
    const told = await refresh(used.json.refresh_token);
    expect([told.status, told.json.error]).toEqual([401, 'invalid_grant']);
    // Whoever comes with a retired one holds a copy, however late.
    expect((await refresh(first.refresh_token)).status).toBe(401);
    const facts = (await scene.rows('OUTBOX#')).filter(({ type }) => type === 'refresh-reused');
    expect(facts.some(({ detail }) => String(detail).includes(first.refresh_token.split('.')[0]))).toBe(true);
  });

  it.each([
    ['anywhere', 'answers the same to a repeat from another address'],
    ['same_client', 'takes a repeat from another address or user agent for a thief'],
  ] as const)('with grace %s %s', async (grace, _title) => {
    const pepper = 'a pepper for tests and nothing else';
    const { refresh_token } = await signIn('erin@example.com');
    const env = {
      TABLE_ACCESS: scene.table,
      TABLE_PEOPLE: scene.people,
      TABLE_POLICY: process.env.TABLE_POLICY ?? '',
      CONFIG: { refresh: { idle_seconds: idleSeconds, grace } },
    };
    const mintFor: MintFor = async (family) =>
      mint(family, { signer: { kid: 'k', sign: async () => 'signature' }, pepper, origin: 'https://gateway.example.com' }, now());
    const from = (by: string) => refreshGrant(env, pepper, { token: refresh_token, by }, mintFor, now());
    const [laptop, elsewhere] = [traceOf('10.1.2.3', 'claude'), traceOf('10.9.9.9', 'claude')];
    const [first, again] = [await from(laptop), await from(laptop)];
    expect(first.ok && again.ok && again.value.minted.refresh_token === first.value.minted.refresh_token).toBe(true);
    const other = await from(elsewhere);
    expect(other.ok ? 'repeated' : other.refusal.reason).toBe(grace === 'anywhere' ? 'repeated' : 'reused');
    const last = await from(laptop);
    expect(last.ok ? 'repeated' : last.refusal.reason).toBe(grace === 'anywhere' ? 'repeated' : 'family_ended');
  });

  it('never asks an honest developer to sign in again, and never keeps a thief', async () => {
    const random = seeded(20_261_122);
    const honest = await live(worldOf(scene, token, 'ivan@example.com'), { days: 29, theft: false, random });
    expect(honest).toMatchObject({ forcedLogins: 0, alerted: false });
    expect(honest.refreshes).toBeGreaterThan(80);
    for (const email of ['alice@example.com', 'bob@example.com', 'carol@example.com', 'erin@example.com']) {
      expect(await live(worldOf(scene, token, email), { days: 6, theft: true, random })).toMatchObject({
        forcedLogins: 0,
        thiefAlive: false,
        alerted: true,
      });
    }
  });
});

/** mulberry32: the same lives in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
