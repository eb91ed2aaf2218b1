/**
 * AWS Backup of the embedded stack, over EFS file systems: jobs that stack time carries out, recovery points with their lifecycle, and the event of each
 * change. `POST /_backups {"outcome": ...}` says how the next job ends. It keeps no data: there is none on the file systems here.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { readDocument, writeDocument } from '../../durable-file.ts';
import type { AwsRequest, WholeService } from '../endpoint.ts';
import { createRestService, type RestOperation } from '../rest.ts';
import { AwsError, account, region } from '../service.ts';
import { changesAtMs, eventOf, isOver, type Job, jobShown, type Outcome, outcomes, pointOf, stateOf, vaultArn } from './job.ts';

interface Kept {
  jobs: Job[];
  vaults: [string, number][];
  deletedPoints: string[];
}

export interface BackupOptions {
  clock: Clock;
  vaults: readonly string[];
  /** Whether there is such a thing to back up. */
  isThere(resourceArn: string): boolean;
  publish(event: object): void;
  /** Kept here; without it in memory. */
  path?: string;
}

export function createBackup({ clock, vaults: given, isThere, publish, path }: BackupOptions): WholeService & { close(): void } {
  const kept = (path === undefined ? undefined : (readDocument(path) as Kept | undefined)) ?? { jobs: [], vaults: [], deletedPoints: [] };
  const jobs = new Map(kept.jobs.map((job) => [job.id, job]));
  const vaults = new Map([...given.map((name) => [name, clock.now()] as const), ...kept.vaults]);
  const deletedPoints = new Set(kept.deletedPoints);
  const timers = new Set<{ cancel(): void }>();
  let next: { outcome: Outcome; times: number } = { outcome: 'COMPLETED', times: 0 };
  for (const job of jobs.values()) watch(job);

  function save(): void {
    if (path === undefined) return;
    writeDocument(path, { jobs: [...jobs.values()], vaults: [...vaults], deletedPoints: [...deletedPoints] } satisfies Kept);
  }
  /** Tells of each state once, as the account's default bus hears of it. */
  function watch(job: Job): void {
    const state = stateOf(job, clock.now());
    // A leap of the clock passes over no state: AWS tells of each.
    const passed = job.told === 'CREATED' && ['COMPLETED', 'FAILED', 'PARTIAL'].includes(state) ? ['RUNNING', state] : [state];
    for (const one of passed) {
      if (job.told === one) continue;
      job.told = one;
      publish(eventOf(job, one));
      save();
    }
    const changesAt = changesAtMs(job, clock.now());
    if (changesAt === undefined) return;
    const timer = clock.after(Math.max(0, changesAt - clock.now()), () => {
      timers.delete(timer);
      watch(job);
    });
    timers.add(timer);
  }
  function vault(name: unknown): string {
    if (typeof name !== 'string' || !vaults.has(name)) throw missing(`Backup vault ${String(name)} not found.`);
    return name;
  }
  function job(id: string): Job {
    const found = jobs.get(id);
    if (!found) throw missing(`Backup job ${id} not found.`);
    return found;
  }
  function thereOf(job: Job) {
    return deletedPoints.has(job.recoveryPoint) ? undefined : pointOf(job, clock.now());
  }
  function recoveryPoint(name: string, arn: string) {
    const found = [...jobs.values()].find((one) => one.recoveryPoint === arn && one.vault === vault(name));
    const point = found && thereOf(found);
    if (!point) throw missing(`Recovery point ${arn} not found.`);
    return point;
  }

  const operations: Record<string, RestOperation> = {
    StartBackupJob: {
      method: 'PUT',
      path: '/backup-jobs',
      asks: ({ body }) => [
        { action: 'backup:StartBackupJob', resource: vaultArn(String(body.BackupVaultName)) },
        { action: 'iam:PassRole', resource: String(body.IamRoleArn), context: { 'iam:PassedToService': 'backup.amazonaws.com' } },
      ],
      run({ body }) {
        const { BackupVaultName, ResourceArn, IamRoleArn, IdempotencyToken, StartWindowMinutes, Lifecycle } = body;
        if (typeof ResourceArn !== 'string' || typeof IamRoleArn !== 'string')
          throw new AwsError('MissingParameterValueException', 'BackupVaultName, ResourceArn and IamRoleArn are required.');
        const name = vault(BackupVaultName);
        if (!isThere(ResourceArn)) throw missing(`Resource ${ResourceArn} not found.`);
        const startMinutes = Number(StartWindowMinutes ?? 480);
        if (!(startMinutes >= 60)) throw new AwsError('InvalidParameterValueException', 'StartWindowMinutes must be at least 60.');
        const known = [...jobs.values()].find(({ token }) => token !== undefined && token === IdempotencyToken);
        if (known) return { body: started(known) };
        const { DeleteAfterDays } = (Lifecycle ?? {}) as { DeleteAfterDays?: number };
        const made: Job = {
          id: randomUUID().toUpperCase(),
          token: typeof IdempotencyToken === 'string' ? IdempotencyToken : undefined,
          vault: name,
          resource: ResourceArn,
          role: IamRoleArn,
          recoveryPoint: `arn:aws:backup:${region}:${account}:recovery-point:${randomUUID()}`,
          createdMs: clock.now(),
          startWindowMs: startMinutes * 60_000,
          deleteAfterDays: DeleteAfterDays,
          outcome: next.times > 0 ? next.outcome : 'COMPLETED',
        };
        next = { ...next, times: next.times - 1 };
        jobs.set(made.id, made);
        watch(made);
        return { body: started(made) };
      },
    },
    DescribeBackupJob: {
      method: 'GET',
      path: '/backup-jobs/{id}',
      run: ({ path: { id = '' } }) => ({ body: jobShown(job(id), clock.now()) }),
    },
    StopBackupJob: {
      method: 'POST',
      path: '/backup-jobs/{id}',
      run({ path: { id = '' } }) {
        const found = job(id);
        const state = stateOf(found, clock.now());
        if (isOver(state)) throw new AwsError('InvalidRequestException', `Backup job ${id} is ${state} and cannot be stopped.`);
        found.abortedMs = clock.now();
        watch(found);
        return {};
      },
    },
    ListBackupJobs: {
      method: 'GET',
      path: '/backup-jobs',
      run: ({ query }) => ({
        body: {
          BackupJobs: [...jobs.values()]
            .map((one) => jobShown(one, clock.now()))
            .filter(({ State, ResourceArn }) => fits(query.get('state'), State) && fits(query.get('resourceArn'), ResourceArn)),
        },
      }),
    },
    CreateBackupVault: {
      method: 'PUT',
      path: '/backup-vaults/{name}',
      run({ path: { name = '' } }) {
        if (!/^[A-Za-z0-9_-]{2,50}$/.test(name)) throw new AwsError('InvalidParameterValueException', 'The vault name is not valid.');
        if (vaults.has(name)) throw new AwsError('AlreadyExistsException', `Backup vault with the same name already exists: ${name}`);
        vaults.set(name, clock.now());
        save();
        return { body: shownVault(name) };
      },
    },
    DescribeBackupVault: {
      method: 'GET',
      path: '/backup-vaults/{name}',
      run: ({ path: { name = '' } }) => ({ body: shownVault(vault(name)) }),
    },
    ListRecoveryPointsByBackupVault: {
      method: 'GET',
      path: '/backup-vaults/{name}/recovery-points',
      run: ({ path: { name = '' }, query }) => ({
        body: {
          RecoveryPoints: [...jobs.values()]
            .filter((one) => one.vault === vault(name) && fits(query.get('resourceArn'), one.resource))
            .flatMap((one) => thereOf(one) ?? []),
        },
      }),
    },
    DescribeRecoveryPoint: {
      method: 'GET',
      path: '/backup-vaults/{name}/recovery-points/{arn}',
      asks: ({ path: { arn = '' } }) => [{ action: 'backup:DescribeRecoveryPoint', resource: arn }],
      run: ({ path: { name = '', arn = '' } }) => ({ body: recoveryPoint(name, arn) }),
    },
    DeleteRecoveryPoint: {
      method: 'DELETE',
      path: '/backup-vaults/{name}/recovery-points/{arn}',
      run({ path: { name = '', arn = '' } }) {
        deletedPoints.add(recoveryPoint(name, arn).RecoveryPointArn);
        save();
        return {};
      },
    },
  };
  function started({ id, recoveryPoint: RecoveryPointArn, createdMs }: Job) {
    return { BackupJobId: id, RecoveryPointArn, CreationDate: createdMs / 1000, IsParent: false };
  }
  function shownVault(name: string) {
    const points = [...jobs.values()].filter((one) => one.vault === name && thereOf(one)).length;
    return {
      BackupVaultName: name,
      BackupVaultArn: vaultArn(name),
      CreationDate: (vaults.get(name) ?? 0) / 1000,
      NumberOfRecoveryPoints: points,
      Locked: false,
    };
  }

  const service = createRestService('backup', operations);
  return {
    ...service,
    operationOf: (request) => (isWish(request) ? 'SetOutcome' : service.operationOf(request)),
    async answer(request) {
      if (!isWish(request)) return service.answer(request);
      const wish = wishOf(request.body);
      if (typeof wish === 'string') return json(400, { error: wish });
      next = wish;
      return json(200, wish);
    },
    close() {
      for (const timer of timers) timer.cancel();
    },
  };
}

function isWish({ method, url }: AwsRequest): boolean {
  return method === 'POST' && url.pathname === '/_backups';
}

function wishOf(body: Buffer): { outcome: Outcome; times: number } | string {
  const wrong = `Write {"outcome": one of ${outcomes.join(', ')}, "times": 1}`;
  let given: { outcome?: unknown; times?: unknown };
  try {
    given = (JSON.parse(body.toString('utf8')) ?? {}) as typeof given;
  } catch {
    return wrong;
  }
  const outcome = outcomes.find((one) => one === given.outcome);
  const times = given.times ?? 1;
  return outcome && typeof times === 'number' && times >= 1 ? { outcome, times } : wrong;
}

function json(status: number, body: object) {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
function fits(wanted: string | null, given: string): boolean {
  return wanted === null || wanted === given;
}
function missing(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { status: 400 });
}
