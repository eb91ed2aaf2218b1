/** Proves the delivery of managed settings over real tables: tags, refusals, and what happens while the tables are away. */
import { createServer } from 'node:http';
import { gate } from '@gatehouse/contracts/records/gate';
import { samplePolicy } from '@gatehouse/rules/sample';
import { update } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler as publishPolicy } from './publish-policy.lambda.ts';
import { handler as settings } from './settings.lambda.ts';
import { type Company, call, publicUrl, type SignedIn, startCompany } from './signed-in.fixture.ts';

let aws: TestAws;
let company: Company;
let alice: SignedIn;
let bob: SignedIn;
const route = 'GET /managed/settings';

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  alice = await company.signIn('alice', ['engineering']);
  bob = await company.signIn('bob', ['contractors']);
  await publishPolicy({ document: samplePolicy, author: 'deployment', reason: 'first policy', if_version: 0 } as never, {} as never);
});
afterAll(() => aws.close());

describe('managed settings on the wire', () => {
  it('are those of the caller, with a tag over them', async () => {
    const answer = await call(settings, route, { token: bob.token });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['uuid', 'checksum', 'settings']);
    expect(answer.body.settings).toMatchObject({ availableModels: ['haiku'], permissions: { deny: ['Bash', 'PowerShell'] } });
    expect(answer.body.settings.env.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(publicUrl);
    expect(answer.headers).toMatchObject({ etag: `"${answer.body.checksum}"`, vary: 'User-Agent' });
  });

  it('answer 304 to the matching tag only', async () => {
    const { headers } = await call(settings, route, { token: alice.token });
    expect(await call(settings, route, { token: alice.token, headers: { 'If-None-Match': String(headers.etag) } })).toMatchObject({
      status: 304,
      body: undefined,
    });
    expect((await call(settings, route, { token: alice.token, headers: { 'If-None-Match': '"sha256:other"' } })).status).toBe(200);
  });

  it('are refused to a bad token, and to somebody whom no policy admits', async () => {
    expect(await call(settings, route, { token: `${alice.token}x` })).toMatchObject({
      status: 401,
      body: { type: 'error', error: { type: 'authentication_error' }, request_id: 'req' },
    });
    const stranger = await company.signIn('stranger', []);
    expect((await call(settings, route, { token: stranger.token })).status).toBe(403);
  });
});

describe('while the tables are away', () => {
  it('a known person gets the last body, another the base, one seen refused and a forger nothing', async () => {
    const last = await call(settings, route, { token: bob.token });
    const fresh = await company.signIn('fresh', ['contractors']);
    const left = await company.signIn('left', ['engineering']);
    await update(company.tables.access, gate.key(left.id), {
      UpdateExpression: 'SET #s = :shut, epoch = :two',
      ExpressionAttributeNames: { '#s': 'state' },
      ExpressionAttributeValues: { ':shut': 'shut', ':two': 2 },
    });
    expect((await call(settings, route, { token: left.token })).status).toBe(401);

    await aws.close();

    expect(await call(settings, route, { token: bob.token })).toMatchObject({
      status: 200,
      body: last.body,
      headers: { etag: last.headers.etag },
    });
    expect(await call(settings, route, { token: bob.token, headers: { 'If-None-Match': String(last.headers.etag) } })).toMatchObject({
      status: 304,
    });
    const base = await call(settings, route, { token: fresh.token });
    expect(base.status).toBe(200);
    expect(base.body.settings).not.toHaveProperty('availableModels');
    expect(base.body.settings.permissions).toEqual({ disableBypassPermissionsMode: 'disable' });
    expect((await call(settings, route, { token: left.token })).status).toBe(503);
    expect((await call(settings, route, { token: `${bob.token.slice(0, -4)}AAAA` })).status).toBe(401);
  });

  it('a table that hangs does not make the client wait for its own limit', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(Number(new URL(aws.url).port), '127.0.0.1', resolve));
    const began = performance.now();
    expect((await call(settings, route, { token: bob.token })).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(6_000);
    silent.closeAllConnections();
    silent.close();
  });
});
