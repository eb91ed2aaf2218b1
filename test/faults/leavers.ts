/**
 * Plays rows of the offboarding machine: each is a leaver with a session, a key, a workspace and an invite. They end dead and deleted, or a human is
 * told by name what to mend and then they end so. Back again, still here, held or asked about: they end as those do.
 */
import { templateId } from '@gatehouse/local/outside/coder/state';
import { expect } from 'vitest';
import type { Offboarding } from '../support/company.ts';
import type { Person } from '../support/stack.ts';
import { eachOf, type Stage, startMachine } from './play.ts';
import { calm, type Row, strike, struck, titleOf } from './rows.ts';

const day = 86_400;
const graceSeconds = 7 * day + 60;
/** Leavers of different hours are no wave. */
const hourSeconds = 3_700;

export type Scenario =
  | 'leaver'
  | 'return'
  | 'dry run'
  | 'silent directory'
  | 'still here'
  | 'lost group'
  | 'hold'
  | 'unproven'
  | 'needs a person'
  | 'not gone'
  | 'cut approved'
  | 'cut rejected'
  | 'purge approved'
  | 'purge rejected';

/** Where in a life the state is passed. */
export function scenarioOf({ state, step }: Row): Scenario {
  if (/^(restore|unblock)-/.test(step) || /is back$|came back$/.test(state)) return 'return';
  if (step.startsWith('find-') || /plan$|dry run$/.test(state)) return 'dry run';
  if (state.includes('while the directory is silent')) return 'silent directory';
  if (state.includes('still here')) return 'still here';
  if (state === 'Count who else seems to be leaving') return 'lost group';
  if (state === 'Keep everything while a hold is set') return 'hold';
  if (state === 'Write down what is not proven') return 'unproven';
  if (state === 'Write down that the case needs a person' || state.startsWith('Stop: ')) return 'needs a person';
  if (state === 'Write down what is not gone') return 'not gone';
  if (state === 'Ask whether all of them are to be cut') return 'cut approved';
  if (state === 'Close the case of somebody who is not to be cut') return 'cut rejected';
  if (state === 'Ask whether all of them are to be deleted') return 'purge approved';
  if (state === 'Keep everything that nobody approved to delete') return 'purge rejected';
  return 'leaver';
}

/** More than ten at once may be a wave. */
export const mostAtOnce = 10;
/** Whoever leaves after so many is one of a wave, however large the company has grown. */
const waveOf = 26;

interface Worker {
  row?: Row;
  email: string;
  directoryId: string;
  person: Person;
  key: string;
  workspace: string;
}

const failing: Row = { machine: 'offboarding', state: '', step: '', function: '', kind: 'fails for good' };

let hired = 0;

async function hire({ stack, company }: Stage, row?: Row): Promise<Worker> {
  const name = `row-${hired++}`;
  const email = `${name}@example.com`;
  const { id: directoryId } = await company.hr('POST', '/users?silent=1', { email, name, groups: ['engineering'] });
  const person = await stack.as(email);
  if (!row) return { email, directoryId, person, key: '', workspace: '' };
  const key = await company.virtualKey(email);
  const { body: organizations } = await company.coder<{ id: string }[]>('GET', '/organizations');
  const organization = organizations[0]?.id ?? expect.fail('Coder has no organization');
  const wish = { username: name, email, login_type: 'oidc', organization_ids: [organization], user_status: 'active' };
  const { body: account } = await company.coder<{ id: string }>('POST', '/users', wish);
  const path = `/organizations/${organization}/members/${account.id}/workspaces`;
  const made = await company.coder<{ id: string }>('POST', path, { name: 'main', template_id: templateId });
  expect(made.status).toBe(201);
  await invites(stack.outside, 'POST', '', { email, role: 'claude_code_user' });
  return { row, email, directoryId, person, key, workspace: made.body.id };
}

