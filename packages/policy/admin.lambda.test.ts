/** Proves the life of the document over real tables: publication, races, drafts, comparison, rollback, and that each takes effect on the next call. */
import { samplePolicy } from '@gatehouse/rules/sample';
import { query } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler as admin } from './admin.lambda.ts';
import { handler as own } from './own.lambda.ts';
import { handler as publishPolicy } from './publish-policy.lambda.ts';
import { handler as settings } from './settings.lambda.ts';
import { type Answer, type Company, call, type SignedIn, startCompany, watch } from './signed-in.fixture.ts';
import { handler as simulate } from './simulate.lambda.ts';

let aws: TestAws;
let company: Company;
let alice: SignedIn;
let bob: SignedIn;
let carol: SignedIn;

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  alice = await company.signIn('alice', ['engineering']);
  bob = await company.signIn('bob', ['contractors']);
  carol = await company.signIn('carol', ['platform-admins']);
});
afterAll(() => aws.close());

const first = { document: samplePolicy, author: 'deployment', reason: 'first policy', if_version: 0 };
const seed = (input: object) => publishPolicy(input as never, {} as never);
const [admins, contractors, engineering] = samplePolicy.policies;
const opusOnly = { ...samplePolicy, policies: [admins, contractors, { ...engineering, models: { allow: ['opus'] } }] };

async function put(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return call(admin, 'PUT /admin/policies', { token: carol.token, body, headers });
}
async function current(): Promise<Answer> {
  return call(admin, 'GET /admin/policies', { token: carol.token });
}

describe('the first publication', () => {
  it('happens once, and only of a valid document', async () => {
    await expect(seed({ ...first, document: { policies: [{ name: 'x', match: {} }] } })).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(await seed(first)).toEqual({ outcome: 'published', version: 1 });
    expect(await seed(first)).toEqual({ outcome: 'not_at_version', version: 1 });
    const outbox = (await aws.dynamodb.call('Scan', { TableName: company.tables.policy })) as {
      Items: Record<string, { S: string }>[];
    };
    const facts = outbox.Items.filter(({ pk }) => pk?.S.startsWith('OUTBOX#'));
    expect(facts).toHaveLength(1);
    expect(JSON.parse(facts[0]?.detail?.S ?? '')).toMatchObject({ version: 1, author: 'deployment', reason: 'first policy' });
  });
});

