import { DeleteObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { judge } from '@gatehouse/core/evidence/verdict';
import { verifyPacket } from '@gatehouse/core/evidence/verify';
import { seededSessionToken } from '@gatehouse/local/outside/coder/create-coder';
import { seededKey } from '@gatehouse/local/outside/litellm/create-litellm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { everythingKept, leaksIn, secretsOf } from '../support/secrets.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

const week = 7 * 86_400;
let stack: Stack;
let states: SFNClient;
let machine: string;
let carol: Person;
let company: Company;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  states = new SFNClient({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const { stateMachines } = await states.send(new ListStateMachinesCommand({}));
  machine = stateMachines?.find(({ name }) => name?.endsWith('-offboarding'))?.stateMachineArn ?? '';
  carol = await stack.as('carol@example.com');
  company = companyOf(stack);
});
afterAll(() => stack.stop());

interface Shown {
  id: string;
  person: string;
  status: string;
  trigger: string;
  started_at: string;
  cut_at?: string;
  proven_at?: string;
  execution_arn: string;
  message?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as a client would read them.
async function admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const wish = { method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) };
  let answer = await carol.fetch(`/admin${path}`, wish);
  // The clock is moved by more than an access token lives.
  if (answer.status === 401) {
    carol = await stack.as('carol@example.com');
    answer = await carol.fetch(`/admin${path}`, wish);
  }
  return { status: answer.status, body: await answer.json() };
}