async function invites(outside: string, method: string, query: string, body?: object): Promise<unknown[]> {
  const headers = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };
  const answer = await fetch(`${outside}/anthropic/v1/organizations/invites${query}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return ((await answer.json()) as { data?: unknown[] }).data ?? [];
}

/** @returns a sentence for each row that did not end as it must. */
export async function playLeavers(stage: Stage, scenario: Scenario, rows: readonly Row[]): Promise<string[]> {
  const { stack, company } = stage;
  await stage.turn(hourSeconds);
  const isWave = /^(cut|purge) (approved|rejected)$/.test(scenario);
  const others = isWave ? await eachOf(Array.from({ length: waveOf }), () => hire(stage)) : [];
  const workers = await eachOf(rows, (row) => hire(stage, row));
  await stage.turn(30);
  for (const { row, person } of workers) {
    if (row) await strike(stack, row, person.id);
    // So that the machine comes to the state at all.
    if (scenario === 'unproven')
      await strike(stack, { ...failing, state: 'Probe the sessions', function: 'gatehouse-local-access-probe-sessions' }, person.id);
    if (scenario === 'not gone')
      await strike(
        stack,
        { ...failing, state: 'Probe once more the sessions', function: 'gatehouse-local-access-probe-sessions' },
        person.id,
      );
    if (scenario === 'needs a person')
      await strike(stack, { ...failing, state: 'Shut the sessions', function: 'gatehouse-local-access-cut-sessions' }, person.id);
  }
  if (scenario === 'dry run' || scenario === 'still here') return playByHand(stage, scenario, workers);
  if (scenario === 'silent directory') await company.directoryDown();
  for (const { directoryId } of others) await leave(stage, scenario, directoryId);
  if (isWave) await stage.turn(1);
  for (const { directoryId } of workers) await leave(stage, scenario, directoryId);
  if (scenario === 'silent directory') {
    await stage.turnUntil(async () => (await Promise.all(workers.map((one) => settings(one)))).every((status) => status === 401), {
      seconds: 20,
      turns: 15,
    });
    await company.directoryUp();
  }
  const answer = answers(stage, scenario, workers);
  await rest(stage, workers, ['proven', 'held'], answer);
  if (scenario === 'return') for (const { directoryId } of workers) await company.hr('PATCH', `/users/${directoryId}`, { active: true });
  if (scenario === 'hold') for (const one of workers) await hold(stage, one);
  if (scenario === 'cut rejected') await decide(stage, 'cut', false);
  if (scenario === 'purge rejected') {
    await outlast(stage, workers, ['held']);
    await decide(stage, 'purge', false);
  }
  await outlast(stage, workers, [], answer);
  const troubles = await judge(stage, scenario, workers);
  await calm(stack);
  if (scenario === 'return' || scenario === 'cut rejected') return troubles;
  if (scenario === 'hold') for (const one of workers) await hold(stage, one, false);
  return [...troubles, ...(await mended(stage, workers))];
}

async function leave({ company }: Stage, scenario: Scenario, directoryId: string): Promise<void> {
  if (scenario === 'lost group' || scenario.startsWith('cut ')) await company.hr('DELETE', `/groups/engineering/members/${directoryId}`);
  else await company.hr('PATCH', `/users/${directoryId}`, { active: false });
}

const settings = ({ person }: Worker) => person.fetch('/managed/settings').then(({ status }) => status);

/** Approves whatever is asked, once the question itself has failed as each row wants: a question has a day, and a row may use all of it up. */
function answers(stage: Stage, scenario: Scenario, workers: readonly Worker[]): () => Promise<void> {
  return async () => {
    if (!scenario.endsWith(' approved')) return;
    const counts = await Promise.all(workers.map(({ row, person }) => row && struck(stage.stack, row, person.id)));
    if (scenario === 'cut approved' || !counts.includes(0)) await decide(stage, 'purge', true);
    if (scenario === 'cut approved' && !counts.includes(0)) await decide(stage, 'cut', true);
  };
}

/** Turns until each case is closed, waits for a decision, or stands as wanted. */
async function rest(
  stage: Stage,
  workers: readonly Worker[],
  wanted: readonly string[],
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  const rests = async (worker: Worker) => {
    const [one] = await stage.cases(worker.person.id);
    if (!one) return stage.isTold(worker.person.id);
    if (one.closed_at !== undefined) return true;
    // The grace period begins with the parked token: a leap before that would come before it.
    return wanted.includes(one.status) && (one.status !== 'proven' || (await isParked(stage, worker)));
  };
  const all = async () => {
    await meanwhile();
    return (await eachOf(workers, rests)).every(Boolean);
  };
  // What nobody hears of ends by its own time-out, at the latest that of a decision: a day.
  for (const [seconds, turns] of [
    [20, 40],
    [300, 30],
    [1_800, 55],
  ] as const)
    if (await stage.turnUntil(all, { seconds, turns })) return;
}

/** Through the grace period to the end; whoever came to it late waits for theirs. */
async function outlast(stage: Stage, workers: readonly Worker[], also: readonly string[], meanwhile?: () => Promise<void>): Promise<void> {
  for (let at = 0; at < 3; at++) {
    await rest(stage, workers, ['proven', ...also], meanwhile);
    const waiting = await eachOf(workers, async ({ person }) => (await stage.cases(person.id))[0]?.status === 'proven');
    if (!waiting.includes(true)) return;
    await stage.turn(graceSeconds);
    // A step that is being tried again leaves the case as it was.
    for (let tries = 0; tries < 6; tries++) await stage.turn(20);
  }
}

async function isParked({ company }: Stage, { person }: Worker): Promise<boolean> {
  const { Item } = await company.aws<{ Item?: unknown }>('DynamoDB_20120810', 'GetItem', {
    TableName: 'gatehouse-local-lifecycle',
    Key: { pk: { S: `GRACE#${person.id}` }, sk: { S: 'GRACE' } },
  });
  return Item !== undefined;
}

