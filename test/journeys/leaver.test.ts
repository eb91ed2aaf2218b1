import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { verifyPacket } from '@gatehouse/core/evidence/verify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededWorkspaceId } from '../../packages/local/outside/coder/create-coder.ts';
import { seededKey } from '../../packages/local/outside/litellm/create-litellm.ts';
import { partnerBus } from '../../packages/local/profile.ts';
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const day = 86_400;
let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
});
afterAll(() => stack?.stop());

const deactivate = (email: string, silent = false) => company.hr('PATCH', `/users/${email}${silent ? '?silent=1' : ''}`, { active: false });
const activate = (email: string) => company.hr('PATCH', `/users/${email}`, { active: true });

const otlp = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"resourceMetrics":[]}' };
const settings = (person: Person) => person.fetch('/managed/settings').then(({ status }) => status);
const telemetry = (person: Person) => person.fetch('/v1/metrics', otlp).then(({ status }) => status);
async function refresh({ refreshToken }: Person): Promise<number> {
  const response = await fetch(`${stack.gateway}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  return response.status;
}
const becomes = (status: number, ask: () => Promise<number>, what: string) =>
  stack.until(async () => ((await ask()) === status ? true : undefined), { what });

/** A LogEvent as Okta's log stream sends it, written by hand: who did it is an actor, who it happened to a target. */
function leavingEvent(subject: string, email: string, uuid: string = randomUUID()): string {
  return JSON.stringify({
    uuid,
    published: '2026-11-22T09:00:00.000Z',
    eventType: 'user.lifecycle.deactivate',
    version: '0',
    severity: 'INFO',
    displayMessage: 'Deactivate Okta user',
    actor: { id: '00uhelen000000000000', type: 'User', alternateId: 'helen@example.com', displayName: 'Helen Hooper', detailEntry: null },
    outcome: { result: 'SUCCESS', reason: null },
    target: [{ id: subject, type: 'User', alternateId: email, displayName: email, detailEntry: null }],
  });
}
async function putEvents(...details: string[]): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new EventBridgeClient({ endpoint: stack.aws, region: 'us-east-1', credentials });
  const Entries = details.map((Detail) => ({ EventBusName: partnerBus, Source: partnerBus, DetailType: 'SystemLog', Detail }));
  const { FailedEntryCount } = await client.send(new PutEventsCommand({ Entries }));
  client.destroy();
  if (FailedEntryCount !== 0) throw new Error(`${FailedEntryCount} events were not taken`);
}

const evidenceMain = fileURLToPath(new URL('../../packages/lifecycle/evidence.main.ts', import.meta.url));
/** As an auditor does it, with no network: the exit code and what it said. */
async function verifyOffline(text: string): Promise<{ code: number; said: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'));
  const file = join(folder, 'packet.json');
  await writeFile(file, text);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [evidenceMain, 'verify', file], (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      rm(folder, { recursive: true, force: true }).then(() => resolve({ code, said: stdout + stderr }), reject);
    });
  });
}

describe('Alice, who is deactivated in the directory', () => {
  const alice = 'alice@example.com';

  it('loses everything within seconds, is proven dead, deleted after seven days, and the evidence says so', async () => {
    const her = await stack.as(alice);
    const key = await company.virtualKey(alice);
    const idToken = await company.idToken(alice);
    expect([await settings(her), await telemetry(her), await refresh(await stack.as(alice))]).toEqual([200, 200, 200]);
    expect([await company.tryKey(key), await company.tryKey(seededKey(alice)), await company.tryAgent(alice)]).toEqual([
      [200, 200],
      [200, 200],
      [200, 200],
    ]);

    await deactivate(alice);
    await becomes(401, () => settings(her), 'the refusal of her policy call');
    expect(await refresh(her)).toBe(401);
    await becomes(401, () => telemetry(her), 'the refusal of her telemetry');
    const again = await fetch(`${stack.gateway}/auth/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: idToken }),
    });
    expect([again.status, await again.json()], 'her id token, which the identity provider would still take').toMatchObject([
      400,
      { error: 'access_denied' },
    ]);

    const cut = await company.caseOf(alice, (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
    expect(cut).toMatchObject({ person: her.id, trigger: 'event', execution_arn: expect.stringContaining(cut.id) });
    const proven = await company.caseOf(alice, (one) => one.proven_at !== undefined, { what: 'the proof' });
    expect(proven.status).toBe('proven');
    expect(Date.parse(proven.proven_at ?? '') - Date.parse(cut.started_at)).toBeGreaterThanOrEqual(120_000);
    expect([await company.tryKey(key), await company.tryKey(seededKey(alice)), await company.tryAgent(alice)]).toEqual([
      [401, 401],
      [401, 401],
      [401, 503],
    ]);
    expect((await company.litellm('GET', `/key/info?key=${key}`)).status, 'nothing is deleted before the grace period').toBe(200);

    // The wait begins after the proof is written down: a leap before that would come before it.
    await stack.settled();
    await stack.advance(7 * day - 600);
    expect((await company.cases(alice))[0]?.status).toBe('proven');
    await stack.advance(600);
    const done = await company.caseOf(alice, (one) => one.status === 'done', { what: 'the end' });
    expect(done.id).toBe(cut.id);
    expect(await company.cases(alice)).toHaveLength(1);
    expect((await company.litellm('GET', `/key/info?key=${key}`)).status).toBe(404);
    expect((await company.litellm('GET', `/key/info?key=${seededKey(alice)}`)).status).toBe(404);
    expect((await company.litellm('GET', `/user/info?user_id=${alice}`)).status).toBe(404);
    expect([await company.tryKey(key), await company.tryAgent(alice)]).toEqual([
      [401, 401],
      [401, 503],
    ]);
    expect((await company.coder('GET', `/workspaces/${seededWorkspaceId(alice)}`)).status).toBe(410);
    expect((await company.coder('GET', '/users/alice')).status).toBe(404);

    const packet = await (await (await company.admin()).fetch(`/admin/offboardings/${done.id}/evidence`)).text();
    for (const secret of [key, idToken, her.accessToken, her.refreshToken, alice]) expect(packet).not.toContain(secret);
    const grades = new Set([...packet.matchAll(/"grade":"(\w+)"/g)].map(([, grade]) => grade));
    expect([...grades].sort()).toEqual(['attested', 'observed', 'probed']);
    expect(await verifyOffline(packet)).toMatchObject({ code: 0, said: expect.stringContaining(`case ${done.id} of ${her.id}, done`) });
    const altered = packet.replace('"cut_at":"2', '"cut_at":"1');
    expect(altered).not.toBe(packet);
    expect(await verifyOffline(altered)).toMatchObject({ code: 1, said: expect.stringContaining('does not verify') });
    const unnoticed = [];
    // Every 7th byte, so that the test stays quick; each in turn is another letter or digit.
    for (let at = 0; at < packet.length; at += 7) {
      const other = packet[at] === '0' ? '1' : '0';
      if (verifyPacket(packet.slice(0, at) + other + packet.slice(at + 1)).ok) unnoticed.push(packet.slice(at - 20, at + 20));
    }
    expect(unnoticed).toEqual([]);
  }, 90_000);
});

