import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededKey } from '../../packages/local/outside/litellm/create-litellm.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
});
afterAll(() => stack?.stop());

interface Held {
  id: string;
  kind: string;
  state: string;
  reasons: { group?: string }[];
}

const mia = 'mia@example.com';

async function held(email = mia): Promise<Record<string, string>> {
  const answer = await (await company.admin()).fetch(`/admin/people?email=${email}`);
  const { people } = (await answer.json()) as { people: { grants: Held[] }[] };
  return Object.fromEntries((people[0]?.grants ?? []).map(({ kind, state }) => [kind, state]));
}

/** Moves the clock until the person's grants stand so. */
function holds(wanted: Record<string, string>, email = mia): Promise<true> {
  const text = (states: Record<string, string>) => JSON.stringify(Object.entries(states).sort());
  return stack.until(async () => (text(await held(email)) === text(wanted) ? true : undefined), {
    stepSeconds: 5,
    timeoutMs: 40_000,
    what: `${email} holding ${text(wanted)}`,
  });
}

async function member(method: 'PUT' | 'DELETE', group: string, email = mia): Promise<void> {
  const { id } = await company.hr('GET', `/users/${email}`);
  await company.hr(method, `/groups/${group}/members/${id}`);
}

async function keys(): Promise<{ token: string; models: string[]; max_budget: number | null }[]> {
  const { body } = await company.litellm<{
    keys: { token: string; key_alias: string | null; models: string[]; max_budget: number | null }[];
  }>('GET', '/key/list?return_full_object=true&size=100');
  return body.keys.filter(({ key_alias }) => key_alias?.startsWith('gatehouse-'));
}

async function invites(): Promise<number> {
  const headers = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01' };
  const answer = await fetch(`${stack.outside}/anthropic/v1/organizations/invites?email=${mia}`, { headers });
  return ((await answer.json()) as { data: unknown[] }).data.length;
}

describe('Mia, a contractor who is taken on as an engineer', () => {
  it('keeps her key with other models and another budget, and is given what engineers have', async () => {
    await company.hr('POST', '/users', { email: mia, name: 'Mia Meyer', groups: ['contractors'] });
    await holds({ 'virtual-key': 'given' });
    const [before] = await keys();
    expect(before).toMatchObject({ models: ['claude-haiku-4-5'], max_budget: 50 });

    await member('PUT', 'engineering');
    await stack.settled();
    expect(await held(), 'contractor still: that policy stands first').toEqual({ 'virtual-key': 'given' });
    await member('DELETE', 'contractors');
    await holds({ 'virtual-key': 'given', seat: 'given', workspace: 'given' });
    expect(await keys()).toMatchObject([{ token: before?.token, models: [], max_budget: 200 }]);
    expect([await invites(), await company.cases(mia)]).toEqual([1, []]);
  });

  it('and back again loses seat and workspace before her key is narrowed; the home is kept', async () => {
    await member('PUT', 'contractors');
    await holds({ 'virtual-key': 'given' });
    expect(await keys()).toMatchObject([{ models: ['claude-haiku-4-5'], max_budget: 50 }]);
    expect(await invites()).toBe(0);
    const { body } = await company.coder<{ workspaces: { name: string; latest_build: { status: string } }[] }>(
      'GET',
      '/workspaces?q=owner:mia',
    );
    expect(body.workspaces.map(({ name, latest_build }) => [name, latest_build.status])).toEqual([['claude', 'stopped']]);
    expect((await company.coder('GET', '/users/mia')).body).toMatchObject({ status: 'suspended' });
  });

  it('and once more has the workspace that was kept', async () => {
    await member('DELETE', 'contractors');
    await holds({ 'virtual-key': 'given', seat: 'given', workspace: 'given' });
    const { body } = await company.coder<{ workspaces: { name: string }[] }>('GET', '/workspaces?q=owner:mia');
    expect(body.workspaces.map(({ name }) => name)).toEqual(['claude']);
    expect((await company.coder('GET', '/users/mia')).body).toMatchObject({ status: 'active' });
  });
});

