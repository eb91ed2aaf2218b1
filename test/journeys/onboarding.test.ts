import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { uuidOf } from '@gatehouse/local/outside/coder/state';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;
let states: SFNClient;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
  states = new SFNClient({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
});
afterAll(() => stack?.stop());
afterEach(() => fetch(`${stack.outside}/_faults`, { method: 'DELETE' }));

interface Onboarding {
  id: string;
  person: string;
  status: string;
  trigger: string;
  execution_arn: string;
  message?: string;
  welcome?: string;
}
interface Held {
  system: string;
  kind: string;
  state: string;
  reasons: { policy: string; group?: string }[];
}

async function onboardings(person: string): Promise<Onboarding[]> {
  const answer = await (await company.admin()).fetch(`/admin/onboardings?person=${encodeURIComponent(person)}`);
  return answer.status === 200 ? ((await answer.json()) as { onboardings: Onboarding[] }).onboardings : [];
}

function ended(person: string, stepSeconds = 5): Promise<Onboarding> {
  return stack.until(async () => (await onboardings(person)).find(({ status }) => ['done', 'needs_human', 'cancelled'].includes(status)), {
    stepSeconds,
    timeoutMs: 50_000,
    what: `the end of the onboarding of ${person}`,
  });
}

async function grants(email: string): Promise<Held[]> {
  const answer = await (await company.admin()).fetch(`/admin/people?email=${encodeURIComponent(email)}`);
  return ((await answer.json()) as { people: { grants: Held[] }[] }).people[0]?.grants ?? [];
}

async function start(body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await (await company.admin()).fetch('/admin/onboardings', { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

function hire(name: string, groups: string[]): Promise<{ id: string; email: string }> {
  return company.hr('POST', '/users', { email: `${name}@example.com`, name: `${name} example`, groups });
}

/** What they have in each system, as its own API tells. */
async function has(email: string): Promise<{
  invites: number;
  keys: { token: string; user_id: string; models: string[]; max_budget: number | null }[];
  workspaces: string[];
}> {
  const admin = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01' };
  const invites = await fetch(`${stack.outside}/anthropic/v1/organizations/invites?email=${encodeURIComponent(email)}`, { headers: admin });
  const { data } = (await invites.json()) as { data: unknown[] };
  const { body } = await company.litellm<{
    keys: { key_alias: string; token: string; user_id: string; models: string[]; max_budget: number | null }[];
  }>('GET', '/key/list?return_full_object=true&size=100');
  const known = (await (await (await company.admin()).fetch(`/admin/people?email=${email}`)).json()) as { people: { id: string }[] };
  const id = known.people[0]?.id ?? 'nobody';
  const owned = await company.coder<{ workspaces?: { name: string; latest_build: { status: string } }[] }>(
    'GET',
    `/workspaces?q=owner:${email.split('@')[0]}`,
  );
  return {
    invites: data.length,
    keys: body.keys.filter(({ key_alias }) => key_alias === `gatehouse-${id}-1`),
    workspaces: (owned.body.workspaces ?? []).map(({ name, latest_build }) => `${name} ${latest_build.status}`),
  };
}

describe('somebody new in the directory', () => {
  it('has a seat, a key that works and a workspace that has it, and is told how to sign in', async () => {
    await hire('nina', ['engineering']);
    const done = await ended('nina@example.com');
    expect(done).toMatchObject({
      status: 'done',
      trigger: 'event',
      welcome: expect.stringMatching(/Welcome, nina example[\s\S]*seat[\s\S]*claude/),
    });
    const reasons = [{ policy: 'engineering', group: 'engineering' }];
    expect((await grants('nina@example.com')).map(({ kind, state, reasons }) => ({ kind, state, reasons }))).toEqual([
      { kind: 'seat', state: 'given', reasons },
      { kind: 'workspace', state: 'given', reasons },
      { kind: 'virtual-key', state: 'given', reasons },
    ]);
    expect(await has('nina@example.com')).toMatchObject({ invites: 1, workspaces: ['claude running'] });

    // The agent of the running task sees the key in its environment; the key works on every replica.
    const { body } = await company.coder<{ workspaces: { latest_build: { id: string } }[] }>('GET', '/workspaces?q=owner:nina');
    const token = uuidOf(`agent-token:${body.workspaces[0]?.latest_build.id}`);
    const manifest = await fetch(`${stack.outside}/coder/api/v2/workspaceagents/me/manifest`, {
      headers: { 'coder-session-token': token },
    });
    const { environment_variables: environment } = (await manifest.json()) as { environment_variables: { LITELLM_API_KEY: string } };
    const key = environment.LITELLM_API_KEY;
    expect(key).toMatch(/^sk-/);
    expect(await company.tryKey(key)).toEqual([200, 200]);

    const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn: done.execution_arn, maxResults: 1000 }));
    expect(JSON.stringify(events)).not.toContain(key);
    expect(stack.output()).not.toContain(key);
    expect((await start({ person: 'nina@example.com', reason: 'once more' })).status).toBe(202);
    await stack.settled();
    expect((await has('nina@example.com')).keys.length, 'given once').toBe(1);
  });

  it('in a group of less gets less: a key for the models that the policy allows, with its budget', async () => {
    await hire('omar', ['contractors']);
    expect(await ended('omar@example.com')).toMatchObject({ status: 'done' });
    const { invites, keys, workspaces } = await has('omar@example.com');
    expect([invites, workspaces]).toEqual([0, []]);
    expect(keys.find(({ max_budget }) => max_budget === 50)).toMatchObject({ models: ['claude-haiku-4-5'] });
  });

  it('whose groups come after the account has everything once they do', async () => {
    const { id } = await hire('tess', []);
    await stack.settled();
    expect(await onboardings('tess@example.com')).toEqual([]);
    await company.hr('PUT', `/groups/engineering/members/${id}`);
    expect(await ended('tess@example.com')).toMatchObject({ status: 'done' });
    expect((await grants('tess@example.com')).map(({ state }) => state)).toEqual(['given', 'given', 'given']);
  });

  it('in no group that the policy admits gets nothing', async () => {
    await hire('pia', ['people-team']);
    await stack.settled();
    expect(await onboardings('pia@example.com')).toEqual([]);
  });
});

