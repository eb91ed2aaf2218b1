/** Proves what is delivered while the tables are away: warm, cold, with and without the copies in S3. */
import { createServer } from 'node:http';
import { gate } from '@gatehouse/contracts/records/gate';
import { revocation } from '@gatehouse/contracts/records/revocation';
import { samplePolicy } from '@gatehouse/rules/sample';
import { put, update } from '@gatehouse/runtime/table';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler as keepServed } from './keep-served.lambda.ts';
import { handler as keepTrust } from './keep-trust.lambda.ts';
import { handler as publishPolicy } from './publish-policy.lambda.ts';
import { handler as settings } from './settings.lambda.ts';
import { type Company, call, type SignedIn, startCompany, startStorage } from './signed-in.fixture.ts';

let aws: TestAws;
let storage: Awaited<ReturnType<typeof startStorage>>;
let company: Company;
let bob: SignedIn;
let fresh: SignedIn;
let left: SignedIn;
let cut: SignedIn;
let last: Awaited<ReturnType<typeof call>>;
const route = 'GET /managed/settings';

beforeAll(async () => {
  aws = await startAws();
  storage = await startStorage(aws.clock);
  company = await startCompany(aws);
  bob = await company.signIn('bob', ['contractors']);
  fresh = await company.signIn('fresh', ['contractors']);
  left = await company.signIn('left', ['engineering']);
  cut = await company.signIn('cut', ['engineering']);
  await publishPolicy({ document: samplePolicy, author: 'deployment', reason: 'first policy', if_version: 0 } as never, {} as never);
  last = await call(settings, route, { token: bob.token });
  await call(settings, route, { token: cut.token });
  await copyServed();
  await shut(left);
  await shut(cut);
  const seq = `${Date.now()}000`.padStart(16, '0');
  const row = { ...revocation.example, seq, person: cut.id, epoch: 2, expires_at: Math.floor(Date.now() / 1000) + 3_600 };
  await put(company.tables.access, { ...revocation.key(0, seq), ...row });
  await keepTrust({ id: 'tick-1' } as never, {} as never);
  expect((await call(settings, route, { token: left.token })).status, 'seen refused').toBe(401);
  await aws.close();
});

async function shut({ id }: SignedIn): Promise<void> {
  await update(company.tables.access, gate.key(id), {
    UpdateExpression: 'SET #s = :shut, epoch = :two',
    ExpressionAttributeNames: { '#s': 'state' },
    ExpressionAttributeValues: { ':shut': 'shut', ':two': 2 },
  });
}

/** The table's stream, as Lambda hands it over. */
async function copyServed(): Promise<void> {
  const { Items } = (await aws.dynamodb.call('Scan', { TableName: company.tables.policy })) as { Items: Record<string, { S: string }>[] };
  const Records = Items.map((NewImage) => ({
    eventName: 'INSERT',
    dynamodb: { Keys: { pk: NewImage.pk, sk: NewImage.sk }, NewImage, SequenceNumber: '1' },
  }));
  expect(await keepServed({ Records } as never, {} as never)).toEqual({ batchItemFailures: [] });
}
/** An environment that has served nobody yet. */
async function cold() {
  vi.resetModules();
  return (await import('./settings.lambda.ts')).handler;
}

describe('a warm environment without tables', () => {
  it('answers a known person with the last body, also by its tag', async () => {
    expect(await call(settings, route, { token: bob.token })).toMatchObject({
      status: 200,
      body: last.body,
      headers: { etag: last.headers.etag },
    });
    const headers = { 'If-None-Match': String(last.headers.etag) };
    expect(await call(settings, route, { token: bob.token, headers })).toMatchObject({ status: 304 });
  });

  it('answers another with the base, and neither a forger nor whom it has seen refused', async () => {
    const base = await call(settings, route, { token: fresh.token });
    expect(base.status).toBe(200);
    expect(base.body.settings).not.toHaveProperty('availableModels');
    expect(base.body.settings.permissions).toEqual({ disableBypassPermissionsMode: 'disable' });
    expect((await call(settings, route, { token: left.token })).status).toBe(503);
    expect((await call(settings, route, { token: `${bob.token.slice(0, -4)}AAAA` })).status).toBe(401);
  });

  it('refuses whom the last known list of revocations holds, though it remembers them', async () => {
    expect(await call(settings, route, { token: cut.token })).toMatchObject({
      status: 401,
      body: { error: { type: 'authentication_error' } },
    });
  });
});

describe('a cold environment without tables', () => {
  it('answers from the copies: their own to whom was served before, the base to others', async () => {
    const handler = await cold();
    expect(await call(handler, route, { token: bob.token })).toMatchObject({
      status: 200,
      body: last.body,
      headers: { etag: last.headers.etag },
    });
    const base = await call(handler, route, { token: fresh.token });
    expect([base.status, base.body.settings.permissions]).toEqual([200, { disableBypassPermissionsMode: 'disable' }]);
  });

  it('refuses whom the list holds, and a forger', async () => {
    const handler = await cold();
    expect((await call(handler, route, { token: cut.token })).status).toBe(401);
    expect((await call(handler, route, { token: `${bob.token.slice(0, -4)}AAAA` })).status).toBe(503);
  });
});

describe('a table that hangs', () => {
  it('does not make the client wait for its own limit, and less once it is known to hang', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(Number(new URL(aws.url).port), '127.0.0.1', resolve));
    const handler = await cold();
    const timed = async () => {
      const began = performance.now();
      expect((await call(handler, route, { token: bob.token })).status).toBe(200);
      return performance.now() - began;
    };
    expect(await timed()).toBeLessThan(6_000);
    expect(await timed()).toBeLessThan(2_500);
    silent.closeAllConnections();
    silent.close();
  });
});

describe('without tables and without copies', () => {
  it('a warm environment still answers whom it admitted itself, and a cold one nobody', async () => {
    const handler = await cold();
    storage.close();
    expect((await call(handler, route, { token: bob.token })).status).toBe(503);
    expect(await call(settings, route, { token: bob.token })).toMatchObject({ status: 200, body: last.body });
  });
});