it('whoever falls under a policy of less loses what was given, and has it again; what comes in the middle of a move is not lost', async () => {
  const carl = 'carl@example.com';
  await company.hr('POST', '/users', { email: carl, name: 'Carl Cole', groups: ['engineering'] });
  await holds({ 'virtual-key': 'given', seat: 'given', workspace: 'given' }, carl);
  await member('PUT', 'platform-admins', carl);
  // The admins' policy stands first, and gives none of it.
  await holds({}, carl);
  await member('DELETE', 'platform-admins', carl);
  await holds({ 'virtual-key': 'given', seat: 'given', workspace: 'given' }, carl);
  await member('PUT', 'platform-admins', carl);
  await member('DELETE', 'platform-admins', carl);
  await member('PUT', 'platform-admins', carl);
  await holds({}, carl);
  await stack.settled();
  await stack.advance(120);
  await stack.settled();
  expect(await held(carl)).toEqual({});
});

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;

async function ask(who: Person, method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const init = { method, headers: { 'content-type': 'application/json', 'if-match': '*' } };
  const answer = await who.fetch(path, { ...init, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: await answer.json() };
}

describe('a version of the policy that gives engineers less', () => {
  const all = { 'virtual-key': 'given', seat: 'given', workspace: 'given' };

  async function publish(carol: Person): Promise<number> {
    const { body } = await ask(carol, 'GET', '/admin/policies');
    const policies = body.document.policies.map((one: Json) => {
      const { seats: _seats, workspaces: _workspaces, ...rest } = one;
      return one.name === 'engineering'
        ? { ...rest, keys: { ...one.keys, budget: { period: 'monthly', amount_micros: 90_000_000 } } }
        : one;
    });
    const published = await ask(carol, 'PUT', '/admin/policies', { document: { ...body.document, policies }, reason: 'no more seats' });
    expect(published.status, JSON.stringify(published.body)).toBe(200);
    return body.version;
  }

  it('takes it from exactly those whom Gatehouse gave it to, who go on being admitted; a rollback gives it again', async () => {
    const carol = await company.admin();
    const mine = await stack.as(mia);
    const before = await publish(carol);
    await holds({ 'virtual-key': 'given' });
    const [key] = (await keys()).filter(({ max_budget }) => max_budget === 90);
    expect(key, 'the key itself is kept').toBeDefined();
    expect([await invites(), (await mine.fetch('/managed/settings')).status, await company.cases(mia)]).toEqual([0, 200, []]);
    expect(await held('alice@example.com'), 'whoever was not onboarded keeps what they have').toEqual({});
    expect(await company.tryKey(seededKey('alice@example.com'))).toEqual([200, 200]);
    await ask(carol, 'POST', '/admin/policies/rollback', { version: before, reason: 'they need them' });
    await holds(all);
    expect(await invites()).toBe(1);
  });

  it('asks somebody else than its author first where it moves many', async () => {
    await company.hr('PUT', '/groups/platform-admins/members/helen@example.com');
    const [carol, helen] = [await company.admin(), await stack.as('helen@example.com')];
    for (let number = 0; number < 11; number++) {
      const email = `crowd-${number}@example.com`;
      await company.hr('POST', '/users?silent=1', { email, name: email, groups: ['engineering'] });
      await stack.as(email);
    }
    await publish(carol);
    const asked = await stack.until(
      async () => (await ask(carol, 'GET', '/admin/approvals')).body.approvals.find((one: Json) => one.what === 'move'),
      { stepSeconds: 1, what: 'the question' },
    );
    await stack.settled();
    expect(asked).toMatchObject({ state: 'waiting', approvers_needed: 1, waiting: [{ person: (await stack.as(mia)).id }] });
    await stack.advance(120);
    await stack.settled();
    expect([await held(), await invites()]).toEqual([all, 1]);
    const decision = { decision: 'approve', reason: 'as agreed' };
    expect((await ask(carol, 'POST', `/admin/approvals/${asked.id}`, decision)).status, 'it is her version').toBe(403);
    expect((await ask(helen, 'POST', `/admin/approvals/${asked.id}`, decision)).status).toBe(200);
    await holds({ 'virtual-key': 'given' });
  });
});
