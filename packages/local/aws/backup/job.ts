/** One backup job: what stack time makes of it, and how AWS tells of it and of its recovery point. */
import { account, region } from '../service.ts';

/** lost: COMPLETED, and its recovery point is not there. never-ends: RUNNING for ever, past every window. */
export const outcomes = ['COMPLETED', 'FAILED', 'EXPIRED', 'PARTIAL', 'lost', 'never-ends'] as const;
export type Outcome = (typeof outcomes)[number];

/** Milliseconds of stack time. */
export interface Job {
  id: string;
  token: string | undefined;
  vault: string;
  resource: string;
  role: string;
  recoveryPoint: string;
  createdMs: number;
  startWindowMs: number;
  deleteAfterDays: number | undefined;
  outcome: Outcome;
  abortedMs?: number;
  /** The last state that was told as an event. */
  told?: string;
}
const pendingMs = 5_000;
const runningMs = 40_000;
const dayMs = 86_400_000;
const bytes = 48 * 1024 * 1024;
const failure = 'Access denied while reading the file system';

export const vaultArn = (name: string) => `arn:aws:backup:${region}:${account}:backup-vault:${name}`;

/** As AWS Backup names it. */
export function stateOf(job: Job, nowMs: number): string {
  const ageMs = nowMs - job.createdMs;
  if (job.abortedMs !== undefined) return 'ABORTED';
  if (job.outcome === 'EXPIRED') return ageMs < job.startWindowMs ? 'CREATED' : 'EXPIRED';
  if (ageMs < pendingMs) return 'CREATED';
  if (ageMs < pendingMs + runningMs || job.outcome === 'never-ends') return 'RUNNING';
  return job.outcome === 'lost' ? 'COMPLETED' : job.outcome;
}

export function isOver(state: string): boolean {
  return state !== 'CREATED' && state !== 'RUNNING';
}

function endedMs(job: Job, nowMs: number): number | undefined {
  if (!isOver(stateOf(job, nowMs))) return undefined;
  return job.abortedMs ?? job.createdMs + (job.outcome === 'EXPIRED' ? job.startWindowMs : pendingMs + runningMs);
}

/** When it will be in another state; undefined once it stays as it is. */
export function changesAtMs(job: Job, nowMs: number): number | undefined {
  const state = stateOf(job, nowMs);
  if (isOver(state) || (job.outcome === 'never-ends' && state === 'RUNNING')) return undefined;
  return job.createdMs + (job.outcome === 'EXPIRED' ? job.startWindowMs : state === 'CREATED' ? pendingMs : pendingMs + runningMs);
}

/** What the account's default bus hears. */
export function eventOf(job: Job, state: string) {
  return {
    source: 'aws.backup',
    'detail-type': 'Backup Job State Change',
    resources: [job.recoveryPoint],
    detail: {
      backupJobId: job.id,
      backupVaultName: job.vault,
      backupVaultArn: vaultArn(job.vault),
      creationDate: new Date(job.createdMs).toISOString(),
      iamRoleArn: job.role,
      percentDone: state === 'COMPLETED' ? 100 : 0,
      resourceArn: job.resource,
      resourceType: 'EFS',
      state,
      ...(state === 'FAILED' && { statusMessage: failure }),
    },
  };
}

/** DescribeBackupJob's answer. */
export function jobShown(job: Job, nowMs: number) {
  const state = stateOf(job, nowMs);
  const ended = endedMs(job, nowMs);
  return {
    AccountId: account,
    BackupJobId: job.id,
    BackupVaultName: job.vault,
    BackupVaultArn: vaultArn(job.vault),
    RecoveryPointArn: job.recoveryPoint,
    ResourceArn: job.resource,
    ResourceType: 'EFS',
    IamRoleArn: job.role,
    CreationDate: job.createdMs / 1000,
    ...(ended !== undefined && { CompletionDate: ended / 1000 }),
    StartBy: (job.createdMs + job.startWindowMs) / 1000,
    State: state,
    PercentDone: state === 'COMPLETED' ? '100.0' : '0.0',
    BackupSizeInBytes: state === 'COMPLETED' ? bytes : 0,
    BytesTransferred: state === 'COMPLETED' ? bytes : 0,
    ...(state === 'FAILED' && { StatusMessage: failure }),
    ...(state === 'EXPIRED' && { StatusMessage: 'Backup job expired before it could begin.' }),
    IsParent: false,
  };
}

/** What the job made, as long as its lifecycle leaves it there. */
export function pointOf(job: Job, nowMs: number) {
  const state = stateOf(job, nowMs);
  const deleteAtMs = job.deleteAfterDays === undefined ? undefined : job.createdMs + job.deleteAfterDays * dayMs;
  const gone = deleteAtMs !== undefined && nowMs >= deleteAtMs;
  if (gone || !['RUNNING', 'COMPLETED', 'PARTIAL'].includes(state) || (job.outcome === 'lost' && state === 'COMPLETED')) return undefined;
  return {
    RecoveryPointArn: job.recoveryPoint,
    BackupVaultName: job.vault,
    BackupVaultArn: vaultArn(job.vault),
    ResourceArn: job.resource,
    ResourceType: 'EFS',
    IamRoleArn: job.role,
    Status: state === 'RUNNING' ? 'CREATING' : state,
    CreationDate: job.createdMs / 1000,
    ...(state !== 'RUNNING' && { CompletionDate: (endedMs(job, nowMs) ?? 0) / 1000 }),
    BackupSizeInBytes: state === 'RUNNING' ? 0 : bytes,
    ...(deleteAtMs !== undefined && {
      Lifecycle: { DeleteAfterDays: job.deleteAfterDays },
      CalculatedLifecycle: { DeleteAt: deleteAtMs / 1000 },
    }),
    IsEncrypted: true,
    StorageClass: 'WARM',
  };
}
