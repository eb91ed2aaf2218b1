import { seededWorkspaceId } from '@gatehouse/local/outside/coder/create-coder';
import { templateId, uuidOf } from '@gatehouse/local/outside/coder/state';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const day = 86_400;
let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
});
afterAll(() => stack?.stop());
afterEach(() => fetch(`${stack.outside}/_faults`, { method: 'DELETE' }));

interface Rollout {
  id: string;
  status: string;
  message?: string;
  counts: { stale: number; working: number; updated: number; parked: number };
  parked: { name: string; because: string }[];
}

async function admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: Rollout & { rollouts: Rollout[] } }> {
  const carol = await company.admin();
  const wish = { method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await carol.fetch(`/admin/rollouts${path}`, wish);
  return { status: answer.status, body: (await answer.json()) as Rollout & { rollouts: Rollout[] } };
}

async function begin(more: object = {}): Promise<string> {
  const { status, body } = await admin('POST', '', { template: 'claude-code', reason: 'a newer Claude Code in the image', ...more });
  expect(status).toBe(202);
  await stack.settled();
  return body.id;
}

async function read(id: string): Promise<Rollout> {
  return (await admin('GET', '')).body.rollouts.find((one) => one.id === id) ?? expect.fail(`${id} is not listed`);
}

function reach(id: string, wanted: (one: Rollout) => boolean, stepSeconds = 5): Promise<Rollout> {
  return stack.until(
    async () => {
      const one = await read(id);
      return wanted(one) ? one : undefined;
    },
    { stepSeconds, timeoutMs: 50_000, what: 'the rollout' },
  );
}

async function push(version: string): Promise<void> {
  expect((await company.coder('PATCH', `/templates/${templateId}/versions`, { id: uuidOf(version) })).status).toBe(200);
}

async function workspaces(): Promise<{ id: string; outdated: boolean; latest_build: { transition: string; status: string } }[]> {
  const { body } = await company.coder<{
    workspaces: { id: string; outdated: boolean; latest_build: { transition: string; status: string } }[];
  }>('GET', '/workspaces?limit=100');
  return body.workspaces;
}

const atWork = async () =>
  (await workspaces()).filter(({ latest_build: { status } }) => /ing$/.test(status) && status !== 'running').length;

describe('a template that was pushed', () => {
  it('reaches the owners first, then all others in waves; no workspace is lost', async () => {
    const before = (await workspaces()).map(({ id }) => id).sort();
    const stopped = seededWorkspaceId('bob@example.com');
    await company.coder('POST', `/workspaces/${stopped}/builds`, { transition: 'stop' });
    await stack.advance(30);
    await push('two');
    await stack.as('alice@example.com');
    const id = await begin({ wave: 3 });
    expect(await read(id)).toMatchObject({ status: 'open', counts: { stale: before.length, updated: 0 } });
    const mine = seededWorkspaceId('alice@example.com');
    await company.coder('POST', `/workspaces/${mine}/builds`, { transition: 'start', template_version_id: uuidOf('two') });
    await stack.advance(6 * day);
    await stack.settled();
    expect((await read(id)).counts, 'one owner has done it, the others have a day left').toMatchObject({
      stale: before.length - 1,
      updated: 1,
    });

    await stack.advance(day + 60);
    let most = 0;
    await reach(id, (one) => one.counts.working > 0, 1);
    const done = await stack.until(
      async () => {
        most = Math.max(most, await atWork());
        const one = await read(id);
        return one.status === 'open' ? undefined : one;
      },
      { stepSeconds: 3, timeoutMs: 50_000, what: 'the end of the rollout' },
    );
    expect(done).toMatchObject({ status: 'done', counts: { stale: 0, working: 0, updated: before.length, parked: 0 } });
    expect(most).toBeLessThanOrEqual(3);
    const after = await workspaces();
    expect(after.map((one) => one.id).sort()).toEqual(before);
    expect(
      after.filter(({ outdated }) => outdated).map((one) => one.id),
      'the stopped one takes it at its next start',
    ).toEqual([stopped]);
    await company.coder('POST', `/workspaces/${stopped}/builds`, { transition: 'start' });
    expect((await workspaces()).every(({ outdated }) => !outdated)).toBe(true);
  });

  it('and breaks workspaces stops by itself, is resumed, and ends with what is parked named', async () => {
    await stack.advance(60);
    await push('three');
    await fetch(`${stack.outside}/_faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/coder/api/v2/workspaces', method: 'POST', effect: 'build-fails' }),
    });
    const id = await begin({ deadline_days: 0, wave: 4 });
    const paused = await reach(id, ({ status }) => status === 'paused');
    expect(paused).toMatchObject({ message: expect.stringMatching(/Paused by itself/), counts: { parked: 4, working: 0 } });
    expect(paused.parked[0]?.because).toMatch(/stop failed: terraform apply/);
    await fetch(`${stack.outside}/_faults`, { method: 'DELETE' });
    expect((await admin('POST', `/${id}`, { action: 'resume', reason: 'mended' })).status).toBe(200);
    const ended = await reach(id, ({ status }) => status === 'needs_human', 300);
    expect(ended.counts).toMatchObject({ stale: 0, parked: 4 });
  });

  it('is paused and ended by a word; what is under way is seen to its end', async () => {
    await push('four');
    const id = await begin({ wave: 2 });
    expect((await admin('POST', '', { template: 'claude-code', reason: 'again' })).body.id).toBe(id);
    await admin('POST', `/${id}`, { action: 'abort', reason: 'the wrong image' });
    await stack.advance(7 * day);
    const aborted = await reach(id, ({ status }) => status !== 'open' && status !== 'paused');
    expect(aborted).toMatchObject({ status: 'aborted', counts: { working: 0, updated: 0 } });
    expect(await admin('POST', `/${id}`, { action: 'resume', reason: 'after all' })).toMatchObject({ status: 409 });
  });

  it('is refused with a sentence where it is not known', async () => {
    const { status, body } = await admin('POST', '', { template: 'claude-code' });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('\\"reason\\" is missing')]);
  });
});
