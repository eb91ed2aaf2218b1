/** Walks a leaver's home through the real handlers against EFS, AWS Backup and Coder of the embedded stack, with the IAM that the surface asks for. */
import { person } from '@gatehouse/contracts/records/person';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { createAccess } from '@gatehouse/local/aws/access';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { seededAgentToken } from '@gatehouse/local/outside/coder/create-coder';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import { createPlatform, type Platform } from '@gatehouse/local/platform';
import { awsCall, awsJson } from '@gatehouse/runtime/aws-call';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { surface } from './surface.ts';

const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gus', 'hal', 'ida', 'jan', 'kim'] as const;
type Name = (typeof names)[number];
const config = {
  homes: { kind: 'efs', file_system: 'fs-0123456789abcdef0', vault: 'homes', role_arn: 'arn:aws:iam::000000000000:role/backup' },
  ecs: { cluster: 'workspaces' },
};
const day = 86_400;
const published: { detail: { state: string } }[] = [];
let aws: TestAws;
let outside: Outside;
let platform: Platform;
let real: () => void;
type Handler = (input: unknown, context: Context) => Promise<StepOutput>;
let handlers: Record<'find' | 'backUp' | 'purge' | 'block' | 'probe', Handler>;

beforeAll(async () => {
  const workspaces = WorkspacesConfig.parse(config);
  const make = (clock: TestAws['clock']) => {
    platform ??= createPlatform({
      clock,
      workspaces,
      workloads: () => outside.workloads(),
      publish: (event) => published.push(event as (typeof published)[number]),
    });
    return platform;
  };
  aws = await startAws(
    (clock) => [createSecretsManager({ clock }), ...make(clock).services],
    (clock) => ({ whole: make(clock).whole, authorize: createAccess({ surfaces: [surface], stage: 'test', workspaces }) }),
  );
  real = installStackDate(() => aws.clock.now());
  const people = names.map((name) => ({ email: `${name}@example.com`, name }));
  const coder = { token: 'coder-service-token', runs: platform.runs };
  outside = await createOutside({ port: 0, clock: aws.clock, litellm: { masterKey: 'unused' }, coder, people });
  const { ARN } = await awsJson<{ ARN: string }>('secretsmanager', 'CreateSecret', { Name: 'coder-token', SecretString: coder.token });
  Object.assign(process.env, {
    TABLE_WORKSPACES: await aws.table('workspaces'),
    TABLE_PEOPLE: await aws.table('people'),
    SECRET_CODER_TOKEN_ARN: ARN,
    CONFIG: JSON.stringify({ ...workspaces, coder: { url: `${outside.origin}/coder`, requests_per_minute: 10_000 } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  for (const name of [...names, 'stranger']) {
    const row = { ...person.example, id: `per_${name}`, email: `${name}@example.com`, name };
    await put(await aws.table('people'), { ...person.key(row.id), ...row });
  }
  const { find, backUp, purge } = await import('./homes.lambda.ts');
  const { block, probe } = await import('./hosts.lambda.ts');
  handlers = { find, backUp, purge, block, probe };
});
afterAll(async () => {
  real();
  platform.close();
  await outside.close();
  await aws.close();
});

const quiet = () => new Date(aws.clock.now() - 7 * day * 1000).toISOString();
function once(step: keyof typeof handlers, name: Name | 'stranger', more: object = {}): Promise<StepOutput> {
  const input = { case_id: `cas_${name}`, person: `per_${name}`, generation: 2, dry_run: false, reason: 'left' };
  return handlers[step]({ ...input, ...(step === 'backUp' && { quiet_since: quiet() }), ...more }, {} as Context);
}
/** As the machine does it: looks, waits, looks again. */
async function walk(step: keyof typeof handlers, name: Name, more: object = {}): Promise<StepOutput & { looks: number }> {
  const since = quiet();
  let watch: StepOutput['watch'];
  for (let looks = 1; ; looks++) {
    const given = step === 'backUp' ? { quiet_since: since } : { watch: watch ?? null };
    const answer = await once(step, name, { ...given, ...more });
    if (answer.outcome !== 'not_yet' || looks === 90) return { ...answer, looks };
    watch = answer.watch;
    aws.clock.advance(answer.wait_seconds ?? 10);
  }
}
const json = async <T>(service: 'backup' | 'elasticfilesystem', method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await awsCall(service, { method, path, headers, ...(body && { body: JSON.stringify(body) }), attempts: 1 });
  return (answer.body.length > 0 ? JSON.parse(answer.body.toString()) : {}) as T;
};
interface Point {
  AccessPointId: string;
  Tags: { Key: string; Value: string }[];
  RootDirectory: { Path: string };
}
const pointsOf = async (name: Name): Promise<Point[]> => {
  const { AccessPoints } = await json<{ AccessPoints: Point[] }>(
    'elasticfilesystem',
    'GET',
    '/2015-02-01/access-points?FileSystemId=fs-0123456789abcdef0&MaxResults=100',
  );
  return AccessPoints.filter(({ Tags }) => Tags.some(({ Key, Value }) => Key === 'Name' && Value === `coder-${name}-main`));
};
const jobs = async () => (await json<{ BackupJobs: { BackupJobId: string; State: string }[] }>('backup', 'GET', '/backup-jobs')).BackupJobs;
const nextBackup = (outcome: string) =>
  fetch(`${aws.url}/_backups`, { method: 'POST', body: JSON.stringify({ outcome }) }).then(({ status }) => expect(status).toBe(200));

describe('the home of a leaver', () => {
  it('is kept in a recovery point that was read back, and only then deleted', async () => {
    const [point] = await pointsOf('alice');
    expect(await once('find', 'alice')).toMatchObject({ outcome: 'done', targets: [{ system: 'efs', kind: 'home', after: 'available' }] });
    expect(await once('purge', 'alice'), 'nothing has been backed up').toMatchObject({ outcome: 'needs_human' });
    expect(await pointsOf('alice')).toEqual([point]);

    expect(await once('backUp', 'alice')).toMatchObject({ outcome: 'not_yet', wait_seconds: 60 });
    const kept = await walk('backUp', 'alice');
    expect(kept).toMatchObject({
      outcome: 'done',
      targets: [
        { system: 'efs', kind: 'home', before: 'available', after: 'available' },
        { system: 'backup', kind: 'recovery-point', after: 'completed' },
      ],
      kept: { recovery_point: expect.stringMatching(/^arn:aws:backup:us-east-1:000000000000:recovery-point:/), bytes: expect.any(Number) },
    });
    expect(kept.kept?.bytes).toBeGreaterThan(0);
    expect(Date.parse(kept.kept?.kept_until ?? '') - Date.parse(kept.kept?.started_at ?? '')).toBe(90 * day * 1000);
    expect(published.map(({ detail }) => detail.state)).toEqual(['CREATED', 'RUNNING', 'COMPLETED']);

    const purged = await walk('purge', 'alice');
    expect(purged).toMatchObject({
      outcome: 'done',
      targets: [{ system: 'efs', before: 'available', after: 'deleted', grade: 'attested' }],
    });
    expect(purged.looks, 'what was deleted is looked at again').toBe(2);
    expect(await pointsOf('alice')).toEqual([]);
    expect(JSON.stringify([kept, purged])).not.toMatch(/fsap-|alice/);
    expect(await walk('purge', 'alice'), 'a second time').toMatchObject({ outcome: 'done' });
  });

  it('is not deleted when the backup fails, expires, is partial, never ends, or left no recovery point', async () => {
    const cases = { bob: 'FAILED', carol: 'EXPIRED', dave: 'PARTIAL', erin: 'never-ends', frank: 'lost' } as const;
    for (const [name, outcome] of Object.entries(cases) as [keyof typeof cases, string][]) {
      aws.clock.advance(8 * day);
      await nextBackup(outcome);
      const quiet_since = new Date(aws.clock.now() - 3600_000).toISOString();
      expect((await once('backUp', name, { quiet_since })).outcome, outcome).toBe('not_yet');
      // Past every window, in one leap.
      aws.clock.advance(51 * 3_600);
      const answer = await once('backUp', name, { quiet_since });
      expect(answer, outcome).toMatchObject({ outcome: 'needs_human', message: expect.stringContaining('stays') });
      expect(answer.kept).toBeUndefined();
      expect(await once('purge', name), outcome).toMatchObject({ outcome: 'needs_human' });
      expect(await pointsOf(name), outcome).toHaveLength(1);
    }
  });

  it('is backed up anew by the next case after a failed one', async () => {
    const answer = await walk('backUp', 'bob', {
      case_id: 'cas_bob_again',
      quiet_since: new Date(aws.clock.now() - 3600_000).toISOString(),
    });
    expect(answer.outcome).toBe('done');
  });

  it('shares one backup with whoever left before it began, and with nobody who left after', async () => {
    aws.clock.advance(day);
    const before = (await jobs()).length;
    const since = new Date(aws.clock.now() - 60_000).toISOString();
    const [gus, hal] = await Promise.all([once('backUp', 'gus', { quiet_since: since }), once('backUp', 'hal', { quiet_since: since })]);
    expect([gus.outcome, hal.outcome]).toEqual(['not_yet', 'not_yet']);
    expect((await walk('backUp', 'gus', { quiet_since: since })).kept).toEqual((await walk('backUp', 'hal', { quiet_since: since })).kept);
    expect(await jobs()).toHaveLength(before + 1);
    const later = new Date(aws.clock.now()).toISOString();
    aws.clock.advance(5);
    expect((await walk('backUp', 'ida', { quiet_since: later })).outcome).toBe('done');
    expect(await jobs()).toHaveLength(before + 2);
  });

  it('stays when its recovery point was deleted meanwhile, or another home appeared', async () => {
    const { kept } = await walk('backUp', 'gus');
    const [{ Value: owner = '' } = {}] = (await pointsOf('gus'))[0]?.Tags.filter(({ Key }) => Key === 'coder_owner_id') ?? [];
    const made = await json<{ AccessPointId: string }>('elasticfilesystem', 'POST', '/2015-02-01/access-points', {
      ClientToken: 'another',
      FileSystemId: 'fs-0123456789abcdef0',
      Tags: [{ Key: 'coder_owner_id', Value: owner }],
    });
    expect(await once('purge', 'gus')).toMatchObject({ outcome: 'needs_human', message: expect.stringContaining('appeared') });
    await json('elasticfilesystem', 'DELETE', `/2015-02-01/access-points/${made.AccessPointId}`);
    aws.clock.advance(10);
    const arn = encodeURIComponent(kept?.recovery_point ?? '');
    await json('backup', 'DELETE', `/backup-vaults/homes/recovery-points/${arn}`);
    expect(await once('purge', 'gus')).toMatchObject({ outcome: 'needs_human', message: expect.stringContaining('not there any more') });
    expect(await pointsOf('gus')).toHaveLength(1);
  });

  it('is missing from EFS though Coder shows workspaces: a person looks at the tags', async () => {
    const [point] = await pointsOf('jan');
    await json('elasticfilesystem', 'DELETE', `/2015-02-01/access-points/${point?.AccessPointId}`);
    aws.clock.advance(10);
    expect(await once('backUp', 'jan')).toMatchObject({ outcome: 'needs_human', message: expect.stringContaining('coder_owner_id') });
    expect(await once('backUp', 'stranger'), 'who has no workspace either').toMatchObject({ outcome: 'nothing_to_do' });
  });

  it('is looked at in a dry run, and nothing is started', async () => {
    const before = (await jobs()).length;
    expect(await once('backUp', 'kim', { dry_run: true })).toMatchObject({ outcome: 'done' });
    expect(await once('purge', 'kim', { dry_run: true })).toMatchObject({ outcome: 'done' });
    expect([(await jobs()).length, (await pointsOf('kim')).length]).toEqual([before, 1]);
  });
});

describe('the services behind a leaver’s workspaces', () => {
  const agent = async (name: Name) =>
    (
      await fetch(`${outside.origin}/coder/api/v2/workspaceagents/me/manifest`, {
        headers: { 'coder-session-token': seededAgentToken(`${name}@example.com`) },
      })
    ).status;

  it('are scaled down, so that no task is started in place of the one that ended', async () => {
    expect(await agent('kim')).toBe(200);
    const { taskArns } = await awsJson<{ taskArns: string[] }>('ecs', 'ListTasks', { cluster: 'workspaces', maxResults: 100 });
    expect(taskArns).toHaveLength(names.length);
    const cut = await once('block', 'kim');
    expect(cut).toMatchObject({ outcome: 'done', targets: [{ system: 'ecs', kind: 'service', after: 'desired 0' }] });
    expect(await once('probe', 'kim'), 'the container has thirty seconds').toMatchObject({ outcome: 'not_yet' });
    const proof = await walk('probe', 'kim');
    expect(proof).toMatchObject({ outcome: 'done', targets: [{ system: 'ecs', grade: 'observed' }] });
    expect(await agent('kim'), 'though Coder has stopped nothing').toBe(401);
    expect(await agent('hal')).toBe(200);
  });

  it('are a person’s matter when somebody scales them up again and again', async () => {
    expect(await walk('probe', 'ida')).toMatchObject({ outcome: 'needs_human', message: expect.stringContaining('ten minutes') });
  });

  it('are none of somebody who has no workspace', async () => {
    expect(await once('block', 'stranger')).toMatchObject({ outcome: 'nothing_to_do' });
  });
});

describe('the power of these steps', () => {
  const as = async (entry: string, run: () => Promise<unknown>) => {
    const mine = process.env.AWS_ACCESS_KEY_ID;
    process.env.AWS_ACCESS_KEY_ID = `gatehouse-test-workspaces-${entry}`;
    try {
      return await run().then(
        () => 'allowed',
        (error: Error) => error.name,
      );
    } finally {
      process.env.AWS_ACCESS_KEY_ID = mine;
    }
  };
  const start = (over: object) =>
    json('backup', 'PUT', '/backup-jobs', {
      BackupVaultName: 'homes',
      ResourceArn: 'arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/fs-0123456789abcdef0',
      IamRoleArn: 'arn:aws:iam::000000000000:role/backup',
      ...over,
    });

  it('is exactly what each does: its vault, its role, homes that have an owner, its cluster', async () => {
    const denied = 'AccessDeniedException';
    const [point] = await pointsOf('hal');
    const remove = (id = '') => json('elasticfilesystem', 'DELETE', `/2015-02-01/access-points/${id}`);
    const { AccessPointId: untagged } = await json<{ AccessPointId: string }>('elasticfilesystem', 'POST', '/2015-02-01/access-points', {
      ClientToken: 'of the platform',
      FileSystemId: 'fs-0123456789abcdef0',
    });
    const scale = (cluster: string, service: string) => awsJson('ecs', 'UpdateService', { cluster, service, desiredCount: 0 });
    expect([
      await as('back-up-home', () => start({})),
      await as('back-up-home', () => start({ BackupVaultName: 'other' })),
      await as('back-up-home', () => start({ IamRoleArn: 'arn:aws:iam::000000000000:role/admin' })),
      await as('back-up-home', () => remove(point?.AccessPointId)),
      await as('find-homes', () => start({})),
      await as('purge-home', () => start({})),
      await as('purge-home', () => remove(untagged)),
      await as('purge-home', () => json('backup', 'DELETE', '/backup-vaults/homes/recovery-points/x')),
      await as('probe-hosts', () => scale('workspaces', 'coder-x')),
      await as('block-hosts', () => scale('production', 'coder-x')),
      await as('block-hosts', () => scale('workspaces', 'billing')),
      await as('block-workspaces', () => scale('workspaces', 'coder-x')),
    ]).toEqual(['allowed', ...Array.from({ length: 11 }, () => denied)]);
  });
});
