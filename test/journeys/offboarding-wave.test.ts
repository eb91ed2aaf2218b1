import { ListStateMachinesCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { verifyPacket } from '@gatehouse/core/evidence/verify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

vi.setConfig({ testTimeout: 120_000 });

const day = 86_400;
/** One more than a wave may be too few to be: the eleventh of so small a company makes it one. */
const many = 11;
let stack: Stack;
let company: Company;
/** Two who administer besides Carol. */
let helen: Person;

interface Asked {
  id: string;
  what: string;
  state: string;
  people: number;
  waiting: { offboarding: string; person: string; trigger: string }[];
  approvers_needed: number;
  decisions: { by: string; decision: string; reason: string }[];
}
interface Worker {
  directoryId: string;
  person: Person;
  email: string;
}

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
  await company.hr('PUT', '/groups/platform-admins/members/helen@example.com');
  helen = await stack.as('helen@example.com');
});
afterAll(() => stack?.stop());

async function hire(team: string, groups: string[]): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (let number = 0; number < many; number++) {
    const email = `${team}-${number}@example.com`;
    const { id } = await company.hr('POST', '/users?silent=1', { email, name: `${team} ${number}`, groups });
    workers.push({ directoryId: id, person: await stack.as(email), email });
  }
  return workers;
}

async function asked(what: string, state = 'waiting'): Promise<Asked | undefined> {
  const answer = await (await company.admin()).fetch('/admin/approvals');
  const { approvals } = (await answer.json()) as { approvals: Asked[] };
  return approvals.find((one) => one.what === what && one.state === state);
}

async function decide(
  who: Person,
  id: string,
  body: unknown,
): Promise<{ status: number; body: { state?: string; error?: { message: string } } }> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await who.fetch(`/admin/approvals/${id}`, init);
  return { status: answer.status, body: (await answer.json()) as { state?: string } };
}

async function startInConsole(who: string, input: unknown): Promise<void> {
  const credentials = { accessKeyId: who, secretAccessKey: 'any' };
  const states = new SFNClient({ endpoint: stack.aws, region: 'us-east-1', credentials });
  const { stateMachines } = await states.send(new ListStateMachinesCommand({}));
  const machine = stateMachines?.find(({ name }) => name?.endsWith('-offboarding'))?.stateMachineArn;
  await states.send(new StartExecutionCommand({ stateMachineArn: `${machine}:live`, input: JSON.stringify(input) }));
}

async function newest({ person }: Worker): Promise<Offboarding> {
  return (await company.cases(person.id))[0] ?? expect.fail(`${person.id} has no case`);
}

function all(workers: readonly Worker[], wanted: (one: Offboarding) => boolean, what: string, stepSeconds = 20): Promise<true> {
  const reached = async () => {
    for (const worker of workers) {
      const [one] = await company.cases(worker.person.id);
      if (!one || !wanted(one)) return undefined;
    }
    return true as const;
  };
  return stack.until(reached, { stepSeconds, timeoutMs: 60_000, what });
}

const settings = ({ person }: Worker) => person.fetch('/managed/settings').then(({ status }) => status);

describe('many whom the directory itself calls deactivated', () => {
  let workers: Worker[];
  let question: Asked;

  it('are cut at once, one and all, and nobody is deleted before one person has said so about all', async () => {
    workers = await hire('branch', ['engineering']);
    const [first, ...others] = workers;
    // An admin in the AWS console, signed in by IAM Identity Center as herself: CloudTrail tells who it was.
    await company.hr('PATCH', `/users/${first?.directoryId}?silent=1`, { active: false });
    await startInConsole('carol@example.com', { person: first?.email, reason: 'the branch is sold' });
    for (const { directoryId } of others) await company.hr('PATCH', `/users/${directoryId}`, { active: false });
    await all(workers, ({ cut_at }) => cut_at !== undefined, 'the cut of all', 2);
    for (const worker of workers) expect(await settings(worker)).toBe(401);
    expect(await asked('cut')).toBeUndefined();
    await all(workers, ({ status }) => status === 'proven', 'the proof of all');
    await stack.settled();
    await stack.advance(7 * day + 60);
    await all(workers, ({ status }) => status === 'held', 'all waiting', 1);
    question = (await asked('purge')) ?? expect.fail('nobody is asked');
    expect(question).toMatchObject({ state: 'waiting', people: many, approvers_needed: 1, decisions: [] });
    expect(question.waiting.map(({ person }) => person).sort()).toEqual(workers.map(({ person }) => person.id).sort());
    expect((await newest(workers[0] as Worker)).message).toContain(`POST /admin/approvals/${question.id}`);
  });

  it('and one of them who comes back meanwhile waits no longer', async () => {
    const [back] = workers.splice(1, 1);
    await company.hr('PATCH', `/users/${back?.directoryId}`, { active: true });
    await all([back as Worker], ({ status }) => status === 'cancelled', 'the return', 1);
    expect((await stack.as(back?.email ?? '')).id).toBe(back?.person.id);
  });

  it('are deleted by one decision, of somebody who is not one of them, and the evidence names it', async () => {
    const carol = await company.admin();
    expect((await decide(carol, question.id, { decision: 'perhaps', reason: 'x' })).status).toBe(400);
    expect((await decide(carol, question.id, { decision: 'approve' })).status).toBe(400);
    expect((await decide(carol, 'apr_00000000000000000000000000', { decision: 'approve', reason: 'x' })).status).toBe(404);
    const own = await decide(carol, question.id, { decision: 'approve', reason: 'I began it' });
    expect(own).toMatchObject({ status: 403, body: { error: { message: expect.stringContaining('You started one') } } });
    helen = await stack.as('helen@example.com');
    const decided = await decide(helen, question.id, { decision: 'approve', reason: 'the branch was sold' });
    expect(decided).toMatchObject({ status: 200, body: { state: 'approved' } });
    const late = await decide(helen, question.id, { decision: 'reject', reason: 'or was it' });
    expect(late).toMatchObject({ status: 409, body: { error: { message: expect.stringContaining('approved') } } });
    await all(workers, ({ status }) => status === 'done', 'the end of all', 5);
    for (const worker of workers.slice(0, 2)) {
      const { id } = await newest(worker);
      const text = await (await (await company.admin()).fetch(`/admin/offboardings/${id}/evidence`)).text();
      expect(verifyPacket(text).ok).toBe(true);
      const {
        case: opening,
        chain,
        closing,
      } = JSON.parse(text) as {
        case: { trigger: string };
        chain: { phase: string; truth: { approval: Asked } }[];
        closing: { initiator?: unknown };
      };
      const byCarol = { person: carol.id, principal: expect.stringMatching(/assumed-role.*carol@example\.com$/), told_by: 'cloudtrail' };
      expect(closing.initiator).toEqual(opening.trigger === 'manual' ? byCarol : undefined);
      const allowed = chain.find(({ phase }) => phase === 'purging')?.truth.approval;
      expect(allowed).toMatchObject({ id: question.id, state: 'approved', decisions: [{ by: helen.id, reason: 'the branch was sold' }] });
    }
  });
});