describe('Bob, whom only a handwritten event of the log stream tells of, and Erin', () => {
  const bob = 'bob@example.com';
  const erin = 'erin@example.com';
  const hers = seededKey(erin);
  let him: Person;
  let her: Person;
  let blockedByOthers: string;
  let event: string;
  let first: Offboarding;

  beforeAll(async () => {
    [him, her] = [await stack.as(bob), await stack.as(erin)];
    blockedByOthers = await company.virtualKey(erin);
    expect((await company.litellm('POST', '/key/block', { key: blockedByOthers })).status).toBe(200);
    const { id: subject } = await deactivate(bob, true);
    await stack.settled();
    expect([await settings(him), await company.cases(bob)], 'nobody has been told').toEqual([200, []]);
    event = leavingEvent(subject, bob);
    await deactivate(erin);
    await putEvents(event, event);
    await becomes(401, () => settings(him), 'the refusal');
    first = await company.caseOf(bob, (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
    await putEvents(event, leavingEvent(subject, bob));
    for (const email of [bob, erin]) await company.caseOf(email, (one) => one.proven_at !== undefined, { what: 'the proof' });
    await stack.settled();
  }, 60_000);

  it('have one case each, however often an event comes', async () => {
    await putEvents(event, event);
    await stack.settled();
    expect(first).toMatchObject({ trigger: 'event', person: him.id });
    expect(await company.cases(bob)).toMatchObject([{ id: first.id, cut_at: first.cut_at, status: 'proven' }]);
    expect(await company.cases(erin)).toHaveLength(1);
    const record = await (await company.admin()).fetch(`/admin/people?email=${bob}`);
    expect(await record.json()).toMatchObject({ people: [{ status: 'left', generation: 2 }] });
  });

  it('of whom she is hired again gets back what Gatehouse had blocked, and nothing that others had', async () => {
    expect([await company.tryKey(hers), await company.tryKey(blockedByOthers)]).toEqual([
      [401, 401],
      [401, 401],
    ]);
    await activate(erin);
    const closed = await company.caseOf(erin, (one) => one.closed_at !== undefined, { stepSeconds: 1, what: 'the end of the case' });
    expect(closed.status).toBe('cancelled');
    await stack.advance(61);
    expect(await company.tryKey(hers)).toEqual([200, 200]);
    expect(await company.tryKey(blockedByOthers), 'blocked by others').toEqual([401, 401]);
    expect((await company.coder('GET', '/users/erin')).body).toMatchObject({ status: 'active' });
    expect(await settings(await stack.as(erin))).toBe(200);
    expect([await settings(her), await refresh(her)], 'the sessions of before').toEqual([401, 401]);
    await stack.advance(8 * day);
    await company.caseOf(bob, (one) => one.status === 'done', { what: 'the end of his case' });
    await stack.settled();
    expect((await company.litellm('GET', `/key/info?key=${hers}`)).status, 'nothing of hers is deleted later').toBe(200);
    expect((await company.cases(erin)).map(({ status }) => status)).toEqual(['cancelled']);
  }, 60_000);
});

describe('Ivan, who is active', () => {
  const ivan = 'ivan@example.com';
  const everything = async (him: Person, key: string) => [
    await settings(him),
    await telemetry(him),
    ...(await company.tryKey(key)),
    ...(await company.tryAgent(ivan)),
  ];
  const whole = [200, 200, 200, 200, 200, 200];
  const recordOf = async () => {
    const answer = await (await company.admin()).fetch(`/admin/people?email=${ivan}`);
    const [{ read_at: _, ...record } = {}] = ((await answer.json()) as { people: Record<string, unknown>[] }).people;
    return record;
  };

  it('loses nothing by a forged event: the directory is asked', async () => {
    const him = await stack.as(ivan);
    const key = seededKey(ivan);
    const [before, { id: subject }] = [await recordOf(), await company.hr('GET', `/users/${ivan}`)];
    await putEvents(leavingEvent(subject, ivan), leavingEvent('00uNobodyNobodyNobody', ivan), '{"eventType":"user.lifecycle.deactivate"}');
    await stack.settled();
    expect([await recordOf(), await company.cases(ivan)]).toEqual([before, []]);
    expect(await everything(him, key)).toEqual(whole);
  });

  it('is shown by a dry run with everything that he holds, and holds it afterwards', async () => {
    const him = await stack.as(ivan);
    const key = await company.virtualKey(ivan);
    const before = await recordOf();
    const answer = await (await company.admin()).fetch('/admin/offboardings', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ person: ivan, reason: 'looking', dry_run: true }),
    });
    expect(answer.status).toBe(200);
    const { plan, ...rest } = (await answer.json()) as { plan: { step: string; result: { targets: Record<string, string>[] } }[] };
    expect(rest).toMatchObject({ dry_run: true, person: him.id, would_cut: false });
    const listed = plan.flatMap(({ result }) => result.targets.map(({ system, kind }) => `${system} ${kind}`));
    expect(Object.fromEntries(listed.map((name) => [name, listed.filter((other) => other === name).length]))).toMatchObject({
      'gatehouse session': expect.any(Number),
      'litellm virtual-key': 2,
      'litellm account': 1,
      'coder workspace': 1,
      'coder account': 1,
    });
    for (const { before, after } of plan.flatMap(({ result }) => result.targets)) expect(after).toBe(before);
    await stack.settled();
    expect([await recordOf(), await company.cases(ivan)]).toEqual([before, []]);
    expect(await everything(him, key)).toEqual(whole);
  });
});