async function decide(stage: Stage, what: string, approve: boolean): Promise<void> {
  const carol = await stage.admin();
  const { approvals } = (await (await carol.fetch('/admin/approvals')).json()) as {
    approvals: { id: string; what: string; state: string }[];
  };
  for (const { id } of approvals.filter((one) => one.what === what && one.state === 'waiting')) {
    const body = JSON.stringify({ decision: approve ? 'approve' : 'reject', reason: 'looked into it' });
    await carol.fetch(`/admin/approvals/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
}

async function hold(stage: Stage, { person }: Worker, set = true): Promise<void> {
  const [one] = await stage.cases(person.id);
  if (!one) return;
  const init = { method: 'PUT', headers: { 'content-type': 'application/json' } };
  const body = JSON.stringify({ hold: set, reason: 'a dispute' });
  await (await stage.admin()).fetch(`/admin/offboardings/${one.id}/hold`, { ...init, body });
}

/** How a case may end where no human is needed. */
function endsOf(scenario: Scenario): readonly string[] {
  switch (scenario) {
    case 'return':
    case 'cut rejected':
      return ['cancelled'];
    case 'hold':
    case 'purge rejected':
      return ['held'];
    default:
      return ['done'];
  }
}

async function judge(stage: Stage, scenario: Scenario, workers: readonly Worker[]): Promise<string[]> {
  const troubles: string[] = [];
  for (const worker of workers) {
    const trouble = (await whyNot(stage, scenario, worker)) ?? (await isDeadAs(stage, scenario, worker));
    if (trouble) troubles.push(`${worker.row && titleOf(worker.row)} [${scenario}]: ${trouble}`);
  }
  return troubles;
}

/** What is wrong with how the case stands. */
async function whyNot(stage: Stage, scenario: Scenario, { row, person }: Worker): Promise<string | undefined> {
  if (row && (await struck(stage.stack, row, person.id)) === 0) return 'the fault never struck';
  const [one] = await stage.cases(person.id);
  const told = await stage.isTold(person.id);
  if (!one) return told ? undefined : 'there is no case, and nobody is told';
  if (one.closed_at === undefined) return `it stands as ${one.status}: ${one.message}`;
  if (one.status === 'needs_human') return (one.message?.length ?? 0) > 20 && told ? undefined : `a human is not told: ${one.message}`;
  return endsOf(scenario).includes(one.status) ? undefined : `it ended ${one.status}: ${one.message}`;
}

/** A case that ended well tells of somebody who is dead, or who has everything back. */
async function isDeadAs(stage: Stage, scenario: Scenario, worker: Worker): Promise<string | undefined> {
  const { stack, company } = stage;
  const [one] = await stage.cases(worker.person.id);
  if (!one || one.status === 'needs_human') return undefined;
  const key = (await company.tryKey(worker.key)).join();
  if (scenario === 'return') return key === '200,200' ? undefined : `they are back, and their key gets ${key}`;
  // An access token of before may have ended by itself.
  if (scenario === 'cut rejected') return key === '200,200' ? undefined : 'they are cut';
  if ((await settings(worker)) !== 401) return 'their session lives';
  if (key !== '401,401') return `their key gets ${key}`;
  const workspace = await company.coder<{ latest_build: { transition: string; status: string } }>('GET', `/workspaces/${worker.workspace}`);
  const open = await invites(stack.outside, 'GET', `?email=${worker.email}`);
  if (open.length > 0) return 'their invite is open';
  if (endsOf(scenario).includes('held'))
    return workspace.body.latest_build.status === 'stopped' ? undefined : `their workspace is ${workspace.body.latest_build.status}`;
  if (workspace.status !== 410) return `their workspace answers ${workspace.status}`;
  const info = await company.litellm('GET', `/key/info?key=${worker.key}`);
  return info.status === 404 ? undefined : 'their key is still there';
}

/** Whoever is not done yet is started again, with what was wrong mended, and ends dead and deleted. */
async function mended(stage: Stage, workers: readonly Worker[]): Promise<string[]> {
  const last = new Map<Worker, Offboarding | undefined>();
  for (const worker of workers) last.set(worker, (await stage.cases(worker.person.id))[0]);
  const left = workers.filter((worker) => last.get(worker)?.status !== 'done');
  if (left.length === 0) return [];
  await stage.turn(hourSeconds);
  const troubles: string[] = [];
  for (const { row, person } of left) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ person: person.id, reason: 'mended' });
    const answer = await (await stage.admin()).fetch('/admin/offboardings', { ...init, body });
    if (answer.status !== 202) troubles.push(`${row && titleOf(row)}: started again it answers ${answer.status} ${await answer.text()}`);
  }
  await stage.turn(1);
  await outlast(stage, left, []);
  for (const worker of left) {
    const [one] = await stage.cases(worker.person.id);
    const trouble = one?.status === 'done' ? await isDeadAs(stage, 'leaver', worker) : `it stands as ${one?.status}: ${one?.message}`;
    if (trouble) troubles.push(`${worker.row && titleOf(worker.row)}, mended: ${trouble}`);
  }
  return troubles;
}

/** By an admin in the console: nothing is changed, and they see how it ended. */
async function playByHand(stage: Stage, scenario: Scenario, workers: readonly Worker[]): Promise<string[]> {
  const { stack, company } = stage;
  const arns = new Map<Worker, string>();
  for (const worker of workers) {
    const input = { person: worker.person.id, reason: 'to see', ...(scenario === 'dry run' && { dry_run: true }) };
    arns.set(worker, await startMachine(company, 'offboarding', input));
  }
  const statusOf = async (worker: Worker) =>
    (await company.aws<{ status: string }>('AWSStepFunctions', 'DescribeExecution', { executionArn: arns.get(worker) })).status;
  await stage.turn(1);
  await stage.turnUntil(async () => (await Promise.all(workers.map(statusOf))).every((status) => status !== 'RUNNING'), {
    seconds: 20,
    turns: 60,
  });
  const troubles: string[] = [];
  for (const worker of workers) {
    const title = `${worker.row && titleOf(worker.row)} [${scenario}]`;
    if (worker.row && (await struck(stack, worker.row, worker.person.id)) === 0) troubles.push(`${title}: the fault never struck`);
    if ((await statusOf(worker)) === 'RUNNING') troubles.push(`${title}: it goes on for ever`);
    if ((await settings(worker)) !== 200) troubles.push(`${title}: the session is cut`);
    if ((await company.tryKey(worker.key)).join() !== '200,200') troubles.push(`${title}: the key is cut`);
    const [one] = await stage.cases(worker.person.id);
    if (one && one.closed_at === undefined) troubles.push(`${title}: the case stays open as ${one.status}`);
  }
  await calm(stack);
  return troubles;
}
