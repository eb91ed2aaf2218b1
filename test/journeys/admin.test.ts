import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;
let partner: Issuer;
let carol: Person;

beforeAll(async () => {
  partner = await startIssuer();
  stack = await startStack({ args: ['--issuer', partner.url] });
  company = companyOf(stack);
  carol = await stack.as('carol@example.com');
});
afterAll(async () => {
  await stack?.stop();
  partner?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<[number, Json]> {
  const response = await carol.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return [response.status, text === '' ? undefined : JSON.parse(text)];
}
const errorOf = (type: string) => ({
  type: 'error',
  error: { type, message: expect.stringMatching(/^.{10,}/) },
  request_id: expect.stringMatching(/^[\w-]+$/),
});

const routes: [string, string][] = [
  ['GET', '/admin/people?email=alice@example.com'],
  ['GET', '/admin/offboardings?person=alice@example.com'],
  ['POST', '/admin/offboardings'],
  ['GET', '/admin/offboardings/cas_1/evidence'],
  ['GET', '/admin/policies'],
  ['PUT', '/admin/policies'],
  ['GET', '/admin/policies/versions'],
  ['POST', '/admin/policies/simulate'],
  ['POST', '/admin/policies/diff'],
];

describe('the admin API', () => {
  it("is closed to an administrator's token that was narrowed", async () => {
    const signed = await fetch(`${stack.idp}/directory/users/carol@example.com/id-token`, { method: 'POST' });
    const { id_token } = (await signed.json()) as { id_token: string };
    const exchanged = await fetch(`${stack.gateway}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: id_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        scope: 'policy usage',
      }),
    });
    const { access_token } = (await exchanged.json()) as { access_token: string };
    const headers = { authorization: `Bearer ${access_token}` };
    expect((await fetch(`${stack.gateway}/managed/settings`, { headers })).status).toBe(200);
    expect((await fetch(`${stack.gateway}/admin/people?email=carol@example.com`, { headers })).status).toBe(403);
  });

  it.each(routes)('%s %s is for administrators alone', async (method, path) => {
    const alice = await stack.as('alice@example.com');
    const body = method === 'GET' ? {} : { body: '{}' };
    const hers = await alice.fetch(path, { method, ...body });
    expect([hers.status, await hers.json()]).toEqual([403, errorOf('permission_error')]);
    const nobodys = await fetch(stack.gateway + path, { method, ...body });
    expect([nobodys.status, await nobodys.json()]).toEqual([401, errorOf('authentication_error')]);
    const madeUp = await fetch(stack.gateway + path, { method, ...body, headers: { authorization: 'Bearer made.up.token' } });
    expect(madeUp.status).toBe(401);
  });
});

describe('GET /admin/people', () => {
  it('finds one person by e-mail in any case, by our id and by the directory’s', async () => {
    const { id: subject } = await company.hr('GET', '/users/alice@example.com');
    const alice = await stack.as('alice@example.com');
    const expected = {
      people: [
        {
          id: alice.id,
          email: 'alice@example.com',
          name: 'Alice Archer',
          status: 'active',
          groups: ['engineering'],
          subjects: [{ issuer: stack.idp, subject }],
          grants: [],
        },
      ],
    };
    for (const query of ['email=alice@example.com', 'email=Alice@Example.com', `id=${alice.id}`, `id=${subject}`])
      expect(await ask('GET', `/admin/people?${query}`), query).toMatchObject([200, expected]);
  });

  it('answers an empty list for nobody, and a sentence for a question that is none', async () => {
    for (const query of ['email=nobody@example.com', 'id=per_00000000000000000000000000', 'id=00uNobodyNobodyNobody'])
      expect(await ask('GET', `/admin/people?${query}`), query).toMatchObject([200, { people: [] }]);
    for (const query of ['', '?email=', '?email=a@b.c&id=per_1'])
      expect(await ask('GET', `/admin/people${query}`), query).toMatchObject([400, errorOf('invalid_request_error')]);
  });
});

describe('POST /admin/offboardings', () => {
  it('starts a case for somebody who has left, and names the one that is open when asked again', async () => {
    const { id: subject } = await company.hr('POST', '/users?silent=1', {
      email: 'zoe@example.com',
      active: true,
      groups: ['engineering'],
    });
    const zoe = await stack.as('zoe@example.com');
    await stack.settled();
    await company.hr('PATCH', `/users/${subject}?silent=1`, { active: false });
    const wish = { person: 'zoe@example.com', reason: 'left the company', ticket: 'HR-7' };
    const [status, started] = (await ask('POST', '/admin/offboardings', wish)) as [number, Offboarding];
    expect(status).toBe(202);
    expect(started).toMatchObject({ id: expect.stringMatching(/^cas_/), person: zoe.id, trigger: 'manual', status: 'waiting' });
    expect(started.execution_arn).toMatch(/:execution:gatehouse-local-offboarding:cas_/);
    await company.caseOf('zoe@example.com', () => true, { stepSeconds: 0 });
    for (const person of ['zoe@example.com', zoe.id, subject])
      expect(await ask('POST', '/admin/offboardings', { ...wish, person }), person).toMatchObject([200, { id: started.id }]);
    const [, list] = await ask('GET', `/admin/offboardings?person=${zoe.id}`);
    expect(list.offboardings).toMatchObject([{ id: started.id, person: zoe.id, execution_arn: started.execution_arn, ticket: 'HR-7' }]);
    const [open, packet] = await ask('GET', `/admin/offboardings/${started.id}/evidence`);
    expect([open, packet.signature], 'nothing is signed while the case is open').toEqual([200, null]);
    await stack.until(async () => ((await zoe.fetch('/managed/settings')).status === 401 ? true : undefined), { what: 'the refusal' });
  });

  it('of three requests at once makes one case', async () => {
    const { id: subject } = await company.hr('POST', '/users?silent=1', { email: 'yara@example.com', groups: ['engineering'] });
    await stack.as('yara@example.com');
    await company.hr('PATCH', `/users/${subject}?silent=1`, { active: false });
    const wish = { person: subject, reason: 'left the company' };
    const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '/admin/offboardings', wish)));
    expect(new Set(answers.map(([, body]) => body.id)).size).toBe(1);
    // 202 to each that came before the case was open: they started it together.
    for (const [status] of answers) expect([200, 202]).toContain(status);
    expect(answers.map(([status]) => status)).toContain(202);
    await company.caseOf('yara@example.com', () => true, { stepSeconds: 0 });
    expect(await company.cases('yara@example.com')).toMatchObject([{ id: answers[0]?.[1].id }]);
  }, 40_000);

  it('fails the execution for somebody who is still here, and cuts nothing', async () => {
    const dave = await stack.as('dave@example.com');
    const [status, { execution_arn: executionArn }] = await ask('POST', '/admin/offboardings', { person: dave.id, reason: 'a mistake' });
    expect(status).toBe(202);
    const ended = await stack.until(async () => {
      const told = await company.aws<{ status: string; error?: string; cause?: string }>('AWSStepFunctions', 'DescribeExecution', {
        executionArn,
      });
      return told.status === 'RUNNING' ? undefined : told;
    });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'StillHere', cause: expect.stringContaining('Deactivate or suspend them') });
    expect(await company.cases('dave@example.com')).toMatchObject([{ status: 'cancelled', trigger: 'manual' }]);
    expect((await dave.fetch('/managed/settings')).status).toBe(200);
  });

  it('shows a plan for a dry run, and refuses nobody, nothing and nonsense in a sentence', async () => {
    const dry = { person: 'bob@example.com', reason: 'looking', dry_run: true };
    expect(await ask('POST', '/admin/offboardings', dry)).toMatchObject([
      200,
      {
        dry_run: true,
        would_cut: false,
        plan: ['sessions', 'virtual-keys', 'workspaces', 'seats', 'homes'].map((what) => ({ step: `find-${what}` })),
      },
    ]);
    const nobody = { person: 'nobody@example.com', reason: 'x' };
    expect(await ask('POST', '/admin/offboardings', nobody)).toMatchObject([404, errorOf('not_found_error')]);
    expect(await ask('GET', '/admin/offboardings?person=nobody@example.com')).toMatchObject([404, errorOf('not_found_error')]);
    expect(await ask('GET', '/admin/offboardings/cas_nothing/evidence')).toMatchObject([404, errorOf('not_found_error')]);
    const bad = [
      '',
      'not json',
      '[]',
      { person: 'bob@example.com' },
      { reason: 'x' },
      { ...dry, dry_run: 'yes' },
      { ...dry, trigger: 'event' },
    ];
    for (const body of bad)
      expect(await ask('POST', '/admin/offboardings', body), JSON.stringify(body)).toMatchObject([400, errorOf('invalid_request_error')]);
    expect(await ask('GET', '/admin/offboardings')).toMatchObject([400, errorOf('invalid_request_error')]);
  });

  it('does not choose between two people of one address', async () => {
    const frank = await stack.as('frank@example.com');
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    const token = await partner.sign('f-2', { email: 'frank@example.com', name: 'Other Frank', groups: ['engineering'] }, Date.parse(now));
    const other = await fetch(`${stack.gateway}/auth/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    expect(other.status).toBe(200);
    const [, { people }] = await ask('GET', '/admin/people?email=frank@example.com');
    expect(people).toHaveLength(2);
    const [status, refused] = await ask('POST', '/admin/offboardings', { person: 'frank@example.com', reason: 'left the company' });
    expect([status, refused]).toEqual([409, errorOf('invalid_request_error')]);
    for (const { id } of people) expect(refused.error.message).toContain(id);
    expect(people.map(({ id }: { id: string }) => id)).toContain(frank.id);
    expect((await ask('GET', `/admin/offboardings?person=${frank.id}`))[0]).toBe(200);
  });
});

describe('PUT /admin/policies', () => {
  it('asks for the version that was changed, refuses a stale one, and holds from the next call on', async () => {
    const alice = await stack.as('alice@example.com');
    const [, { document, version }] = await ask('GET', '/admin/policies');
    const etag = (await carol.fetch('/admin/policies')).headers.get('etag') ?? '';
    expect(etag).toBe(`"${version}"`);
    const changed = structuredClone(document);
    changed.policies.find(({ name }: { name: string }) => name === 'engineering').models = { allow: ['sonnet'] };

    expect(await ask('PUT', '/admin/policies', { document: changed })).toMatchObject([428, errorOf('precondition_required')]);
    expect(await ask('PUT', '/admin/policies', { document: changed }, { 'if-match': '"999"' })).toMatchObject([
      412,
      { type: 'error', error: { type: 'precondition_failed' } },
    ]);
    const wrong = { document: { ...changed, policies: 'none' } };
    expect(await ask('PUT', '/admin/policies', wrong, { 'if-match': etag })).toMatchObject([
      400,
      { error: { type: 'invalid_request_error' } },
    ]);

    const published = await ask('PUT', '/admin/policies', { document: changed, reason: 'Sonnet is enough' }, { 'if-match': etag });
    expect(published).toMatchObject([200, { version: version + 1 }]);
    const settings = (await (await alice.fetch('/managed/settings')).json()) as { settings: { availableModels: string[] } };
    expect(settings.settings.availableModels, 'on the very next call').toEqual(['sonnet']);
    expect(await ask('PUT', '/admin/policies', { document }, { 'if-match': etag }), 'the old version again').toMatchObject([412, {}]);
    const [, { versions }] = await ask('GET', '/admin/policies/versions');
    expect(versions[0]).toMatchObject({ version: version + 1, author: carol.id, reason: 'Sonnet is enough' });
    expect((await ask('PUT', '/admin/policies', { document }, { 'if-match': `"${published[1].version}"` }))[0]).toBe(200);
  });

  it('that takes a group out ends its people’s access at the next call, and no draft lets its author lock themselves out unasked', async () => {
    const bob = await stack.as('bob@example.com');
    const [, { document, version }] = await ask('GET', '/admin/policies');
    const etag = `"${version}"`;
    const without = (name: string) => ({ ...document, policies: document.policies.filter((one: { name: string }) => one.name !== name) });
    expect((await ask('PUT', '/admin/policies', { document: without('platform-admins') }, { 'if-match': etag }))[0]).toBe(409);
    const published = await ask('PUT', '/admin/policies', { document: without('contractors') }, { 'if-match': etag });
    expect(published[0]).toBe(200);
    expect((await bob.fetch('/managed/settings')).status).toBe(403);
    expect((await ask('PUT', '/admin/policies', { document }, { 'if-match': `"${published[1].version}"` }))[0]).toBe(200);
    expect((await bob.fetch('/managed/settings')).status).toBe(200);
  });
});
