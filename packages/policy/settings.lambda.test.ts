/** Proves the delivery of managed settings over real tables: tags, refusals, and what is noted of each delivery. */
import { samplePolicy } from '@gatehouse/rules/sample';
import { get } from '@gatehouse/runtime/table';
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

describe('a policy for a service, or for a way in', () => {
  it('holds for sessions of that service alone, whatever else its owner may', async () => {
    const build = { name: 'builds', match: { services: ['deploy'] }, models: { allow: ['haiku'] } };
    const exchanged = { name: 'exchanged', match: { environments: ['exchange'] }, models: { allow: ['sonnet'] } };
    const document = { ...samplePolicy, policies: [build, exchanged, ...samplePolicy.policies] };
    await publishPolicy({ document, author: 'deployment', reason: 'builds', if_version: 1 } as never, {} as never);
    const models = async (client: string, clientId: string) => {
      const { token } = await company.signIn('dan', ['engineering'], { client, clientId });
      return (await call(settings, route, { token })).body.settings.availableModels;
    };
    expect(await models('service', 'deploy')).toEqual(['haiku']);
    expect(await models('service', 'other')).toBeUndefined();
    expect(await models('claude_code', 'deploy'), 'a name that the client chose itself').toBeUndefined();
    expect(await models('exchange', 'deploy')).toEqual(['sonnet']);
    await publishPolicy({ document: samplePolicy, author: 'deployment', reason: 'back', if_version: 2 } as never, {} as never);
  });
});

describe('a delivery', () => {
  it('is noted: what was delivered, what the client says it holds, and which version it is', async () => {
    const ann = await company.signIn('ann', ['contractors']);
    const first = await call(settings, route, { token: ann.token, headers: { 'User-Agent': 'claude-code/2.1.330' } });
    const row = () => get(company.tables.policy, { pk: `CLIENT#${ann.id}`, sk: ann.session });
    expect(await row()).toMatchObject({ via: 'gateway', delivered: first.body.checksum, client_version: '2.1.330' });
    expect(await row()).not.toHaveProperty('held');
    await call(settings, route, { token: ann.token, headers: { 'If-None-Match': String(first.headers.etag) } });
    expect(await row()).toMatchObject({ held: first.body.checksum, previous: first.body.checksum });
  });

  it('leaves what was served for the copy, once for the same', async () => {
    const row = () => get(company.tables.policy, { pk: `SERVED#${bob.id}`, sk: 'SERVED' });
    const before = await row();
    expect(JSON.parse(String(before?.settings))).toMatchObject({ availableModels: ['haiku'] });
    await call(settings, route, { token: bob.token, headers: { 'User-Agent': 'claude-code/2.1.331' } });
    expect(await row()).toEqual(before);
  });

  it('happens also when it cannot be noted', async () => {
    const eve = await company.signIn('eve', ['contractors']);
    const { AwsError } = await import('@gatehouse/local/aws/service');
    aws.trouble = (operation) => (operation === 'UpdateItem' ? new AwsError('ValidationException', 'no notes today') : undefined);
    expect((await call(settings, route, { token: eve.token })).status).toBe(200);
    aws.trouble = undefined;
    expect((await call(settings, route, { token: eve.token })).status).toBe(200);
    expect(await get(company.tables.policy, { pk: `CLIENT#${eve.id}`, sk: eve.session })).toBeDefined();
  });
});