async function hr(method: string, path: string, body?: unknown): Promise<{ id: string }> {
  const answer = await fetch(`${stack.idp}/directory${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as { id: string };
}

async function casesOf(person: string): Promise<Shown[]> {
  const { status, body } = await admin('GET', `/offboardings?person=${encodeURIComponent(person)}`);
  return status === 200 ? body.offboardings : [];
}

/** Moves the clock until the person's newest case stands so. */
function reach(person: string, wanted: string, stepSeconds = 20): Promise<Shown> {
  return stack.until(async () => (await casesOf(person)).find(({ status }) => status === wanted), {
    stepSeconds,
    timeoutMs: 40_000,
    what: `a case of ${person} that is ${wanted}`,
  });
}

/** Past the grace period, once the machine has parked itself. */
async function afterGrace(person: string, wanted: string): Promise<Shown> {
  await stack.settled();
  await stack.advance(week + 60);
  return reach(person, wanted);
}

/** The function is too busy for the first calls of this state about them. */
async function throttle(state: string, fn: string, about: string, times: number): Promise<() => Promise<number>> {
  const body = JSON.stringify({ service: 'lambda', function: `gatehouse-local-${fn}`, state, about, throttle: true, times });
  const answer = await fetch(`${stack.aws}/_faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(answer.status).toBe(201);
  return async () => {
    const { faults } = (await (await fetch(`${stack.aws}/_faults`)).json()) as { faults: { about?: string; struck: number }[] };
    return faults.find((one) => one.about === about)?.struck ?? times;
  };
}

/** What the person's own credentials meet in the other systems. */
async function tried(email: string): Promise<{ litellm: number[]; coder: number }> {
  const status = async (path: string, headers: Record<string, string>) => (await fetch(stack.outside + path, { headers })).status;
  const key = { authorization: `Bearer ${seededKey(email)}` };
  return {
    litellm: [await status('/litellm/replicas/1/v1/models', key), await status('/litellm/replicas/2/v1/models', key)],
    coder: await status('/coder/api/v2/users/me', { 'coder-session-token': seededSessionToken(email) }),
  };
}

async function startInConsole(input: unknown, name?: string): Promise<{ status: string; error: string; cause: string; arn: string }> {
  const { executionArn = '' } = await states.send(
    new StartExecutionCommand({ stateMachineArn: `${machine}:live`, input: JSON.stringify(input), ...(name && { name }) }),
  );
  const ended = await stack.until(async () => {
    const { status = '', error = '', cause = '' } = await states.send(new DescribeExecutionCommand({ executionArn }));
    return status === 'RUNNING' ? undefined : { status, error, cause: spoken(cause), arn: executionArn };
  });
  return ended;
}

/** A function's failure carries its error as JSON, a Fail state's is the sentence itself. */
function spoken(cause: string): string {
  return cause.startsWith('{') ? (JSON.parse(cause) as { errorMessage: string }).errorMessage : cause;
}

async function executions(): Promise<string[]> {
  const { executions = [] } = await states.send(new ListExecutionsCommand({ stateMachineArn: machine }));
  return executions.map(({ executionArn = '' }) => executionArn);
}

async function inputOf(executionArn: string): Promise<string> {
  return (await states.send(new DescribeExecutionCommand({ executionArn }))).input ?? '';
}

async function makeKey(user_id: string, key_alias: string): Promise<void> {
  const headers = { authorization: 'Bearer sk-local-litellm-master', 'content-type': 'application/json' };
  await fetch(`${stack.outside}/litellm/key/generate`, { method: 'POST', headers, body: JSON.stringify({ user_id, key_alias }) });
}

describe('somebody who is deactivated in the directory', () => {
  it('is cut, proven dead, waited for, deleted, and leaves a packet that verifies offline', async () => {
    const alice = await stack.as('alice@example.com');
    expect((await alice.fetch('/managed/settings')).status).toBe(200);
    expect(await tried('alice@example.com')).toEqual({ litellm: [200, 200], coder: 200 });

    for (const key_alias of ['laptop', 'ci']) await makeKey('alice@example.com', key_alias);
    await hr('PATCH', '/users/alice@example.com', { active: false });
    const proven = await reach(alice.id, 'proven');
    expect(proven).toMatchObject({ person: alice.id, trigger: 'event' });
    expect(Date.parse(proven.proven_at ?? '') - Date.parse(proven.cut_at ?? '')).toBeGreaterThanOrEqual(120_000);
    expect((await alice.fetch('/managed/settings')).status).toBe(401);
    expect(await tried('alice@example.com')).toEqual({ litellm: [401, 401], coder: 401 });

    const open = await admin('GET', `/offboardings/${proven.id}/evidence`);
    expect(verifyPacket(JSON.stringify(open.body))).toMatchObject({ ok: false, refusal: expect.stringMatching(/still open/) });

    const done = await afterGrace(alice.id, 'done');
    const { body: packet } = await admin('GET', `/offboardings/${done.id}/evidence`);
    expect(verifyPacket(JSON.stringify(packet)).ok).toBe(true);
    expect(packet.chain.map(({ phase }: { phase: string }) => phase)).toEqual(['cut', 'proven', 'purging', 'purged', 'gone']);
    expect(packet.chain[0].truth).toMatchObject({ truth: 'left', detail: 'deactivated' });
    expect(JSON.stringify(packet)).not.toMatch(/alice@example\.com|sk-|coder-token/);

    const gone = packet.chain
      .at(-1)
      .results.flatMap(({ result }: { result: { targets: { kind: string; grade: string }[] } }) => result.targets);
    expect(gone.filter(({ kind }: { kind: string }) => kind === 'virtual-key')).toEqual(
      Array(3).fill(expect.objectContaining({ after: 'gone', grade: 'attested' })),
    );

    const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn: done.execution_arn, maxResults: 1000 }));
    const transitions = events.filter(({ type }) => type?.endsWith('StateEntered')).length;
    // Standard workflows, us-east-1: https://aws.amazon.com/step-functions/pricing
    console.info(`Three keys, a seat and a workspace: ${transitions} state transitions, $${((transitions * 25) / 1_000_000).toFixed(5)}`);
    expect(transitions).toBeLessThanOrEqual(80);
    const history = JSON.stringify(events);
    for (const secret of [seededKey('alice@example.com'), seededSessionToken('alice@example.com'), ...stack.secretsSeen()])
      expect(history).not.toContain(secret);
    expect((await executions()).filter((arn) => arn.endsWith(done.id))).toHaveLength(1);
  }, 60_000);

  it('has a packet that nobody deletes, under a root that the hour signed', async () => {
    const [kept] = (await admin('GET', '/evidence/packets')).body.packets;
    expect(kept).toMatchObject({ person: expect.stringMatching(/^per_/), status: 'done', object: expect.stringMatching(/^s3:/) });
    expect(Date.parse(kept.locked_until) - Date.parse(kept.closed_at)).toBe(2_557 * 86_400_000);
    await stack.advance(3_600);
    const { root: number } = await stack.until(async () =>
      (await admin('GET', '/evidence/packets')).body.packets.find(({ root }: { root?: number }) => root),
    );
    const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(kept.object) ?? [];
    const s3 = new S3Client({
      endpoint: stack.aws,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(object).toMatchObject({ ObjectLockMode: 'COMPLIANCE' });
    await expect(
      s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: object.VersionId, BypassGovernanceRetention: true })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    const packet = { name: 'packet', text: (await object.Body?.transformToString()) ?? '' };
    const roots = (await admin('GET', '/evidence/roots')).body.roots;
    const files = [];
    for (const { number } of roots)
      files.push({ name: `root ${number}`, text: JSON.stringify((await admin('GET', `/evidence/roots/${number}`)).body) });
    const judged = judge(packet, { roots: files });
    expect(judged).toMatchObject({ ok: true, value: { body: { case: kept.case_id, root: { number } } } });
    expect((await admin('GET', '/evidence/roots/999999')).status).toBe(404);
    const view = await carol.fetch(`/admin/offboardings/${kept.case_id}/evidence`, { headers: { accept: 'text/html' } });
    expect([view.status, view.headers.get('content-type'), await view.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      expect.stringContaining('This packet is whole'),
    ]);
  }, 60_000);

  it('and comes back before the purge has again what Gatehouse had blocked, at once', async () => {
    const dave = await stack.as('dave@example.com');
    await hr('PATCH', '/users/dave@example.com', { suspended: true });
    await reach(dave.id, 'proven');
    await stack.settled();
    await stack.advance(week + 60);
    await stack.settled();
    expect((await casesOf(dave.id))[0]?.status, 'a suspended person may come back: nothing is deleted').toBe('proven');
    await hr('PATCH', '/users/dave@example.com', { suspended: false });
    const back = await reach(dave.id, 'cancelled', 1);
    expect(back.message).toMatch(/came back/);
    expect(await tried('dave@example.com')).toEqual({ litellm: [200, 200], coder: 200 });
    expect((await dave.fetch('/managed/settings')).status, 'the old session stays dead').toBe(401);
    const again = await stack.as('dave@example.com');
    expect(again.id).toBe(dave.id);
    expect((await again.fetch('/managed/settings')).status).toBe(200);
  }, 60_000);
});