describe('an onboarding that cannot be finished', () => {
  it('takes back what it gave, and says what to mend', async () => {
    const message = 'No seats are available on your plan';
    const body = { type: 'error', error: { type: 'invalid_request_error', message } };
    await fetch(`${stack.outside}/_faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/anthropic/v1/organizations/invites', method: 'POST', status: 400, body }),
    });
    await hire('quinn', ['engineering']);
    const stuck = await ended('quinn@example.com');
    expect(stuck).toMatchObject({ status: 'needs_human', message: expect.stringMatching(/No seat is free[\s\S]*taken back/) });
    expect(await has('quinn@example.com')).toMatchObject({ invites: 0, workspaces: [] });
    expect((await company.coder('GET', '/users/quinn')).status).toBe(404);
    expect((await grants('quinn@example.com')).filter(({ state }) => state === 'given')).toEqual([]);

    await fetch(`${stack.outside}/_faults`, { method: 'DELETE' });
    expect((await start({ person: 'quinn@example.com', reason: 'a seat is free now' })).status).toBe(202);
    await stack.until(async () => ((await onboardings('quinn@example.com'))[0]?.status === 'done' ? true : undefined), {
      stepSeconds: 5,
      timeoutMs: 50_000,
    });
    expect(await has('quinn@example.com')).toMatchObject({ invites: 1, workspaces: ['claude running'] });
  });

  it('of a leaver is taken back', async () => {
    await fetch(`${stack.outside}/_faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/coder/api/v2/organizations', method: 'POST', effect: 'build-never-starts' }),
    });
    const { id } = await hire('rosa', ['engineering']);
    await stack.until(async () => ((await has('rosa@example.com')).workspaces.length > 0 ? true : undefined), { stepSeconds: 2 });
    await company.hr('PATCH', `/users/${id}`, { active: false });
    expect((await ended('rosa@example.com')).status).not.toBe('done');
    const proven = await company.caseOf('rosa@example.com', (one) => one.proven_at !== undefined || one.status === 'needs_human', {
      what: 'the proof',
    });
    expect(proven.cut_at).toBeDefined();
  });
});

