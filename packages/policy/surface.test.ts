/** Proves that each entry gets along with exactly the rights its surface names: the endpoint refuses all else, as IAM would. */
import type { AddressInfo } from 'node:net';
import { functionName } from '@gatehouse/contracts/names';
import { policyPublished } from '@gatehouse/events/policy-published';
import { settingsResolved } from '@gatehouse/events/settings-resolved';
import { createAccess } from '@gatehouse/local/aws/access';
import { createEndpoint } from '@gatehouse/local/aws/endpoint';
import { samplePolicy } from '@gatehouse/rules/sample';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { type Company, call, type SignedIn, startCompany } from './signed-in.fixture.ts';
import { surface } from './surface.ts';

let aws: TestAws;
let company: Company;
let bob: SignedIn;
let carol: SignedIn;
let server: ReturnType<typeof createEndpoint>;

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  bob = await company.signIn('bob', ['contractors']);
  carol = await company.signIn('carol', ['platform-admins']);
  server = createEndpoint({ services: [aws.dynamodb], clock: aws.clock, authorize: createAccess({ surfaces: [surface], stage: 'test' }) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await aws.close();
});

/** Modules anew, so that clients sign as this function. */
async function as<M>(entry: string, load: () => Promise<M>): Promise<M> {
  vi.resetModules();
  process.env.AWS_ACCESS_KEY_ID = functionName('test', 'policy', entry);
  return load();
}

describe('the rights of the surface', () => {
  it('let the deployer publish', async () => {
    const { handler } = await as('publish-policy', () => import('./publish-policy.lambda.ts'));
    const input = { document: samplePolicy, author: 'deployment', reason: 'first policy', if_version: 0 };
    expect(await handler(input as never, {} as never)).toEqual({ outcome: 'published', version: 1 });
    expect(await handler(input as never, {} as never)).toEqual({ outcome: 'not_at_version', version: 1 });
  });

  it('let settings be delivered', async () => {
    const { handler } = await as('settings', () => import('./settings.lambda.ts'));
    expect((await call(handler, 'GET /managed/settings', { token: bob.token })).status).toBe(200);
  });

  it('let people and administrators ask', async () => {
    const { handler } = await as('own', () => import('./own.lambda.ts'));
    expect((await call(handler, 'GET /v1/policy', { token: bob.token })).status).toBe(200);
    for (const person of ['bob@example.com', bob.id])
      expect((await call(handler, 'GET /v1/policy/explain', { token: carol.token, query: { person } })).status).toBe(200);
  });

  it('let administrators do all that the routes offer', async () => {
    const { handler } = await as('admin', () => import('./admin.lambda.ts'));
    const token = carol.token;
    const statuses: number[] = [];
    const ask = async (...of: [Parameters<typeof call>[1], object?]) => {
      const { status } = await call(handler, of[0], { token, ...of[1] });
      statuses.push(status);
    };
    await ask('GET /admin/policies');
    await ask('PUT /admin/policies', { body: { policies: samplePolicy.policies.slice(0, 1) }, headers: { 'If-Match': '"1"' } });
    await ask('GET /admin/policies/versions');
    await ask('GET /admin/policies/versions/{version}', { path: { version: '1' } });
    await ask('POST /admin/policies/diff', { body: { from: 1, to: 2 } });
    await ask('POST /admin/policies/rollback', { body: { version: 1, reason: 'back' } });
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('let a draft be tried on people and on the ledger', async () => {
    const { handler } = await as('simulate', () => import('./simulate.lambda.ts'));
    const body = { document: samplePolicy, people: ['bob@example.com'] };
    const answer = await call(handler, 'POST /admin/policies/simulate', { token: carol.token, body });
    expect(answer).toMatchObject({ status: 200, body: { everyone: { people: 2 }, replay: { partial: null } } });
  });

  it('let everybody be told of whom a version concerns', async () => {
    const { handler } = await as('hear-published', () => import('./hear-published.lambda.ts'));
    const detail = { ...policyPublished.example, version: 2 };
    const event = { source: policyPublished.source, 'detail-type': policyPublished.type, detail };
    await expect(handler(event as never, {} as never)).resolves.toBeUndefined();
  });

  it('let clients be noted, heard, listed and measured', async () => {
    const delivered = await as('settings', () => import('./settings.lambda.ts'));
    expect((await call(delivered.handler, 'GET /managed/settings', { token: carol.token })).status).toBe(200);
    const helper = await as('own', () => import('./own.lambda.ts'));
    const route = 'GET /v1/policy/renderings/{kind}';
    expect((await call(helper.handler, route, { token: carol.token, path: { kind: 'policy-helper' } })).status).toBe(200);
    const heard = await as('hear-settings', () => import('./hear-settings.lambda.ts'));
    const detail = { ...settingsResolved.example, person: carol.id, session: carol.session };
    await heard.handler({ source: settingsResolved.source, 'detail-type': settingsResolved.type, detail } as never, {} as never);
    const { handler } = await as('clients', () => import('./clients.lambda.ts'));
    expect(await call(handler, 'GET /admin/policies/clients', { token: carol.token })).toMatchObject({
      status: 200,
      body: { counts: { proven: 1 }, clients: [{}, { person: carol.id, session: carol.session, standing: 'proven', via: 'helper' }] },
    });
    const measured = await as('measure-clients', () => import('./measure-clients.lambda.ts'));
    await expect(measured.handler({ id: 'tick' } as never, {} as never)).resolves.toBeUndefined();
  });

  it('let nobody publish who only delivers', async () => {
    const { handler } = await as('settings', () => import('./admin.lambda.ts'));
    const options = { token: carol.token, body: { ...samplePolicy, mode: 'layered' }, headers: { 'If-Match': '*' } };
    expect((await call(handler, 'PUT /admin/policies', options)).status).toBe(500);
  });
});