describe('somebody who is hired again in the middle of the cut', () => {
  it('has again what Gatehouse had blocked, not what an admin had, and one packet tells of it', async () => {
    const email = 'nina@example.com';
    const { id } = await hr('POST', '/users?silent=1', { email, name: 'Nina Nash', groups: ['engineering'] });
    const nina = await stack.as(email);
    const [hers, blocked] = [await company.virtualKey(email), await company.virtualKey(email, 'blocked by an admin')];
    await company.litellm('POST', '/key/block', { key: blocked });
    await throttle('Suspend the Coder account and stop its workspaces', 'workspaces-block-workspaces', nina.id, 3);
    await hr('PATCH', `/users/${id}`, { active: false });
    const keyInfo = async () => (await company.litellm<{ info: { blocked: boolean | null } }>('GET', `/key/info?key=${hers}`)).body.info;
    await stack.until(async () => ((await keyInfo()).blocked ? true : undefined), { what: 'the block of her key' });
    expect((await casesOf(nina.id))[0], 'Coder is still being asked').not.toHaveProperty('cut_at');

    await hr('PATCH', `/users/${id}`, { active: true });
    const closed = await reach(nina.id, 'cancelled');
    expect(await casesOf(nina.id)).toHaveLength(1);
    await stack.advance(61);
    expect([await company.tryKey(hers), await company.tryKey(blocked)]).toEqual([
      [200, 200],
      [401, 401],
    ]);
    expect((await (await stack.as(email)).fetch('/managed/settings')).status).toBe(200);
    const { body: packet } = await admin('GET', `/offboardings/${closed.id}/evidence`);
    expect(verifyPacket(JSON.stringify(packet)).ok).toBe(true);
    expect(packet.chain.map(({ phase }: { phase: string }) => phase)).toEqual(expect.arrayContaining(['cut', 'restored']));
  }, 60_000);
});