describe('while the directory cannot be read', () => {
  it('an explicit event shuts the sessions after a minute, and everything else waits for the truth', async () => {
    const frank = 'frank@example.com';
    const him = await stack.as(frank);
    await company.directoryDown();
    try {
      await deactivate(frank);
      await stack.settled();
      await stack.advance(30);
      await stack.settled();
      expect(await settings(him), 'half a minute later').toBe(200);
      await stack.until(async () => ((await settings(him)) === 401 ? true : undefined), { stepSeconds: 10, what: 'the refusal' });
      expect(await refresh(him)).toBe(401);
      await stack.advance(600);
      await stack.settled();
      const [waiting] = await company.cases(frank);
      expect(waiting).toMatchObject({ status: 'waiting', trigger: 'event' });
      expect([await company.tryKey(seededKey(frank)), await company.tryAgent(frank)]).toEqual([
        [200, 200],
        [200, 200],
      ]);
    } finally {
      await company.directoryUp();
    }
    const cut = await company.caseOf(frank, (one) => one.cut_at !== undefined, { stepSeconds: 60, what: 'the cut' });
    const proven = await company.caseOf(frank, (one) => one.proven_at !== undefined, { what: 'the proof' });
    expect([proven.id, (await company.cases(frank)).length]).toEqual([cut.id, 1]);
    expect([await company.tryKey(seededKey(frank)), await company.tryAgent(frank)]).toEqual([
      [401, 401],
      [401, 503],
    ]);
  }, 60_000);

  it('an event about somebody who turns out to be active costs them their sessions, and those only until the truth is known', async () => {
    const heidi = 'heidi@example.com';
    await company.hr('POST', '/users', { email: heidi, groups: ['engineering'] });
    await stack.settled();
    const her = await stack.as(heidi);
    const { id: subject } = await company.hr('GET', `/users/${heidi}`);
    await company.directoryDown();
    try {
      await putEvents(leavingEvent(subject, heidi));
      await stack.until(async () => ((await settings(her)) === 401 ? true : undefined), { stepSeconds: 10, what: 'the refusal' });
    } finally {
      await company.directoryUp();
    }
    const closed = await company.caseOf(heidi, (one) => one.closed_at !== undefined, { stepSeconds: 60, what: 'the end of the case' });
    expect(closed.status).toBe('cancelled');
    expect(await settings(await stack.as(heidi))).toBe(200);
  }, 60_000);
});