describe('somebody who joined, left and comes back', () => {
  it('loses all of it, and after the purge is given everything anew, with another key', async () => {
    const sam = 'sam@example.com';
    const { id } = await hire('sam', ['engineering']);
    expect((await ended(sam)).status).toBe('done');
    const token = async () => (await has(sam)).keys.map((key) => key.token);
    const before = await token();
    await company.hr('PATCH', `/users/${id}`, { active: false });
    const proven = await company.caseOf(sam, (one) => one.proven_at !== undefined, { what: 'the proof' });
    expect(proven.status).toBe('proven');
    expect((await grants(sam)).map(({ state }) => state)).toEqual(['blocked', 'blocked', 'blocked']);
    expect((await has(sam)).invites).toBe(0);
    await stack.settled();
    await stack.advance(7 * 86_400 + 60);
    await company.caseOf(sam, (one) => one.status === 'done', { what: 'the purge' });
    expect(await has(sam)).toMatchObject({ invites: 0, keys: [], workspaces: [] });

    await company.hr('PATCH', `/users/${id}`, { active: true });
    await stack.until(async () => ((await grants(sam)).every(({ state }) => state === 'given') ? true : undefined), {
      stepSeconds: 5,
      timeoutMs: 50_000,
      what: 'the grants of somebody who is back',
    });
    expect(await has(sam)).toMatchObject({ invites: 1, workspaces: ['claude running'] });
    expect(await token()).not.toEqual(before);
  });
});

describe('an admin', () => {
  it('who was here before gets what lacks, keeps what they have, and nothing of it becomes ours', async () => {
    const before = (await company.litellm<{ keys: unknown[] }>('GET', '/key/list?user_id=ivan@example.com')).body.keys.length;
    expect((await start({ person: 'ivan@example.com', reason: 'to be sure', dry_run: true })).status).toBe(200);
    expect((await start({ person: 'ivan@example.com', reason: 'to be sure' })).status).toBe(202);
    await ended('ivan@example.com');
    expect((await company.litellm<{ keys: unknown[] }>('GET', '/key/list?user_id=ivan@example.com')).body.keys.length).toBe(before);
    expect((await grants('ivan@example.com')).every(({ state }) => state === 'found' || state === 'given')).toBe(true);
  });

  it.each([
    ['nothing', {}, /"person" is missing; "reason" is missing/],
    ['somebody unknown', { person: 'nobody@example.com', reason: 'joined' }, /Nobody called "nobody@example.com" is known/],
    ['an unknown member', { person: 'ivan@example.com', reason: 'joined', hold: true }, /"hold" is not known here/],
  ])('who writes %s in the console reads in the first state what to write', async (_, input, says) => {
    const { stateMachines = [] } = await states.send(new ListStateMachinesCommand({}));
    const machine = stateMachines.find(({ name }) => name?.endsWith('-onboarding'))?.stateMachineArn ?? '';
    const { executionArn = '' } = await states.send(
      new StartExecutionCommand({ stateMachineArn: `${machine}:live`, input: JSON.stringify(input) }),
    );
    const failed = await stack.until(async () => {
      const { status, error, cause = '' } = await states.send(new DescribeExecutionCommand({ executionArn }));
      return status === 'RUNNING' ? undefined : { error, cause };
    });
    expect(failed.error).toBe('InvalidRequest');
    expect(failed.cause.replaceAll('\\"', '"')).toMatch(says);
  });
});

it('a whole directory that is new is not onboarded by itself: beyond the guard, joiners are left to admins', async () => {
  await stack.advance(3_600);
  const names = Array.from({ length: 27 }, (_, index) => `many-${index}`);
  for (const name of names) await hire(name, ['contractors']);
  await stack.settled();
  let began = 0;
  const carol = await company.admin();
  for (const name of names) {
    const answer = await carol.fetch(`/admin/onboardings?person=${name}@example.com`);
    expect(answer.status, await answer.clone().text()).toBe(200);
    began += ((await answer.json()) as { onboardings: Onboarding[] }).onboardings.length;
  }
  // A sweep in between has counted those who were in the directory before.
  expect(began).toBeGreaterThan(0);
  expect(began).toBeLessThanOrEqual(25);
});
