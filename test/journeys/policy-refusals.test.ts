/** Proves the answers to bad input from outside: nothing is half published, and nobody is locked out by a draft. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let carol: Person;
let alice: Person;
// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;
let document: Json;

beforeAll(async () => {
  stack = await startStack();
  [carol, alice] = [await stack.as('carol@example.com'), await stack.as('alice@example.com')];
  document = (await ask('GET')).body.document;
});
afterAll(() => stack?.stop());

async function ask(
  method: string,
  path = '',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Json }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await carol.fetch(`/admin/policies${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: text }),
  });
  const answer = await response.text();
  return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) };
}
const put = (body: unknown, version = 1) => ask('PUT', '', body, { 'if-match': `"${version}"` });
const policy = (match: unknown, more: object = {}) => ({ policies: [...document.policies, { name: 'tried', match, ...more }] });
const circle = '{"document":{"policies":[{"name":"a","match":{"groups":{"$ref":"#/policies/0/match/groups"}}}]}}';

describe('a document', () => {
  it.each([
    ['no JSON', '{"document":', 400, /not JSON/],
    ['nothing', '', 400, /not JSON/],
    ['a list', '[]', 400, /object/],
    ['no document', '{"reason":"x"}', 400, /"document" is missing/],
    ['an unknown key', () => ({ document: { ...document, polices: [] } }), 400, /did you mean "policies"/],
    ['an empty match', () => ({ document: policy({}) }), 400, /an empty match is refused/],
    ['a match of an empty list', () => ({ document: policy({ groups: [] }) }), 400, /groups/],
    ['everyone and something', () => ({ document: policy({ everyone: true, groups: ['a'] }) }), 400, /stands alone/],
    ['a match that points at itself', circle, 400, /groups/],
    ['two of one name', () => ({ document: { policies: [...document.policies, document.policies[0]] } }), 400, /already the name/],
    [
      'a version range that nobody meets',
      () => ({ document: policy({ groups: ['a'] }, { client: { min_version: '2.0.0', max_version: '1.0.0' } }) }),
      400,
      /nobody could start/,
    ],
    ['a tool that is none', () => ({ document: policy({ groups: ['a'] }, { tools: { deny: ['bash'] } }) }), 400, /did you mean "Bash"/],
    ['one megabyte', () => ({ document, pad: 'x'.repeat(1_000_000) }), 413, /may have 350000/],
    ['its author shut out', () => ({ document: { policies: document.policies.slice(1) } }), 409, /no longer administer/],
    ['depth', `{"document":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400, /./],
  ])('with %s is refused with a sentence, and version 1 stays', async (_, body, status, sentence) => {
    const answer = await put(typeof body === 'function' ? body() : body);
    expect(answer).toMatchObject({
      status,
      body: { type: 'error', error: { message: expect.stringMatching(sentence) }, request_id: expect.any(String) },
    });
    expect((await ask('GET')).body).toMatchObject({ version: 1, document });
    expect((await alice.fetch('/managed/settings')).status).toBe(200);
  });

  it('is published by one of several who race, whole, and every other is told the version', async () => {
    const drafts = [1, 2, 3, 4, 5].map((days) => ({ ...document, base: { ...document.base, settings: { cleanupPeriodDays: days } } }));
    const answers = await Promise.all(drafts.map((draft) => put({ document: draft, reason: 'race' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await ask('GET')).body).toMatchObject({ version: 2, document: drafts[winner] });
    expect((await ask('GET', '/versions')).body.versions).toHaveLength(2);
    for (const { status, body } of answers) if (status === 412) expect(body.error.version).toBe(2);
  });

  it('is not half published while the store is away, and the answer says to come back', async () => {
    const wish = {
      service: 'dynamodb',
      caller: 'gatehouse-local-policy-admin',
      operation: 'TransactWriteItems',
      error: 'InternalServerError',
      status: 500,
    };
    expect((await fetch(`${stack.aws}/_faults`, { method: 'POST', body: JSON.stringify(wish) })).status).toBeLessThan(300);
    expect(await put({ document, reason: 'away' }, 2)).toMatchObject({ status: 503, body: { error: { type: 'overloaded_error' } } });
    await fetch(`${stack.aws}/_faults`, { method: 'DELETE' });
    expect((await ask('GET')).body.version).toBe(2);
    expect((await ask('GET', '/versions')).body.versions).toHaveLength(2);
    expect(await put({ document, reason: 'back' }, 2)).toMatchObject({ status: 200, body: { version: 3 } });
  });
});

describe('a draft', () => {
  it('that would refuse everybody changes nothing for anybody, however it is tried', async () => {
    const nobody = { policies: [{ name: 'nobody', match: { groups: ['no-such-group'] } }] };
    const simulated = await ask('POST', '/simulate', { document: nobody });
    expect(simulated).toMatchObject({ status: 200, body: { everyone: { people: 2, refused: 2 }, caller: { after: { admitted: false } } } });
    expect((await ask('POST', '/diff', { document: nobody })).status).toBe(200);
    expect((await alice.fetch('/managed/settings')).status).toBe(200);
    expect((await ask('GET')).body.version).toBe(3);
  });
});

describe('somebody in no group', () => {
  it('is refused at sign-in, and told of as refused when asked about', async () => {
    await expect(stack.as('grace@example.com')).rejects.toThrow('access_denied');
    const answer = await carol.fetch('/v1/policy/explain?person=grace@example.com&model=opus');
    expect([answer.status, await answer.json()]).toMatchObject([200, { admitted: false, model: { decision: 'denied' } }]);
  });
});
