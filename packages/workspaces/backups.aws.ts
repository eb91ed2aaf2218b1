/** AWS Backup over the file system of the homes: starts a job, reads jobs and recovery points. It deletes nothing; a recovery point ends by its own lifecycle. */
import type { HomesConfig } from '@gatehouse/core/homes-profile';
import { awsCall } from '@gatehouse/runtime/aws-call';
import { Misconfigured } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { type Job, JobState, type RecoveryPoint, windows } from './home-backup.ts';
import { answered } from './refusal.aws.ts';

const what = 'AWS Backup';
const absent = ['ResourceNotFoundException'];
const Started = z.object({ BackupJobId: z.string() });
const JobRow = z.object({
  State: z.string().transform((state) => JobState.catch('UNKNOWN').parse(state)),
  StatusMessage: z.string().nullish(),
  ResourceArn: z.string(),
  RecoveryPointArn: z.string().nullish(),
  CreationDate: z.number(),
  CompletionDate: z.number().nullish(),
  BackupSizeInBytes: z.coerce.number().int().min(0).nullish(),
});
const PointRow = z.object({
  RecoveryPointArn: z.string(),
  ResourceArn: z.string(),
  Status: z.string(),
  CreationDate: z.number(),
  CalculatedLifecycle: z.object({ DeleteAt: z.number().nullish() }).nullish(),
});

/** The same token again is the same job. @param resourceArn of the file system. */
export async function startBackup(homes: HomesConfig, resourceArn: string, token: string): Promise<string> {
  const body = JSON.stringify({
    BackupVaultName: homes.vault,
    ResourceArn: resourceArn,
    IamRoleArn: homes.role_arn,
    IdempotencyToken: token,
    StartWindowMinutes: windows.startMinutes,
    CompleteWindowMinutes: windows.completeMinutes,
    Lifecycle: { DeleteAfterDays: homes.keep_days },
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await answered(what, awsCall('backup', { method: 'PUT', path: '/backup-jobs', headers, body }));
  return Started.parse(parsed(answer)).BackupJobId;
}

export async function jobOf(id: string): Promise<Job> {
  const answer = await answered(what, awsCall('backup', { method: 'GET', path: `/backup-jobs/${encodeURIComponent(id)}` }), absent);
  if (!answer)
    throw new Misconfigured(`AWS Backup does not know its own job ${id}: look for it in the console, then start the offboarding again`);
  const row = JobRow.parse(parsed(answer));
  return {
    id,
    state: row.State,
    message: row.StatusMessage ?? '',
    resource: row.ResourceArn,
    recoveryPoint: row.RecoveryPointArn ?? undefined,
    createdMs: row.CreationDate * 1000,
    completedMs: row.CompletionDate == null ? undefined : row.CompletionDate * 1000,
    bytes: row.BackupSizeInBytes ?? 0,
  };
}

/** Undefined: there is none. */
export async function recoveryPointOf({ vault }: HomesConfig, arn: string): Promise<RecoveryPoint | undefined> {
  const path = `/backup-vaults/${encodeURIComponent(vault)}/recovery-points/${encodeURIComponent(arn)}`;
  const answer = await answered(what, awsCall('backup', { method: 'GET', path }), absent);
  if (!answer) return undefined;
  const row = PointRow.parse(parsed(answer));
  const deleteAt = row.CalculatedLifecycle?.DeleteAt;
  return {
    arn: row.RecoveryPointArn,
    resource: row.ResourceArn,
    status: row.Status,
    createdMs: row.CreationDate * 1000,
    deleteAtMs: deleteAt == null ? undefined : deleteAt * 1000,
  };
}

function parsed(answer: { body: Buffer } | undefined): unknown {
  return JSON.parse(answer?.body.toString('utf8') ?? '');
}
