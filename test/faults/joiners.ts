/**
 * Plays rows of the onboarding and of the mover: each is a person of their own. A joiner has everything, or nothing and a human is told; who moves has
 * what their group gives, or a human is told. Started again with what was wrong mended, both have what they should.
 */
import { expect } from 'vitest';
import type { Person } from '../support/stack.ts';
import { eachOf, executionOf, type Stage, startMachine } from './play.ts';
import { calm, type Row, strike, struck, titleOf } from './rows.ts';

export type Scenario =
  | 'joiner'
  | 'no seat'
  | 'not entitled'
  | 'dry run'
  | 'needs a person'
  | 'narrowed'
  | 'widened'
  | 'policy wave'
  | 'stripped'
  | 'newly entitled';

/** Where in a life the state is passed. */
export function scenarioOf({ machine, state, step, kind }: Row): Scenario {
  if (state === 'Close without giving') return 'not entitled';
  if (state === 'Write down what there is') return 'dry run';
  if (state === 'Write down that a person is needed') return 'needs a person';
  if (step.endsWith('-move')) return 'policy wave';
  // A key goes on being one where the group still entitles to any.
  if (machine === 'mover' && kind === 'lies' && step === 'withdraw-virtual-keys') return 'stripped';
  if (machine === 'mover' && kind === 'lies' && step === 'grant-virtual-keys') return 'newly entitled';
  if (machine === 'mover') return step.startsWith('grant-') ? 'widened' : 'narrowed';
  return step.startsWith('withdraw-') || state === 'Write down that it was taken back' ? 'no seat' : 'joiner';
}

export const mostAtOnce = 20;

interface Joiner {
  row: Row;
  email: string;
  directoryId: string;
  person: Person;
}

let hired = 0;
async function hire({ stack, company }: Stage, row: Row, groups: string[]): Promise<Joiner> {
  const name = `joiner-${hired++}`;
  const email = `${name}@example.com`;
  // Silent, so that nothing begins before the fault is there.
  const { id: directoryId } = await company.hr('POST', '/users?silent=1', { email, name, groups });
  return { row, email, directoryId, person: await stack.as(email) };
}

/** @returns a sentence for each row that did not end as it must. */
export async function playJoiners(stage: Stage, scenario: Scenario, rows: readonly Row[]): Promise<string[]> {
  const { stack, company } = stage;
  const machine = rows[0]?.machine ?? '';
  const isMove = machine === 'mover';
  const joiners = await eachOf(rows, (row) => hire(stage, row, [groupBefore[scenario] ?? 'engineering']));
  await stage.turn(120);
  if (isMove) {
    const before = await runAll(stage, 'onboarding', joiners);
    expect(
      [...before.values()].filter(({ status }) => status !== 'SUCCEEDED'),
      'everybody is onboarded before',
    ).toEqual([]);
  }
  const groups = groupsOf(scenario, isMove);
  if (groups) for (const { directoryId } of joiners) await company.hr('PATCH', `/users/${directoryId}?silent=1`, { groups });
  if (scenario === 'no seat') await noSeat(stack.outside);
  for (const { row, person } of joiners) {
    await strike(stack, row, person.id);
    // So that the machine comes to the state at all.
    if (scenario === 'needs a person') await strike(stack, planningFails(row), person.id);
  }
  const ended = await runAll(stage, machine, joiners, inputOf(scenario));
  // What the directory told of meanwhile has its turn.
  for (let at = 0; at < 3; at++) await stage.turn(40);
  const troubles: string[] = [];
  for (const joiner of joiners) {
    const trouble = await whyNot(stage, scenario, joiner, ended.get(joiner) ?? { status: 'never started' });
    if (trouble) troubles.push(`${titleOf(joiner.row)} [${scenario}]: ${trouble}`);
  }
  await calm(stack);
  if (scenario === 'not entitled') return troubles;
  // What a fact had started meanwhile is over before it is started by hand again.
  for (let at = 0; isMove && at < 20; at++) await stage.turn(120);
  const again = await runAll(stage, machine, joiners);
  for (const joiner of joiners) {
    const { status, cause } = again.get(joiner) ?? { status: 'never started' };
    const trouble = status === 'SUCCEEDED' ? await differs(stage, joiner, groups?.[0]) : `${status} ${cause}`;
    if (trouble) troubles.push(`${titleOf(joiner.row)}, mended: ${trouble}`);
  }
  return troubles;
}

/** As a fact starts a move of many, whom a person is asked about. */
const wave = {
  trigger: 'entitlement',
  generation: 1,
  cause: 'evt_01h00000000000000000000000',
  wave: { id: 'wav_01h00000000000000000000000', people: 30 },
};

function inputOf(scenario: Scenario): object {
  if (scenario === 'policy wave') return { ...wave, wave: { ...wave.wave, id: `wav_${hired}` } };
  return scenario === 'dry run' ? { dry_run: true } : {};
}

