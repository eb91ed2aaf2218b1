/** What a backup job and its recovery point prove of a home: kept, not yet, or not. Decides, calls nobody. */
import type { Kept } from '@gatehouse/contracts/steps/step';
import * as z from 'zod';

/** @see AWS Backup Developer Guide, DescribeBackupJob */
export const JobState = z.enum([
  'CREATED',
  'PENDING',
  'RUNNING',
  'ABORTING',
  'ABORTED',
  'COMPLETED',
  'FAILED',
  'EXPIRED',
  'PARTIAL',
  'UNKNOWN',
]);
export type JobState = z.infer<typeof JobState>;

/** Times are milliseconds. */
export interface Job {
  id: string;
  state: JobState;
  message: string;
  /** ARN of what is backed up. */
  resource: string;
  recoveryPoint: string | undefined;
  createdMs: number;
  completedMs: number | undefined;
  bytes: number;
}

export interface RecoveryPoint {
  arn: string;
  resource: string;
  status: string;
  createdMs: number;
  /** Undefined: it is kept for ever. */
  deleteAtMs: number | undefined;
}

/** In which a job must begin, the shortest that AWS takes, and in which it must be done, counted from the order. */
export const windows = { startMinutes: 60, completeMinutes: 2_880 } as const;
/** AWS ends a job that outlives its window by itself; one that it does not is nobody's. */
const overdueMs = (windows.completeMinutes + 120) * 60_000;
/** Reads of AWS Backup may lag behind its own job. */
const lagMs = 15 * 60_000;
const dayMs = 86_400_000;

export type Verdict = { word: 'kept'; kept: Kept } | { word: 'under way'; waitSeconds: number } | { word: 'failed'; why: string };

export function jobVerdict(
  job: Job,
  resource: string,
  quietSinceMs: number,
  nowMs: number,
): Verdict | { word: 'ended'; recoveryPoint: string } {
  const { state, id, message } = job;
  const failed = (why: string): Verdict => ({ word: 'failed', why: `Backup job ${id} ${why}` });
  if (job.resource !== resource) return failed(`is of ${job.resource}, not of ${resource}`);
  if (job.createdMs < quietSinceMs) return failed('began before the last write to the home');
  if (state === 'COMPLETED') {
    if (!job.recoveryPoint || job.completedMs === undefined) return failed('is COMPLETED without a recovery point');
    return { word: 'ended', recoveryPoint: job.recoveryPoint };
  }
  if (['ABORTED', 'ABORTING', 'FAILED', 'EXPIRED', 'PARTIAL'].includes(state)) return failed(`is ${state}${message && `: ${message}`}`);
  const ageMs = nowMs - job.createdMs;
  if (ageMs > overdueMs) return failed(`is still ${state} after ${Math.floor(ageMs / 3_600_000)} hours`);
  return { word: 'under way', waitSeconds: Math.min(3_600, Math.max(60, Math.ceil(ageMs / 1000))) };
}

/** A job that says COMPLETED has proven nothing until its recovery point was read back. */
export function pointVerdict(job: Job, point: RecoveryPoint | undefined, keepDays: number, nowMs: number): Verdict {
  const named = `Recovery point ${job.recoveryPoint}`;
  const unseen = point === undefined || point.status === 'CREATING';
  if (unseen && nowMs - (job.completedMs ?? 0) < lagMs) return { word: 'under way', waitSeconds: 60 };
  if (!point) return { word: 'failed', why: `${named} is not there though its job is COMPLETED` };
  const trouble = pointTrouble(point, job.resource, nowMs);
  if (trouble) return { word: 'failed', why: trouble };
  if (point.deleteAtMs !== undefined && point.deleteAtMs < point.createdMs + (keepDays - 1) * dayMs)
    return { word: 'failed', why: `${named} goes on ${instant(point.deleteAtMs)}, before the ${keepDays} days of the profile are over` };
  const kept: Kept = {
    recovery_point: point.arn,
    bytes: job.bytes,
    started_at: instant(job.createdMs),
    completed_at: instant(job.completedMs ?? job.createdMs),
    ...(point.deleteAtMs !== undefined && { kept_until: instant(point.deleteAtMs) }),
  };
  return { word: 'kept', kept };
}

/** Why a recovery point does not, or no longer, hold what it should. */
export function pointTrouble(point: RecoveryPoint, resource: string, nowMs: number): string | undefined {
  const named = `Recovery point ${point.arn}`;
  if (point.resource !== resource) return `${named} is of ${point.resource}, not of ${resource}`;
  if (point.status !== 'COMPLETED' && point.status !== 'AVAILABLE') return `${named} is ${point.status}`;
  if (point.deleteAtMs !== undefined && point.deleteAtMs <= nowMs) return `${named} was to go on ${instant(point.deleteAtMs)}`;
  return undefined;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