/** A replica that was asked for a blocked key keeps that for a minute. */
async function worksAgain(email: string): Promise<true> {
  const works = async () => ((await tried(email)).litellm.every((status) => status === 200) ? true : undefined);
  return stack.until(works, { stepSeconds: 10, what: `the keys of ${email} on every replica` });
}

describe('somebody who loses the last entitling group', () => {
  it('is cut though the directory calls them active, and is back with the group', async () => {
    const bob = await stack.as('bob@example.com');
    await hr('DELETE', '/groups/contractors/members/bob@example.com');
    const proven = await reach(bob.id, 'proven');
    expect(proven.trigger).toBe('entitlement');
    expect((await tried('bob@example.com')).litellm).toEqual([401, 401]);
    await stack.settled();
    await hr('PUT', '/groups/contractors/members/bob@example.com');
    await reach(bob.id, 'cancelled', 1);
    await worksAgain('bob@example.com');
  }, 60_000);

  it('loses nothing while one of two is left; told of once more while the case runs, they leave one case and one packet', async () => {
    const email = 'nora@example.com';
    const { id } = await hr('POST', '/users?silent=1', { email, name: 'Nora Noon', groups: ['engineering', 'contractors'] });
    const nora = await stack.as(email);
    const key = await company.virtualKey(email);
    await hr('DELETE', `/groups/engineering/members/${id}`);
    await stack.settled();
    await stack.advance(600);
    await stack.settled();
    expect([await casesOf(nora.id), (await nora.fetch('/managed/settings')).status, await company.tryKey(key)]).toEqual([
      [],
      200,
      [200, 200],
    ]);

    await hr('DELETE', `/groups/contractors/members/${id}`);
    const proven = await reach(nora.id, 'proven');
    expect([proven.trigger, (await nora.fetch('/managed/settings')).status, await company.tryKey(key)]).toEqual([
      'entitlement',
      401,
      [401, 401],
    ]);
    await hr('PATCH', `/users/${id}`, { active: false });
    const done = await afterGrace(nora.id, 'done');
    await stack.settled();
    expect(await casesOf(nora.id)).toMatchObject([{ id: done.id, started_at: proven.started_at }]);
    const { packets } = (await admin('GET', '/evidence/packets')).body;
    expect(packets.filter(({ person }: { person: string }) => person === nora.id)).toHaveLength(1);
  }, 60_000);

  it('and wins it back only after the purge is let in again, though no generation has risen', async () => {
    const { id } = await hr('POST', '/users', { email: 'zoe@example.com', name: 'Zoe Zimmer', groups: ['contractors'] });
    const zoe = await stack.as('zoe@example.com');
    await hr('DELETE', `/groups/contractors/members/${id}`);
    await reach(zoe.id, 'proven');
    await afterGrace(zoe.id, 'done');
    await expect(stack.as('zoe@example.com')).rejects.toThrow(/refused a session/);
    await hr('PUT', `/groups/contractors/members/${id}`);
    await stack.until(async () => stack.as('zoe@example.com').catch(() => undefined));
  }, 60_000);
});

