/**
 * What can go wrong with each function that the offboarding machine calls, taken from the machine's own file: it fails for a while or for good, is
 * throttled, never answers, or dies after its work is done. Each row is a leaver of their own, on the stack's clock with the product's own times.
 */
import { readFileSync } from 'node:fs';
import { functionName, placeholder } from '@gatehouse/contracts/names';
import { templateId } from '@gatehouse/local/outside/coder/state';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect } from 'vitest';
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import type { Person, Stack } from '../support/stack.ts';

const day = 86_400;
const definition = new URL('../../packages/lifecycle/offboarding.asl.json', import.meta.url);

export const kinds = {
  'fails twice': { error: 'Unavailable', times: 2 },
  'fails for good': { error: 'Misconfigured' },
  'is throttled three times': { throttle: true, times: 3 },
  'never answers, once': { hang: true, times: 1 },
  'dies after its work, once': { lose_answer: true, times: 1 },
} as const;
export type Kind = keyof typeof kinds;

/** leaver: deactivated until everything is deleted; return: back during the grace period; dry run: by hand, with nothing changed. */
type Scenario = 'leaver' | 'return' | 'dry run';

export interface Row {
  step: string;
  function: string;
  kind: Kind;
  scenario: Scenario;
}

/** Only many leavers at once are asked about: their journey is its own. */
const elsewhere = ['ask-approval'];

/** One row a step that the machine's file calls and kind of fault. */
export async function rowsOf(): Promise<Row[]> {
  const text = readFileSync(definition, 'utf8');
  const surfaces = await loadSurfaces();
  const steps = surfaces.flatMap(({ capability, steps = {} }) =>
    Object.entries(steps)
      .filter(([step]) => text.includes(`\${${placeholder(step)}}`))
      .map(([step, entry]) => ({ step, function: functionName('local', capability, entry) })),
  );
  const called = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name));
  expect(steps.map(({ step }) => placeholder(step)).sort(), 'every placeholder is somebody’s step').toEqual([...called].sort());
  return steps
    .filter(({ step }) => !elsewhere.includes(step))
    .flatMap((one) => (Object.keys(kinds) as Kind[]).map((kind) => ({ ...one, kind, scenario: scenarioOf(one.step) })));
}

function scenarioOf(step: string): Scenario {
  if (/^(restore|unblock)-/.test(step)) return 'return';
  return step.startsWith('find-') ? 'dry run' : 'leaver';
}

interface Worker {
  email: string;
  directoryId: string;
  person: Person;
  key: string;
  workspace: string;
}

let hired = 0;
async function hire(stack: Stack, company: Company): Promise<Worker> {
  const name = `row-${hired++}`;
  const email = `${name}@example.com`;
  const { id: directoryId } = await company.hr('POST', '/users?silent=1', { email, name, groups: ['engineering'] });
  const person = await stack.as(email);
  const key = await company.virtualKey(email);
  const { body: organizations } = await company.coder<{ id: string }[]>('GET', '/organizations');
  const organization = organizations[0]?.id ?? expect.fail('Coder has no organization');
  const wish = { username: name, email, login_type: 'oidc', organization_ids: [organization], user_status: 'active' };
  const { body: account } = await company.coder<{ id: string }>('POST', '/users', wish);
  const path = `/organizations/${organization}/members/${account.id}/workspaces`;
  const made = await company.coder<{ id: string }>('POST', path, { name: 'main', template_id: templateId });
  expect(made.status).toBe(201);
  return { email, directoryId, person, key, workspace: made.body.id };
}

/** Plays one row, and finds the person dead and deleted, given back what they had, or a human told and everything well after another start. */
export async function play(stack: Stack, row: Row): Promise<void> {
  const company = companyOf(stack);
  const worker = await hire(stack, company);
  await stack.advance(10);
  await strike(stack, row);
  if (row.scenario === 'dry run') return playDryRun(stack, company, worker);
  await company.hr('PATCH', `/users/${worker.directoryId}`, { active: false });
  if (row.scenario === 'return') return playReturn(stack, company, worker, row);
  if (row.kind === 'fails for good' && (await toldOrDone(stack, company, worker)) === 'told') {
    await calm(stack);
    await again(company, worker);
  }
  await deadAndDeleted(stack, company, worker);
}

/** What fails for good may not be needed for this person: then they end as everybody does. */
async function toldOrDone(stack: Stack, company: Company, worker: Worker): Promise<'told' | 'done'> {
  if (await toldOr(stack, company, worker, 'proven')) return 'told';
  await parked(stack, company, worker);
  await stack.advance(7 * day + 60);
  return (await toldOr(stack, company, worker, 'done')) ? 'told' : 'done';
}

async function strike(stack: Stack, { function: name, kind }: Row): Promise<void> {
  const body = JSON.stringify({ service: 'lambda', function: name, ...kinds[kind] });
  const answer = await fetch(`${stack.aws}/_faults`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`The fault was not taken: ${await answer.text()}`);
}

/** Ends all faults. @returns how often they struck. */
async function calm(stack: Stack): Promise<void> {
  await fetch(`${stack.aws}/_faults`, { method: 'DELETE' });
}