async function approve({ admin }: Stage): Promise<void> {
  const carol = await admin();
  const { approvals } = (await (await carol.fetch('/admin/approvals')).json()) as {
    approvals: { id: string; what: string; state: string }[];
  };
  for (const { id } of approvals.filter((one) => one.what === 'move' && one.state === 'waiting')) {
    const body = JSON.stringify({ decision: 'approve', reason: 'looked into it' });
    await carol.fetch(`/admin/approvals/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
}

const groupBefore: Partial<Record<Scenario, string>> = { widened: 'contractors', 'newly entitled': 'platform-admins' };

function groupsOf(scenario: Scenario, isMove: boolean): string[] | undefined {
  if (scenario === 'not entitled') return [];
  if (scenario === 'widened' || scenario === 'newly entitled') return ['engineering'];
  if (scenario === 'stripped') return ['platform-admins'];
  return isMove ? ['contractors'] : undefined;
}

const planningFails = ({ machine }: Row): Row => ({
  machine,
  state: 'Work out what the policy gives',
  step: 'plan-grants',
  function: 'gatehouse-local-lifecycle-plan-grants',
  kind: 'fails for good',
});

async function noSeat(outside: string): Promise<void> {
  const body = { type: 'error', error: { type: 'invalid_request_error', message: 'No seats are available' } };
  await fetch(`${outside}/_faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: '/anthropic/v1/organizations/invites', method: 'POST', status: 400, body }),
  });
}

interface Ended {
  status: string;
  cause?: string;
}

async function runAll(stage: Stage, machine: string, joiners: readonly Joiner[], more: object = {}): Promise<Map<Joiner, Ended>> {
  const arns = new Map<Joiner, string>();
  for (const joiner of joiners)
    arns.set(joiner, await startMachine(stage.company, machine, { person: joiner.person.id, reason: 'told to', ...more }));
  const ends = async () =>
    new Map(await eachOf([...arns], async ([joiner, arn]) => [joiner, await executionOf(stage.company, arn)] as const));
  await stage.turn(1);
  const over = async () => {
    if ('wave' in more) await approve(stage);
    return [...(await ends()).values()].every(({ status }) => status !== 'RUNNING');
  };
  for (const [seconds, turns] of [
    [10, 60],
    [60, 60],
    // What nobody hears of ends with the day that a decision has.
    [1_800, 55],
  ] as const)
    if (await stage.turnUntil(over, { seconds, turns })) break;
  return ends();
}

interface Held {
  invites: number;
  /** The models of the key; absent: there is no key of ours. */
  models: string | undefined;
  workspaces: string[];
  account: string;
}

const nothing: Held = { invites: 0, models: undefined, workspaces: [], account: 'none' };
const engineers: Held = { invites: 1, models: '', workspaces: ['running'], account: 'active' };

async function heldBy({ stack, company }: Stage, { email, person }: Joiner): Promise<Held> {
  const headers = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01' };
  const invites = await fetch(`${stack.outside}/anthropic/v1/organizations/invites?email=${email}`, { headers });
  const alias = `gatehouse-${person.id}-1`;
  const { body } = await company.litellm<{ keys: { key_alias: string | null; models: string[] }[] }>(
    'GET',
    `/key/list?return_full_object=true&key_alias=${alias}&size=100`,
  );
  const key = body.keys.find((one) => one.key_alias === alias);
  const username = email.split('@')[0] ?? '';
  const owned = await company.coder<{ workspaces: { latest_build: { status: string } }[] }>('GET', `/workspaces?q=owner:${username}`);
  const account = await company.coder<{ status: string }>('GET', `/users/${username}`);
  return {
    invites: ((await invites.json()) as { data: unknown[] }).data.length,
    models: key?.models.join(),
    workspaces: owned.body.workspaces.map(({ latest_build }) => latest_build.status),
    account: account.status === 200 ? account.body.status : 'none',
  };
}

const isSame = (a: Held, b: Held) => JSON.stringify(a) === JSON.stringify(b);

/** What is wrong with how the row ended. */
async function whyNot(stage: Stage, scenario: Scenario, joiner: Joiner, { status, cause = '' }: Ended): Promise<string | undefined> {
  const { row, person } = joiner;
  if ((await struck(stage.stack, row, person.id)) === 0) return 'the fault never struck';
  if (status !== 'SUCCEEDED' && status !== 'FAILED') return `it is ${status}`;
  if (status === 'FAILED' && cause.length < 20) return `nobody is told what to do: ${cause}`;
  if (row.machine === 'mover') {
    const moved = groupsOf(scenario, true)?.[0];
    return status === 'SUCCEEDED' && moved && scenario !== 'dry run' && scenario !== 'needs a person'
      ? differs(stage, joiner, moved)
      : undefined;
  }
  const held = await heldBy(stage, joiner);
  const hasAll = isSame(held, engineers);
  if (status === 'SUCCEEDED' && scenario === 'joiner') return hasAll ? undefined : `it succeeded, and they have ${JSON.stringify(held)}`;
  // What takes back may itself be down for good, or be lied to: then what is left is named.
  if (row.step.startsWith('withdraw-') && status === 'FAILED' && /left|back|delete|take/i.test(cause)) return undefined;
  return hasAll || isSame(held, nothing) ? undefined : `they have neither all nor nothing: ${JSON.stringify(held)}; ${cause}`;
}

async function differs(stage: Stage, joiner: Joiner, group = 'engineering'): Promise<string | undefined> {
  const held = await heldBy(stage, joiner);
  if (group === 'engineering') return isSame(held, engineers) ? undefined : `they have ${JSON.stringify(held)}`;
  const { invites, models, workspaces, account } = held;
  const isRight =
    invites === 0 &&
    models === (group === 'contractors' ? 'claude-haiku-4-5' : undefined) &&
    workspaces.every((one) => one === 'stopped') &&
    account !== 'active';
  return isRight ? undefined : `whoever is in ${group} has ${JSON.stringify(held)}`;
}