describe('an admin', () => {
  it('sees who somebody is, by whichever name', async () => {
    const { body } = await admin('GET', '/people?email=CAROL@example.com');
    expect(body.people).toEqual([expect.objectContaining({ id: carol.id, status: 'active', groups: ['platform-admins'], grants: [] })]);
    const [subject] = body.people[0].subjects;
    expect((await admin('GET', `/people?id=${subject.subject}`)).body).toEqual(body);
    expect((await admin('GET', '/people?id=per_00000000000000000000000000')).body).toEqual({ people: [] });
    expect((await admin('GET', '/people')).status).toBe(400);
  });

  it('sees the plan of a dry run, and nothing changes', async () => {
    const erin = await stack.as('erin@example.com');
    const { status, body } = await admin('POST', '/offboardings', { person: 'erin@example.com', reason: 'to see', dry_run: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({ dry_run: true, person: erin.id, would_cut: false, truth: { truth: 'active', entitled: true } });
    expect(body.plan.map(({ step }: { step: string }) => step)).toEqual([
      'find-sessions',
      'find-virtual-keys',
      'find-workspaces',
      'find-seats',
      'find-homes',
    ]);
    for (const { step, result } of body.plan) expect(result.targets.length, step).toBeGreaterThan(0);
    expect(await casesOf(erin.id)).toEqual([]);
    expect((await erin.fetch('/managed/settings')).status).toBe(200);
  });

  it.each([
    ['without a reason', { person: 'erin@example.com' }, 400, /"reason" is missing/],
    ['with a name that nobody knows', { person: 'erin@example.com', reason: 'left', dryRun: true }, 400, /"dryRun" is not known here/],
    [
      'as if it were an event',
      { person: 'erin@example.com', reason: 'left', trigger: 'event', generation: 1, cause: 'x' },
      400,
      /leave them out/,
    ],
    ['of somebody unknown', { person: 'nobody@example.com', reason: 'left' }, 404, /nobody@example\.com/],
  ])('is told what to write when they start one %s', async (_, body, status, says) => {
    const answer = await admin('POST', '/offboardings', body);
    expect(answer).toMatchObject({ status, body: { type: 'error', error: { message: expect.stringMatching(says) } } });
  });

  it('starts one, gets the same one when they ask again, and it holds what it is told to hold', async () => {
    const frank = await stack.as('frank@example.com');
    await hr('PATCH', '/users/frank@example.com?silent=1', { active: false });
    const wish = { person: 'frank@example.com', reason: 'left the company', ticket: 'HR-7', hold: true };
    const asked = [wish, wish, { ...wish, reason: 'in other words' }].map((one) => admin('POST', '/offboardings', one));
    const [first, second, third] = await Promise.all(asked);
    if (!first || !second || !third) throw new Error('Three were asked');
    expect([200, 202]).toEqual(expect.arrayContaining([first.status, second.status, third.status]));
    expect(third.body.id).toBe(first.body.id);
    expect(first.body.id).toBe(second.body.id);
    await reach(frank.id, 'proven');
    expect(await admin('POST', '/offboardings', wish)).toMatchObject({
      status: 200,
      body: { id: first.body.id, status: 'proven', ticket: 'HR-7' },
    });
    const held = await afterGrace(frank.id, 'held');
    expect(held.id).toBe(first.body.id);
    expect((await tried('frank@example.com')).litellm).toEqual([401, 401]);
    expect(verifyPacket(JSON.stringify((await admin('GET', `/offboardings/${held.id}/evidence`)).body)).ok).toBe(true);
    await hr('PATCH', '/users/frank@example.com', { active: true });
    await worksAgain('frank@example.com');
    expect((await stack.as('frank@example.com')).id, 'who comes back after the case is closed is let in').toBe(frank.id);
  }, 60_000);

  it('who asks while the directory tells of the same leaver is told of the case that is run', async () => {
    const email = 'rita@example.com';
    const { id } = await hr('POST', '/users?silent=1', { email, name: 'Rita Rowe', groups: ['engineering'] });
    const rita = await stack.as(email);
    const reason = 'asked for by hand';
    const struck = await throttle('Open the case', 'lifecycle-open-case', reason, 1);
    const asked = admin('POST', '/offboardings', { person: email, reason, hold: true });
    await stack.until(async () => ((await struck()) > 0 ? true : undefined));
    await hr('PATCH', `/users/${id}`, { active: false });
    const run = await stack.until(async () => (await casesOf(rita.id))[0]);
    // The first state of what was asked for by hand is tried again.
    await stack.advance(10);
    expect(await asked).toMatchObject({ status: 200, body: { id: run.id, trigger: 'event', execution_arn: run.execution_arn } });
    const inputs = await Promise.all((await executions()).map(inputOf));
    expect(
      inputs.filter((input) => input.includes(reason)),
      'it was started, and left its work to that case',
    ).toHaveLength(1);
    await reach(rita.id, 'proven');
    expect((await afterGrace(rita.id, 'held')).id, 'the hold that was asked for').toBe(run.id);
    expect(await casesOf(rita.id)).toHaveLength(1);
  }, 60_000);

  it('does not cut somebody whom the directory calls active and the policy entitles', async () => {
    const ended = await startInConsole({ person: 'ivan@example.com', reason: 'left the company' });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'StillHere', cause: expect.stringMatching(/Deactivate or suspend them/) });
    expect(await casesOf('ivan@example.com')).toMatchObject([{ status: 'cancelled', trigger: 'manual' }]);
    expect((await tried('ivan@example.com')).litellm).toEqual([200, 200]);

    // They leave after all: the same execution goes on, with a case of its own.
    await hr('PATCH', '/users/ivan@example.com?silent=1', { active: false });
    await states.send(new RedriveExecutionCommand({ executionArn: ended.arn }));
    const proven = await reach('ivan@example.com', 'proven');
    expect(proven.execution_arn).toBe(ended.arn);
    expect((await casesOf('ivan@example.com')).map(({ status }) => status)).toEqual(['proven', 'cancelled']);
    await states.send(new StopExecutionCommand({ executionArn: ended.arn }));
    expect(await reach('ivan@example.com', 'needs_human', 0), 'the case of the redrive is closed, not the one before').toMatchObject({
      id: proven.id,
    });
  }, 60_000);

  it.each([
    ['nothing', {}, /"person" is missing; "reason" is missing/],
    ['a list', ['alice@example.com'], /not a JSON object/],
    ['an unknown person', { person: 'nobody@example.com', reason: 'left' }, /Nobody called "nobody@example.com" is known/],
    ['an unknown member', { person: 'ivan@example.com', reason: 'left', dryrun: true }, /"dryrun" is not known here/],
  ])('who writes %s in the console reads in the first state what to write', async (_, input, says) => {
    const ended = await startInConsole(input);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'InvalidRequest', cause: expect.stringMatching(says) });
    const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn: ended.arn }));
    expect(events.filter(({ type }) => type?.endsWith('StateEntered'))).toHaveLength(1);
  });

  it('who aborts an execution is not locked out: the case says so, and the next one goes on', async () => {
    const grace = (await hr('GET', '/users/grace@example.com')).id;
    await hr('PATCH', `/users/${grace}`, { active: false });
    const { person, execution_arn, id } = await reach('grace@example.com', 'proven');
    await states.send(new StopExecutionCommand({ executionArn: execution_arn }));
    const stuck = await reach(person, 'needs_human', 0);
    expect(stuck).toMatchObject({ id, message: expect.stringMatching(/ended ABORTED.*Start the offboarding again/) });
    const next = await admin('POST', '/offboardings', { person, reason: 'once more' });
    expect(next.status).toBe(202);
    expect(next.body.id).not.toBe(id);
    await reach(person, 'proven');
  }, 60_000);
});

it('no secret of all these journeys is in any row, object, event, log or history', async () => {
  expect(leaksIn(await everythingKept(stack), await secretsOf(stack))).toEqual([]);
}, 60_000);