describe('the document', () => {
  it('is for administrators', async () => {
    expect((await call(admin, 'GET /admin/policies', { token: alice.token })).status).toBe(403);
    expect((await call(admin, 'GET /admin/policies')).status).toBe(401);
    expect(await current()).toMatchObject({ status: 200, headers: { etag: '"1"' }, body: { version: 1, reason: 'first policy' } });
    expect((await current()).body.document).toEqual(samplePolicy);
  });

  it('is replaced only under the version it was made from', async () => {
    expect((await put({ document: opusOnly, reason: 'Opus' })).status).toBe(428);
    expect(await put({ document: opusOnly, reason: 'Opus' }, { 'If-Match': '"7"' })).toMatchObject({
      status: 412,
      body: { error: { type: 'precondition_failed', version: 1 } },
    });
    expect(await put({ document: opusOnly, reason: 'Opus' }, { 'If-Match': '"1"' })).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { version: 2, unchanged: false },
    });
    expect(await put({ document: opusOnly, reason: 'again' }, { 'If-Match': '"2"' })).toMatchObject({
      body: { version: 2, unchanged: true },
    });
  });

  it('takes effect on the very next call', async () => {
    expect((await call(settings, 'GET /managed/settings', { token: alice.token })).body.settings.availableModels).toEqual(['opus']);
  });

  it('is published by one of two who race', async () => {
    const documents = ['a', 'b', 'c', 'd'].map((description) => ({ ...opusOnly, policies: [{ ...admins, description }] }));
    const answers = await Promise.all(documents.map((document) => put({ document, reason: 'race' }, { 'If-Match': '"2"' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    expect((await query(company.tables.policy, 'POLICY', { prefix: 'VERSION#' })).length).toBe(3);
    expect((await current()).body.version).toBe(3);
  });

  it('is not published when it is invalid, too large, no JSON or shuts its author out, and says why', async () => {
    const before = (await current()).body.version;
    const condition = { 'If-Match': `"${before}"` };
    const invalid = await put({ document: { policies: [{ name: 'one', match: { groups: ['a'] }, models: { alow: [] } }] } }, condition);
    expect(invalid).toMatchObject({
      status: 400,
      body: {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          problems: [{ path: 'policies[0].models', message: 'unknown key "alow"; did you mean "allow"?' }],
        },
        request_id: 'req',
      },
    });
    expect((await put({ document: { ...samplePolicy, x: 'y'.repeat(1_000_000) } }, condition)).status).toBe(413);
    expect((await put('{"document":', condition)).status).toBe(400);
    expect((await put({ reason: 'nothing' }, condition)).status).toBe(400);
    const lockout = { document: { policies: [engineering] }, reason: 'oops' };
    expect(await put(lockout, condition)).toMatchObject({ status: 409, body: { error: { message: /no longer administer/ } } });
    expect((await current()).body.version).toBe(before);
  });

  it('may be sent bare', async () => {
    expect(await put(samplePolicy, { 'If-Match': '*' })).toMatchObject({ status: 200, body: { version: 4 } });
  });
});

describe('a second environment, already warm', () => {
  it('obeys on its next call, and a warm call reads once', async () => {
    const watched = await watch(aws);
    vi.resetModules();
    const { handler: second } = await import('./settings.lambda.ts');
    const models = async () => (await call(second, 'GET /managed/settings', { token: alice.token })).body.settings.availableModels;
    expect(await models()).toBeUndefined();

    watched.operations.length = 0;
    await models();
    expect(watched.operations).toEqual(['BatchGetItem']);

    const haiku = { ...samplePolicy, policies: [admins, contractors, { ...engineering, models: { allow: ['haiku'] } }] };
    expect((await put({ document: haiku, reason: 'seen elsewhere' }, { 'If-Match': '"4"' })).status).toBe(200);
    expect(await models()).toEqual(['haiku']);
    expect((await put(samplePolicy, { 'If-Match': '"5"' })).status).toBe(200);
    expect(await models()).toBeUndefined();
    watched.close();
    process.env.AWS_ENDPOINT_URL = aws.url;
  });
});

describe('versions', () => {
  it('are listed newest first, without documents, and each can be read', async () => {
    const { body } = await call(admin, 'GET /admin/policies/versions', { token: carol.token });
    expect(body.versions.map(({ version }: { version: number }) => version)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(body.versions[5]).toMatchObject({ author: 'deployment', reason: 'first policy' });
    expect(body.versions[0]).not.toHaveProperty('document');
    expect(body.next).toBeNull();
    const next = await call(admin, 'GET /admin/policies/versions', { token: carol.token, query: { next: '3' } });
    expect(next.body.versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    const route = 'GET /admin/policies/versions/{version}';
    expect((await call(admin, route, { token: carol.token, path: { version: '2' } })).body.document).toEqual(opusOnly);
    expect((await call(admin, route, { token: carol.token, path: { version: '99' } })).status).toBe(404);
  });

  it('are rolled back to as a new version', async () => {
    const route = 'POST /admin/policies/rollback';
    const body = { version: 2, reason: 'Opus again' };
    expect(await call(admin, route, { token: carol.token, body })).toMatchObject({ status: 200, body: { version: 7 } });
    expect((await current()).body).toMatchObject({ document: opusOnly, reason: 'Opus again', author: carol.id });
    expect((await call(admin, route, { token: carol.token, body: { ...body, version: 77 } })).status).toBe(404);
    expect((await call(admin, route, { token: carol.token, body: { version: 1 } })).status).toBe(400);
    expect((await call(admin, route, { token: carol.token, body, headers: { 'If-Match': '"1"' } })).status).toBe(412);
  });
});

describe('a draft', () => {
  const haikuForAll = { ...opusOnly, policies: [admins, contractors, { ...engineering, models: { allow: ['haiku'] } }] };

  it('is simulated for groups and for people, and changes nothing', async () => {
    const body = { document: haikuForAll, people: ['alice@example.com', 'nobody@example.com'], groups: ['engineering', 'contractors'] };
    const answer = await call(simulate, 'POST /admin/policies/simulate', { token: carol.token, body });
    expect(answer.body).toMatchObject({
      against: 7,
      groups: [
        { group: 'engineering', gains: ['the model haiku'], loses: ['the model opus'] },
        { group: 'contractors', gains: [], loses: [] },
      ],
      people: [{ person: alice.id, email: 'alice@example.com', status: 'active', loses: ['the model opus'] }],
      unknown: ['nobody@example.com'],
      caller: { after: { administers: true } },
    });
    expect((await current()).body.version).toBe(7);
    expect(
      (await call(simulate, 'POST /admin/policies/simulate', { token: carol.token, body: { document: { policies: 1 } } })).status,
    ).toBe(400);
  });

  it('is compared with what is in force, as are two versions', async () => {
    const draft = await call(admin, 'POST /admin/policies/diff', { token: carol.token, body: { document: haikuForAll } });
    expect(draft.body).toMatchObject({
      from: 7,
      to: null,
      document: ['policy "engineering" is changed'],
      groups: [{ group: 'engineering', loses: ['the model opus'] }],
    });
    const versions = await call(admin, 'POST /admin/policies/diff', { token: carol.token, body: { from: 1, to: 2 } });
    expect(versions.body.groups[0]).toMatchObject({
      group: 'engineering',
      loses: ['the model sonnet', 'the model haiku', 'models that no rule names'],
    });
  });

  it('may come from elsewhere, and is not published by that', async () => {
    const route = 'POST /admin/policies/import';
    const body = { environment: { DENY_TOOL_GROUP: 'contractors', DENY_TOOLS: 'WebFetch' } };
    const answer = await call(admin, route, { token: carol.token, body });
    expect(answer).toMatchObject({ status: 200, body: { document: { policies: [{ name: 'denied-tools' }, {}] }, problems: [] } });
    expect((await call(admin, route, { token: carol.token, body: { gateway: { policies: [] } } })).status).toBe(200);
    for (const body of [{ nothing: 1 }, {}, []]) expect((await call(admin, route, { token: carol.token, body })).status).toBe(400);
    expect((await current()).body.version).toBe(7);
  });

  it('has a schema', async () => {
    const { status, headers, body } = await call(admin, 'GET /admin/policies/schema', { token: carol.token });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/schema+json');
    expect(body).toMatchObject({ type: 'object', additionalProperties: false, required: ['policies'] });
    expect(JSON.stringify(body)).toContain('cleanupPeriodDays');
  });
});

describe('my policy', () => {
  it('is mine, with the version that says so', async () => {
    const { body } = await call(own, 'GET /v1/policy', { token: bob.token });
    expect(body).toMatchObject({
      person: bob.id,
      groups: ['contractors'],
      version: 7,
      effective: { admitted: true, matched: ['contractors'] },
    });
    const delivered = await call(settings, 'GET /managed/settings', { token: bob.token });
    expect(body.settings_checksum).toBe(delivered.body.checksum);
  });

  it('is rendered for other tools', async () => {
    const route = 'GET /v1/policy/renderings/{kind}';
    const get = (kind: string, more: object = {}) => call(own, route, { token: bob.token, path: { kind }, ...more });
    const helper = await get('policy-helper');
    expect(helper.body).toMatchObject({ managedSettings: { availableModels: ['haiku'] } });
    expect((await get('policy-helper', { headers: { 'If-None-Match': String(helper.headers.etag) } })).status).toBe(304);
    expect((await get('managed-settings')).body).toMatchObject({ forceLoginMethod: 'gateway' });
    expect((await get('litellm-key', { query: { catalogue: 'claude-haiku-4-5,claude-opus-4' } })).body.key.models).toEqual([
      'claude-haiku-4-5',
    ]);
    expect((await get('coder-workspace')).body).toEqual({ workspace: null });
    expect(await get('nonsense')).toMatchObject({ status: 404, body: { error: { message: /known are policy-helper/ } } });
  });

  it('is explained by rule, policy and group', async () => {
    const query = { model: 'us.anthropic.claude-opus-4-8-v1:0', tool: 'Bash' };
    const { body } = await call(own, 'GET /v1/policy/explain', { token: bob.token, query });
    expect(body).toMatchObject({
      version: 7,
      admitted: true,
      model: { decision: 'denied', section: 'models.allow', policy: 'contractors', groups: ['contractors'] },
      tool: { decision: 'denied', rule: 'Bash', section: 'tools.deny', policy: 'contractors' },
    });
    expect(body.model.would_change).toContain('joining the group "platform-admins": "platform-admins" would apply');
  });

  it('is explained about others to administrators only', async () => {
    const route = 'GET /v1/policy/explain';
    expect((await call(own, route, { token: alice.token, query: { person: 'bob@example.com' } })).status).toBe(403);
    expect((await call(own, route, { token: alice.token, query: { person: 'alice@example.com' } })).status).toBe(200);
    const { body } = await call(own, route, { token: carol.token, query: { person: bob.id, tool: 'Bash' } });
    expect(body).toMatchObject({ person: bob.id, status: 'active', tool: { decision: 'denied' } });
    expect((await call(own, route, { token: carol.token, query: { person: 'nobody@example.com' } })).status).toBe(404);
    await company.signIn('twin', ['engineering']);
    await company.signIn('twin', ['contractors']);
    expect(await call(own, route, { token: carol.token, query: { person: 'twin@example.com' } })).toMatchObject({
      status: 409,
      body: { error: { people: [expect.stringMatching(/^per_/), expect.stringMatching(/^per_/)] } },
    });
  });
});