describe('many who only lost their group', () => {
  let workers: Worker[];
  let question: Asked;

  it('are cut only as long as they are few: the rest wait for a decision', async () => {
    await stack.advance(2 * 3_600);
    workers = await hire('team', ['contractors']);
    for (const { directoryId } of workers) await company.hr('DELETE', `/groups/contractors/members/${directoryId}`);
    question = await stack.until(() => asked('cut'), { stepSeconds: 1, timeoutMs: 60_000, what: 'the question' });
    await stack.settled();
    const statuses = await Promise.all(workers.map(async (worker) => (await newest(worker)).cut_at !== undefined));
    expect(statuses.filter((cut) => cut).length, 'as many as are no wave').toBe(many - 1);
    for (const worker of workers) expect([401, 403], 'refused by the policy anyway').toContain(await settings(worker));
  });

  it('and are not, when the answer is no', async () => {
    const [held] = question.waiting;
    helen = await stack.as('helen@example.com');
    expect(await decide(helen, question.id, { decision: 'reject', reason: 'the group was renamed' })).toMatchObject({
      status: 200,
      body: { state: 'rejected' },
    });
    const spared = workers.filter(({ person }) => person.id === held?.person);
    await all(spared, ({ status }) => status === 'cancelled', 'the end without a cut', 1);
    expect(await newest(spared[0] as Worker)).toMatchObject({ message: expect.stringContaining(question.id) });
    expect((await newest(spared[0] as Worker)).cut_at).toBeUndefined();
  });

  it('and nothing of theirs is deleted when nobody answers for a day', async () => {
    const cut = [];
    for (const worker of workers) if ((await newest(worker)).cut_at !== undefined) cut.push(worker);
    await all(cut, ({ status }) => status === 'proven', 'the proof');
    await stack.settled();
    await stack.advance(7 * day + 60);
    await all(cut, ({ status }) => status === 'held', 'all waiting', 1);
    await stack.settled();
    await stack.advance(day + 120);
    await all(cut, ({ closed_at }) => closed_at !== undefined, 'the end', 1);
    const [one] = cut;
    expect(await newest(one as Worker)).toMatchObject({
      status: 'held',
      message: expect.stringContaining('nobody approved the purge within a day'),
    });
    const expired = (await asked('purge', 'expired')) ?? expect.fail('the question is gone');
    expect(await decide(await company.admin(), expired.id, { decision: 'approve', reason: 'late' })).toMatchObject({ status: 409 });
  });
});

describe('a hold that is set late', () => {
  it('is honoured before anything is deleted, and lifted the person can be offboarded again', async () => {
    await stack.advance(2 * 3_600);
    const ivan = await stack.as('ivan@example.com');
    await company.hr('PATCH', '/users/ivan@example.com', { active: false });
    const proven = await company.caseOf(ivan.id, ({ status }) => status === 'proven', { stepSeconds: 20 });
    const hold = async (body: unknown) => {
      const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      return (await (await company.admin()).fetch(`/admin/offboardings/${proven.id}/hold`, init)).status;
    };
    expect(await hold({ hold: 'yes' })).toBe(400);
    // Asked for with a start that finds the case open: it holds that one.
    const late = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const wish = JSON.stringify({ person: ivan.id, reason: 'a court asks', hold: true });
    const found = await (await company.admin()).fetch('/admin/offboardings', { ...late, body: wish });
    expect([found.status, await found.json()]).toEqual([200, expect.objectContaining({ id: proven.id, hold: true })]);
    await stack.settled();
    await stack.advance(7 * day + 60);
    const held = await company.caseOf(ivan.id, ({ status }) => status === 'held', { stepSeconds: 1 });
    expect(held).toMatchObject({ id: proven.id, closed_at: expect.any(String), message: expect.stringContaining('hold') });
    expect(await hold({ hold: false, reason: 'the court is done' })).toBe(200);
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const again = { ...init, body: JSON.stringify({ person: ivan.id, reason: 'the hold is over' }) };
    expect((await (await company.admin()).fetch('/admin/offboardings', again)).status).toBe(202);
    await company.caseOf(ivan.id, ({ status }) => status === 'proven', { stepSeconds: 20 });
    await stack.settled();
    await stack.advance(7 * day + 60);
    await company.caseOf(ivan.id, ({ status }) => status === 'done', { stepSeconds: 5 });
  });
});
