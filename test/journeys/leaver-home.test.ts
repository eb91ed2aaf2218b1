/** What a leaver leaves on EFS: kept in a recovery point before anything is deleted, or kept as it is and a human told. */
import { verifyPacket } from '@gatehouse/core/evidence/verify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

vi.setConfig({ testTimeout: 60_000 });

const week = 7 * 86_400;
let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
});
afterAll(() => stack?.stop());

/** As the CLI asks: who signs is nobody's function. */
async function rest<T>(service: 'backup' | 'elasticfilesystem', path: string, init: RequestInit = {}): Promise<T> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  return (await (await fetch(stack.aws + path, { ...init, headers: { authorization } })).json()) as T;
}
async function homeOf(name: string): Promise<string | undefined> {
  const { AccessPoints } = await rest<{ AccessPoints: { Name: string; LifeCycleState: string }[] }>(
    'elasticfilesystem',
    '/2015-02-01/access-points?MaxResults=100',
  );
  return AccessPoints.find(({ Name }) => Name === `coder-${name}-main`)?.LifeCycleState;
}
const jobs = async () => (await rest<{ BackupJobs: { BackupJobId: string; State: string }[] }>('backup', '/backup-jobs')).BackupJobs;
const setActive = (name: string, active: boolean) => company.hr('PATCH', `/users/${name}@example.com`, { active });
const reach = (name: string, status: string, stepSeconds = 20) =>
  company.caseOf(`${name}@example.com`, (one) => one.status === status, { stepSeconds, what: `a case that is ${status}` });

async function leave(...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => setActive(name, false)));
  await Promise.all(names.map((name) => reach(name, 'proven')));
  await stack.settled();
}

describe('the home of a leaver', () => {
  beforeAll(async () => {
    await leave('bob');
    await stack.advance(900);
    await leave('alice', 'dave', 'erin');
  }, 60_000);

  it('stays with everything else when the backup fails, and a human is told', async () => {
    expect([await homeOf('bob'), await jobs()], 'nothing before the grace period is over').toEqual(['available', []]);
    await fetch(`${stack.aws}/_backups`, { method: 'POST', body: '{"outcome": "FAILED"}' });
    // His week is over, and theirs is not.
    await stack.advance(week - 600);
    const { message } = await reach('bob', 'needs_human');
    expect(message).toMatch(/nothing is deleted: The home is not backed up, and stays: Backup job .* is FAILED/);
    expect((await company.coder('GET', '/users/bob')).status, 'nor is anything else deleted').toBe(200);
    expect(await homeOf('bob')).toBe('available');
  });

  it('stays under a hold that was set during the backup, and with whoever came back; one backup serves all, and the packet tells where it is', async () => {
    await stack.advance(600);
    await stack.until(async () => (await jobs()).find(({ State }) => State === 'RUNNING'), { stepSeconds: 5, what: 'a backup under way' });
    const [held] = await company.cases('dave@example.com');
    const hold = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"hold": true, "reason": "litigation"}' };
    expect((await (await company.admin()).fetch(`/admin/offboardings/${held?.id}/hold`, hold)).status).toBe(200);
    await setActive('erin', true);
    const [{ id }] = await Promise.all([reach('alice', 'done'), reach('dave', 'held'), reach('erin', 'cancelled')]);
    expect([await homeOf('alice'), await homeOf('dave'), await homeOf('erin')]).toEqual([undefined, 'available', 'available']);
    expect((await company.coder('GET', '/users/erin')).body).toMatchObject({ status: 'active' });
    expect((await jobs()).map(({ State }) => State).sort()).toEqual(['COMPLETED', 'FAILED']);

    const packet = await (await (await company.admin()).fetch(`/admin/offboardings/${id}/evidence`)).text();
    expect(verifyPacket(packet).ok).toBe(true);
    const { chain } = JSON.parse(packet) as { chain: { phase: string; results: { step: string; result: Record<string, unknown> }[] }[] };
    const results = (phase: string, step: string) =>
      chain.find((link) => link.phase === phase)?.results.find((one) => one.step === step)?.result;
    expect(results('purging', 'back-up-home')).toMatchObject({
      outcome: 'done',
      kept: { recovery_point: expect.stringMatching(/^arn:aws:backup:.*:recovery-point:/), bytes: expect.any(Number) },
    });
    expect(results('purged', 'purge-home')).toMatchObject({ outcome: 'done', targets: [{ kind: 'home', after: 'deleted' }] });
    expect(results('proven', 'probe-hosts')).toMatchObject({ outcome: 'done', targets: [{ system: 'ecs', grade: 'observed' }] });
  });
});