describe('the traps of the outside systems', () => {
  const made = async (name: string) => {
    const email = `${name}@example.com`;
    await company.litellm('POST', '/user/new', { user_id: email, user_email: email, auto_create_key: false });
    return { email, key: await company.virtualKey(email) };
  };

  it('let a key live on when only its user is deleted, as if that were enough', async () => {
    const { email, key } = await made('naive-one');
    expect((await company.litellm('POST', '/user/delete', { user_ids: [email] })).status).toBe(200);
    expect((await company.litellm('GET', `/key/info?key=${key}`)).status, 'management says that it is gone').toBe(404);
    expect(await company.tryKey(key)).toEqual([200, 200]);
  });

  it('let a key live on where another replica than the one that blocked it answers', async () => {
    const { key } = await made('naive-two');
    expect((await company.litellm('POST', '/key/block', { key })).status).toBe(200);
    expect((await company.tryKey(key)).sort()).toEqual([200, 401]);
    await stack.advance(61);
    expect(await company.tryKey(key)).toEqual([401, 401]);
  });

  it('let a workspace’s agent work on when only its owner is suspended', async () => {
    expect((await company.coder('PUT', '/users/grace/status/suspend')).status).toBe(200);
    await stack.advance(3600);
    expect(await company.tryAgent('grace@example.com')).toEqual([200, 200]);
  });

  it('let a task run on when its workspace is deleted as an orphan', async () => {
    const path = `/workspaces/${seededWorkspaceId('grace@example.com')}`;
    expect((await company.coder('POST', `${path}/builds`, { transition: 'delete', orphan: true })).status).toBe(201);
    await stack.advance(60);
    expect((await company.coder('GET', path)).status, 'management says that it is gone').toBe(410);
    expect(await company.tryAgent('grace@example.com')).toEqual([401, 200]);
  });
});
