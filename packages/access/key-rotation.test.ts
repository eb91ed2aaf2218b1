import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { placeholder } from '@gatehouse/contracts/names';
import { checkAccessToken } from '@gatehouse/core/access-token';
import { createStates } from '@gatehouse/local/aws/states/states';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { put } from '@gatehouse/runtime/table';
import { trustedKeys } from '@gatehouse/runtime/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadAfterSeconds, type KeyRow, knownAfterSeconds, nextOf, waitFor, withdrawalOf } from './key-ring.ts';
import { keySetSeconds } from './metadata.ts';
import { handler as publish } from './publish-signing-key.lambda.ts';
import { call, origin, type Scene, startScene } from './scene.fixture.ts';
import { activate, retire } from './signing-keys.lambda.ts';
import { surface } from './surface.ts';
import { handler as token } from './token.lambda.ts';

const ring = ['arn:a', 'arn:b', 'arn:c'];
const at = '2026-11-22T09:00:00.000Z';
const began = Date.parse(at);
const row = (name: string, state: KeyRow['state'], changed_at = at): KeyRow => ({
  kid: name,
  state,
  key_arn: `arn:${name}`,
  created_at: at,
  changed_at,
  jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: name, alg: 'ES256', use: 'sig' },
});

describe('the ring of keys', () => {
  it.each([
    ['after the first comes the second', [row('a', 'current')], 'arn:b'],
    ['after the last comes the first', [row('c', 'current')], 'arn:a'],
    ['a key whose tokens may live is passed over', [row('a', 'previous'), row('c', 'current')], 'arn:b'],
    ['what a broken rotation published is taken up', [row('a', 'current'), row('c', 'next')], 'arn:c'],
    ['a key that the deployment took away does not count', [{ ...row('z', 'next'), key_arn: 'arn:z' }, row('a', 'current')], 'arn:b'],
  ])('%s', (_, rows, arn) => {
    expect(nextOf(rows, ring)).toEqual({ ok: true, value: arn });
  });

  it('has no next key while all are in use', () => {
    const all = [row('a', 'current'), row('b', 'previous'), row('c', 'previous')];
    expect(nextOf(all, ring)).toEqual({ ok: false, refusal: { reason: 'busy', kids: ['b', 'c'] } });
  });

  it('counts the wait from the change of state, and never below nothing', () => {
    expect(waitFor(row('a', 'next'), knownAfterSeconds, began)).toBe(knownAfterSeconds);
    expect(waitFor(row('a', 'next'), knownAfterSeconds, began + 1)).toBe(knownAfterSeconds);
    expect(waitFor(row('a', 'next'), knownAfterSeconds, began + knownAfterSeconds * 1000)).toBe(0);
    expect(waitFor(row('a', 'next'), knownAfterSeconds, began + 1e9)).toBe(0);
  });

  it('withdraws only former keys, and only those that are dead', () => {
    const young = timestamp(began + 60_000);
    const rows = [row('a', 'previous'), row('b', 'previous', young), row('c', 'current')];
    const told = withdrawalOf(rows, 'c', began + deadAfterSeconds * 1000);
    expect(told.dead.map(({ kid }) => kid)).toEqual(['a']);
    expect(told.waitSeconds).toBe(60);
    expect(withdrawalOf(rows, 'b', began + 1e9).dead.map(({ kid }) => kid)).toEqual(['a']);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a machine's views are read by the assertions.
type Any = any;
const context = { awsRequestId: 'test' } as never;

describe('the machine', () => {
  let scene: Scene;
  let states: ReturnType<typeof createStates>;
  let machine: string;
  const troubles = new Map<string, Error>();
  const handlers: Record<string, Any> = { 'publish-signing-key': publish, 'activate-signing-key': activate, 'retire-signing-key': retire };

  const op = async (name: string, input: object): Promise<Any> =>
    states.service.operations[name]?.(input, { caller: 'test', requestId: 'req' });

  beforeAll(async () => {
    scene = await startScene();
    states = createStates({
      clock: scene.aws.clock,
      random: () => 0,
      onStatus: () => {},
      invoke: async (_, args: Any) => {
        const trouble = troubles.get(args.FunctionName);
        const told = trouble ? Promise.reject(trouble) : handlers[args.FunctionName](args.Payload, context);
        const answer = await told.catch((error: Error) => {
          throw { errorType: error.name, errorMessage: error.message, trace: [] };
        });
        return { Payload: answer, StatusCode: 200 };
      },
    });
    const steps = surface.machines?.[0]?.steps ?? [];
    let definition = readFileSync(new URL('key-rotation.asl.json', import.meta.url), 'utf8');
    for (const step of steps) definition = definition.replaceAll(`\${${placeholder(step)}}`, step);
    const roleArn = 'arn:aws:iam::000000000000:role/r';
    machine = (await op('CreateStateMachine', { name: 'key-rotation', definition, roleArn })).stateMachineArn;
  });
  afterAll(async () => {
    await states.close();
    await scene.close();
  });

  const start = async (input: unknown): Promise<string> => {
    const { executionArn } = await op('StartExecution', { stateMachineArn: machine, input: JSON.stringify(input) });
    await states.idle();
    return executionArn;
  };
  const look = (executionArn: string) => op('DescribeExecution', { executionArn });
  const pass = async (seconds: number) => {
    scene.aws.clock.advance(seconds);
    await states.idle();
  };
  const finish = async (executionArn: string) => {
    for (let turn = 0; turn < 20 && (await look(executionArn)).status === 'RUNNING'; turn++) await pass(deadAfterSeconds / 2);
    return look(executionArn);
  };
  const signed = async (): Promise<string> => {
    const told = await call(token, 'POST /auth/verify', { json: { token: await scene.idToken('alice@example.com') } });
    return told.json.access_token;
  };
  const keySet = async (): Promise<ReadonlyMap<string, KeyObject>> => {
    const { keys } = (await call(token, 'GET /.well-known/jwks.json')).json;
    return new Map(keys.map((jwk: Any) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
  };
  const kidOf = (text: string) => JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()).kid;
  const stateOf = async () => Object.fromEntries((await scene.rows('SIGNING-KEYS')).map(({ kid, state }) => [kid, state]));
  const verdict = (text: string, keys: ReadonlyMap<string, KeyObject>) => {
    const told = checkAccessToken(text, { issuer: origin, audience: origin, keys }, Math.floor(now() / 1000));
    return told.ok ? 'good' : told.refusal.reason;
  };

  it('changes the key, and no token fails at any instant: with a copy of the key set up to its max-age old, or with our own', async () => {
    const copies: { at: number; keys: ReadonlyMap<string, KeyObject> }[] = [];
    const tokens: { text: string; exp: number }[] = [];
    const seen: string[] = [];
    let checks = 0;
    // One instant: a key set is fetched, a token is minted, and every living token meets every copy that may still be in use.
    const instant = async () => {
      copies.push({ at: now(), keys: await keySet() });
      const text = await signed();
      tokens.push({ text, exp: now() / 1000 + 10_800 });
      const kid = kidOf(text);
      if (seen.at(-1) !== kid) seen.push(kid);
      const living = tokens.filter(({ exp }) => exp - 1 > now() / 1000);
      for (const copy of copies.filter(({ at }) => now() - at <= keySetSeconds * 1000))
        for (const one of living) {
          expect(verdict(one.text, copy.keys), `at ${timestamp()}, copy of ${timestamp(copy.at)}`).toBe('good');
          checks++;
        }
      // Ours never has to ask again: every kid is known before it signs.
      const own = await trustedKeys(now());
      for (const one of living) expect(verdict(one.text, own)).toBe('good');
    };
    await instant();
    const run = await start({ reason: 'a drill' });
    expect((await look(run)).status).toBe('RUNNING');
    expect(Object.values(await stateOf()).sort()).toEqual(['current', 'next']);
    await instant();
    for (let elapsed = 0; elapsed < knownAfterSeconds + 240; elapsed += 30) {
      await pass(30);
      await instant();
    }
    expect(seen).toHaveLength(2);
    expect(await stateOf()).toEqual({ [String(seen[0])]: 'previous', [String(seen[1])]: 'current' });
    for (let turn = 0; turn < 24 && (await look(run)).status === 'RUNNING'; turn++) {
      await pass(600);
      await instant();
    }
    expect(await look(run)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await stateOf()).toEqual({ [String(seen[1])]: 'current' });
    expect([...(await keySet()).keys()]).toEqual([seen[1]]);
    expect(checks).toBeGreaterThan(500);
  }, 60_000);

  it('goes round the ring: three rotations later the first key signs again', async () => {
    const first = kidOf(await signed());
    const kids: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const run = await start({ reason: 'again', ticket: 'SEC-1' });
      expect(await finish(run)).toMatchObject({ status: 'SUCCEEDED' });
      kids.push(kidOf(await signed()));
    }
    expect(new Set(kids).size).toBe(3);
    expect(kids[2]).toBe(first);
  });

  it('shows its plan and changes nothing on a dry run', async () => {
    const before = await stateOf();
    const run = await start({ reason: 'looking', dry_run: true });
    expect(await look(run)).toMatchObject({ status: 'SUCCEEDED', output: expect.stringContaining('would be published') });
    expect(await stateOf()).toEqual(before);
  });

  it.each([
    [{}, '"reason" is missing. Write {"reason": "twice a year"}'],
    [[], 'not a JSON object'],
    [{ reason: ' ' }, '"reason" should be a text'],
    [{ reason: 'x', why: 'y' }, '"why" is not known here'],
    [{ reason: 'x', dry_run: 'yes' }, '"dry_run" should be true or false'],
  ])('says what to write instead of %j', async (input, sentence) => {
    const before = await stateOf();
    const told = await look(await start(input));
    expect(told).toMatchObject({ status: 'FAILED', error: 'InvalidRequest' });
    expect(JSON.parse(told.cause).errorMessage).toContain(sentence);
    expect(await stateOf()).toEqual(before);
  });

  it('twice at once is one rotation', async () => {
    const runs = await Promise.all([start({ reason: 'one' }), start({ reason: 'two' })]);
    expect(Object.values(await stateOf()).sort()).toEqual(['current', 'next']);
    for (const run of runs) expect(await finish(run)).toMatchObject({ status: 'SUCCEEDED' });
    expect(Object.values(await stateOf())).toEqual(['current']);
  });

  it.each([
    ['publish-signing-key', 'NotRotated', ['current']],
    ['activate-signing-key', 'NotActivated', ['current', 'next']],
    ['retire-signing-key', 'NotWithdrawn', ['current', 'previous']],
  ])('that breaks at %s says so, harms no token, and is taken up by the next', async (step, error, left) => {
    const broken = new Error('the store is away');
    broken.name = 'Unavailable';
    troubles.set(step, broken);
    const told = await finish(await start({ reason: 'a broken one' }));
    expect(told).toMatchObject({ status: 'FAILED', error, cause: expect.stringContaining('the store is away') });
    expect(Object.values(await stateOf()).sort()).toEqual(left);
    expect(verdict(await signed(), await keySet())).toBe('good');
    troubles.clear();
    expect(await finish(await start({ reason: 'once more' }))).toMatchObject({ status: 'SUCCEEDED' });
    expect(Object.values(await stateOf())).toEqual(['current']);
  });

  it('is told to wait on when it comes too early', async () => {
    const run = await start({ reason: 'early' });
    const next = (await scene.rows('SIGNING-KEYS')).find(({ state }) => state === 'next');
    expect(await activate({ kid: String(next?.kid) } as Any, context)).toMatchObject({
      outcome: 'not_yet',
      wait_seconds: knownAfterSeconds,
    });
    await pass(knownAfterSeconds + 1);
    expect(await retire({ kid: String(next?.kid) } as Any, context)).toMatchObject({ outcome: 'not_yet' });
    expect(await activate({ kid: String(next?.kid) } as Any, context)).toMatchObject({ outcome: 'nothing_to_do' });
    await finish(run);
    await expect(activate({ kid: 'never' } as Any, context)).rejects.toThrow('not published any more');
  });

  it('is not needed when the deployment takes the signing key away: the first of the ring signs, and living tokens go on verifying', async () => {
    const texts = [await signed()];
    // The second time it is the first of the ring itself, under another ARN.
    for (let time = 0; time < 2; time++) {
      const row = (await scene.rows('SIGNING-KEYS')).find(({ state }) => state === 'current');
      await put(scene.table, { ...row, pk: 'SIGNING-KEYS', sk: String(row?.sk), key_arn: 'arn:of-another-deployment' });
      await pass(61);
      texts.push(await signed());
      const current = (await scene.rows('SIGNING-KEYS')).filter(({ state }) => state === 'current');
      expect(current.map(({ key_arn }) => key_arn)).toEqual([process.env.KEY_SIGNING_A_ARN]);
      for (const text of texts) expect(verdict(text, await keySet())).toBe('good');
    }
    expect(await finish(await start({ reason: 'on we go' }))).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('does not begin while the whole ring is in use', async () => {
    const former = (await scene.rows('SIGNING-KEYS'))[0];
    const arns = [process.env.KEY_SIGNING_A_ARN, process.env.KEY_SIGNING_B_ARN, process.env.KEY_SIGNING_C_ARN];
    const rest = arns.filter((arn) => arn !== former?.key_arn);
    for (const [index, key_arn] of rest.entries())
      await put(scene.table, { ...row(`k${index}`, 'previous', timestamp()), pk: 'SIGNING-KEYS', sk: `k${index}`, key_arn: key_arn ?? '' });
    expect(await look(await start({ reason: 'x' }))).toMatchObject({
      error: 'InvalidRequest',
      cause: expect.stringContaining('Every key of the ring is in use'),
    });
  });
});
