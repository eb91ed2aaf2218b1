/**
 * What can go wrong with each function that the onboarding machine calls, taken from the machine's own file. Each row is a joiner of their own, on the
 * stack's clock with the product's own times. Functions that take back are struck while no seat is free, so that there is something to take back.
 */
import { readFileSync } from 'node:fs';
import { functionName, placeholder } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import type { Stack } from '../support/stack.ts';
import { type Kind, kinds } from './offboarding-rows.ts';

const definition = new URL('../../packages/lifecycle/onboarding.asl.json', import.meta.url);

export interface Row {
  step: string;
  function: string;
  kind: Kind;
  scenario: 'joiner' | 'no seat';
}

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
  return steps.flatMap((one) =>
    (Object.keys(kinds) as Kind[]).map((kind) => ({ ...one, kind, scenario: one.step.startsWith('withdraw-') ? 'no seat' : 'joiner' })),
  );
}

interface Joiner {
  email: string;
  id: string;
}

let hired = 0;
async function hire(stack: Stack, company: Company): Promise<Joiner> {
  const name = `joiner-${hired++}`;
  const email = `${name}@example.com`;
  // Silent, so that only the admin's start begins it, once the fault is there.
  await company.hr('POST', '/users?silent=1', { email, name, groups: ['engineering'] });
  return { email, id: (await stack.as(email)).id };
}

/** Plays one row, and finds the person with everything and working, or with nothing and a human told, and everything after another start. */
export async function play(stack: Stack, { function: name, kind, scenario }: Row): Promise<void> {
  const company = companyOf(stack);
  const joiner = await hire(stack, company);
  await stack.advance(120);
  if (scenario === 'no seat') await noSeat(stack);
  const answer = await fetch(`${stack.aws}/_faults`, {
    method: 'POST',
    body: JSON.stringify({ service: 'lambda', function: name, ...kinds[kind] }),
  });
  expect(answer.ok, 'the fault was not taken').toBe(true);
  const began = await start(company, joiner);
  const { status } = await ended(stack, company, began);
  if (scenario === 'joiner' && kind !== 'fails for good') {
    expect(status, await whyNot(company, began)).toBe('SUCCEEDED');
    return hasEverything(stack, company, joiner);
  }
  expect(status, 'a human is told').toBe('FAILED');
  await calm(stack);
  await stack.settled();
  await hasNothingOr(stack, company, joiner, kind === 'fails for good');
  expect((await ended(stack, company, await start(company, joiner))).status).toBe('SUCCEEDED');
  await hasEverything(stack, company, joiner);
}

function noSeat(stack: Stack): Promise<Response> {
  const body = { type: 'error', error: { type: 'invalid_request_error', message: 'No seats are available' } };
  return fetch(`${stack.outside}/_faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: '/anthropic/v1/organizations/invites', method: 'POST', status: 400, body }),
  });
}

export async function calm(stack: Stack): Promise<void> {
  await fetch(`${stack.aws}/_faults`, { method: 'DELETE' });
  await fetch(`${stack.outside}/_faults`, { method: 'DELETE' });
}

async function start(company: Company, { email }: Joiner): Promise<string> {
  const { stateMachines } = await company.aws<{ stateMachines: { name: string; stateMachineArn: string }[] }>(
    'AWSStepFunctions',
    'ListStateMachines',
    {},
  );
  const machine = stateMachines.find(({ name }) => name.endsWith('-onboarding'))?.stateMachineArn;
  const { executionArn } = await company.aws<{ executionArn: string }>('AWSStepFunctions', 'StartExecution', {
    stateMachineArn: `${machine}:live`,
    input: JSON.stringify({ person: email, reason: 'joined' }),
  });
  return executionArn;
}

function ended(stack: Stack, company: Company, executionArn: string): Promise<{ status: string; output?: string }> {
  return stack.until(
    async () => {
      const one = await company.aws<{ status: string; output?: string }>('AWSStepFunctions', 'DescribeExecution', { executionArn });
      return one.status === 'RUNNING' ? undefined : one;
    },
    { stepSeconds: 10, timeoutMs: 90_000, what: 'the end of the onboarding' },
  );
}

async function holds(
  stack: Stack,
  company: Company,
  { email, id }: Joiner,
): Promise<{ invites: number; keys: number; workspaces: number; account: boolean }> {
  const headers = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01' };
  const invites = await fetch(`${stack.outside}/anthropic/v1/organizations/invites?email=${email}`, { headers });
  const { body } = await company.litellm<{ keys: { key_alias: string }[] }>('GET', '/key/list?return_full_object=true&size=100&page=1');
  const { keys: more } = (
    await company.litellm<{ keys: { key_alias: string }[] }>('GET', '/key/list?return_full_object=true&size=100&page=2')
  ).body;
  const username = email.split('@')[0] ?? '';
  const owned = await company.coder<{ workspaces: unknown[] }>('GET', `/workspaces?q=owner:${username}`);
  return {
    invites: ((await invites.json()) as { data: unknown[] }).data.length,
    keys: [...body.keys, ...more].filter(({ key_alias }) => key_alias === `gatehouse-${id}-1`).length,
    workspaces: owned.body.workspaces.length,
    account: (await company.coder('GET', `/users/${username}`)).status === 200,
  };
}

async function hasEverything(stack: Stack, company: Company, joiner: Joiner): Promise<void> {
  await calm(stack);
  expect(await holds(stack, company, joiner)).toEqual({ invites: 1, keys: 1, workspaces: 1, account: true });
}

/** What takes back may itself be down for good: then what is left is named to a human. */
async function hasNothingOr(stack: Stack, company: Company, joiner: Joiner, leftOver: boolean): Promise<void> {
  const held = await holds(stack, company, joiner);
  if (!leftOver) expect(held).toEqual({ invites: 0, keys: 0, workspaces: 0, account: false });
  const answer = await (await company.admin()).fetch(`/admin/onboardings?person=${joiner.id}`);
  const [last] = ((await answer.json()) as { onboardings: { status: string; message?: string }[] }).onboardings;
  if (last) expect([last.status, (last.message ?? '').length > 20]).toEqual(['needs_human', true]);
}

async function whyNot(company: Company, executionArn: string): Promise<string> {
  const { cause = '' } = await company.aws<{ cause?: string }>('AWSStepFunctions', 'DescribeExecution', { executionArn });
  return cause;
}
