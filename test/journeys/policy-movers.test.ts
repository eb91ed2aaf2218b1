/** Proves what a publication does to people who hold things elsewhere: refused at the next call, cut on every surface, and given everything back by a rollback. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededKey } from '../../packages/local/outside/litellm/create-litellm.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 90_000 });

let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
});
afterAll(() => stack?.stop());

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;

async function policies(carol: Person, method: string, path = '', body?: unknown): Promise<Json> {
  const init = { method, headers: { 'content-type': 'application/json', 'if-match': '*' } };
  const response = await carol.fetch(`/admin/policies${path}`, { ...init, ...(body !== undefined && { body: JSON.stringify(body) }) });
  expect(response.status, await response.clone().text()).toBe(200);
  return response.json();
}
const settings = (person: Person) => person.fetch('/managed/settings').then(({ status }) => status);
const logs = (person: Person) =>
  person
    .fetch('/v1/logs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"resourceLogs":[]}' })
    .then(({ status }) => status);

describe('a publication that no longer admits contractors', () => {
  const bob = 'bob@example.com';

  it('refuses Bob at the next call, cuts what he holds, and a rollback gives it back', async () => {
    const [him, carol] = [await stack.as(bob), await stack.as('carol@example.com')];
    expect([await settings(him), await logs(him), await company.tryKey(seededKey(bob))]).toEqual([200, 200, [200, 200]]);
    const { document, version } = await policies(carol, 'GET');
    const without = { ...document, policies: document.policies.filter(({ name }: Json) => name !== 'contractors') };

    const tried = await policies(carol, 'POST', '/simulate', { document: without });
    expect(tried.everyone).toMatchObject({ refused: 1, classes: [{ groups: ['contractors'], who: [him.id] }] });
    expect(await company.cases(bob), 'a draft cuts nobody').toEqual([]);

    await policies(carol, 'PUT', '', { document: without, reason: 'contractors are done' });
    expect(await settings(him)).toBe(403);
    const cut = await company.caseOf(bob, (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
    expect(cut).toMatchObject({ trigger: 'entitlement', person: him.id });
    expect([await settings(him), await logs(him)]).toEqual([401, 401]);
    const refused = await stack.until(
      async () => ((await company.tryKey(seededKey(bob))).every((status) => status === 401) ? true : undefined),
      { stepSeconds: 10, what: "the death of Bob's key" },
    );
    expect(refused).toBe(true);
    expect(await company.cases('alice@example.com'), 'nobody else').toEqual([]);

    await policies(carol, 'POST', '/rollback', { version, reason: 'they are not' });
    const closed = await company.caseOf(bob, (one) => one.closed_at !== undefined, { stepSeconds: 5, what: 'the end of the case' });
    expect([closed.id, closed.status]).toEqual([cut.id, 'cancelled']);
    expect(await settings(await stack.as(bob))).toBe(200);
    await stack.until(async () => ((await company.tryKey(seededKey(bob))).every((status) => status === 200) ? true : undefined), {
      stepSeconds: 10,
      what: 'the return of the key',
    });
  });
});

describe('somebody who moves', () => {
  it('never has both: budgets, models and administration are those of one group at every call', async () => {
    const ivan = 'ivan@example.com';
    const him = await stack.as(ivan);
    const { id } = await company.hr('GET', `/users/${ivan}`);
    const amounts = new Set<string>();
    const look = async () => {
      const [policy, usage] = await Promise.all(
        ['/v1/policy', '/v1/usage'].map(async (path) => (await (await him.fetch(path)).json()) as Json),
      );
      amounts.add(`${policy.effective.matched} ${policy.effective.budgets.map(({ amount_micros }: Json) => amount_micros)}`);
      return usage.limits.map(({ amount_micros }: Json) => amount_micros).join() as string;
    };
    expect(await look()).toBe('500000000');
    await company.hr('PUT', `/groups/contractors/members/${id}`);
    await company.hr('DELETE', `/groups/engineering/members/${id}`);
    await stack.until(async () => ((await look()) === '10000000' ? true : undefined), { what: 'the budget of contractors' });
    expect([...amounts].sort()).toEqual(['contractors 10000000', 'engineering 500000000']);
  });
});