/** Whether a person is told, by the case or, where none could be opened, by the fact; false when the case stands as wanted instead. */
function toldOr(stack: Stack, company: Company, { person }: Worker, wanted: string): Promise<boolean> {
  const isTold = async () => {
    const [one] = await company.cases(person.id);
    if (one?.status === 'needs_human') {
      expect(one.message?.length ?? 0, 'it says what to do').toBeGreaterThan(20);
      return true;
    }
    if (one) return one.status === wanted ? false : undefined;
    const { Items } = await company.aws<{ Items: { type?: { S: string }; detail?: { S: string } }[] }>('DynamoDB_20120810', 'Scan', {
      TableName: 'gatehouse-local-lifecycle',
    });
    return Items.some(({ type, detail }) => type?.S === 'case-stuck' && detail?.S.includes(person.id)) ? true : undefined;
  };
  return stack.until(isTold, { stepSeconds: 20, timeoutMs: 90_000, what: `a human being told, or a case that is ${wanted}` });
}

async function again(company: Company, { person }: Worker): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const body = JSON.stringify({ person: person.id, reason: 'mended' });
  const answer = await (await company.admin()).fetch('/admin/offboardings', { ...init, body });
  expect(answer.status, await answer.text()).toBe(202);
}

async function reach(stack: Stack, company: Company, { person }: Worker, wanted: string): Promise<Offboarding> {
  const reached = async () => {
    const [one] = await company.cases(person.id);
    if (one?.status === 'needs_human') throw new Error(`It needs a person: ${one.message}`);
    return one?.status === wanted ? one : undefined;
  };
  return stack.until(reached, { stepSeconds: 20, timeoutMs: 90_000, what: `a case that is ${wanted}` });
}

async function deadAndDeleted(stack: Stack, company: Company, worker: Worker): Promise<void> {
  if ((await company.cases(worker.person.id))[0]?.status !== 'done') {
    await reach(stack, company, worker, 'proven');
    await parked(stack, company, worker);
    await stack.advance(7 * day + 60);
    await reach(stack, company, worker, 'done');
  }
  expect((await worker.person.fetch('/managed/settings')).status).toBe(401);
  expect(await company.tryKey(worker.key)).toEqual([401, 401]);
  expect((await company.litellm('GET', `/key/info?key=${worker.key}`)).status).toBe(404);
  expect((await company.coder('GET', `/workspaces/${worker.workspace}`)).status).toBe(410);
  await calm(stack);
}

/** The grace period begins with the parked token: a leap before that would come before it. A hanging call keeps the stack from being settled. */
async function parked(stack: Stack, company: Company, { person }: Worker): Promise<void> {
  const isParked = async () => {
    const { Item } = await company.aws<{ Item?: unknown }>('DynamoDB_20120810', 'GetItem', {
      TableName: 'gatehouse-local-lifecycle',
      Key: { pk: { S: `GRACE#${person.id}` }, sk: { S: 'GRACE' } },
    });
    return Item ? true : undefined;
  };
  await stack.until(isParked, { stepSeconds: 5, timeoutMs: 60_000, what: 'the parked case' });
}

async function playReturn(stack: Stack, company: Company, worker: Worker, { kind }: Row): Promise<void> {
  await reach(stack, company, worker, 'proven');
  await parked(stack, company, worker);
  await company.hr('PATCH', `/users/${worker.directoryId}`, { active: true });
  const ended = async () => {
    const [one] = await company.cases(worker.person.id);
    return one?.status === 'cancelled' || one?.status === 'needs_human' ? one : undefined;
  };
  const one = await stack.until(ended, { stepSeconds: 10, timeoutMs: 90_000, what: 'the end of the return' });
  await calm(stack);
  if (kind === 'fails for good') expect(one.message).toBeTruthy();
  else expect(await company.tryKey(worker.key)).toEqual([200, 200]);
  await stack.advance(2 * 3_600);
}

async function playDryRun(stack: Stack, company: Company, worker: Worker): Promise<void> {
  const { stateMachines } = await company.aws<{ stateMachines: { name: string; stateMachineArn: string }[] }>(
    'AWSStepFunctions',
    'ListStateMachines',
    {},
  );
  const machine = stateMachines.find(({ name }) => name.endsWith('-offboarding'))?.stateMachineArn;
  const input = JSON.stringify({ person: worker.person.id, reason: 'to see', dry_run: true });
  const { executionArn } = await company.aws<{ executionArn: string }>('AWSStepFunctions', 'StartExecution', {
    stateMachineArn: `${machine}:live`,
    input,
  });
  const ended = async () => {
    const { status } = await company.aws<{ status: string }>('AWSStepFunctions', 'DescribeExecution', { executionArn });
    return status === 'RUNNING' ? undefined : status;
  };
  expect(['SUCCEEDED', 'FAILED']).toContain(
    await stack.until(ended, { stepSeconds: 10, timeoutMs: 60_000, what: 'the end of the dry run' }),
  );
  await calm(stack);
  expect((await worker.person.fetch('/managed/settings')).status, 'nothing is changed').toBe(200);
  expect(await company.tryKey(worker.key)).toEqual([200, 200]);
}
