/** Where a workspace build stands at a moment of stack time, and what that makes of the workspace and of the task it runs. Pure: nothing ticks. */

export type Transition = 'start' | 'stop' | 'delete';
export type JobStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'canceling' | 'canceled';

export interface Build {
  id: string;
  workspaceId: string;
  number: number;
  transition: Transition;
  /** Empties the state instead of destroying what it describes. */
  orphan: boolean;
  /** Of the template; the seeded one where it is left out. */
  versionId?: string;
  initiatorId: string;
  /** Milliseconds of stack time. */
  createdAt: number;
  /** `never-starts`: no provisioner has the tags it needs. */
  plan: 'succeeds' | 'fails' | 'never-starts';
  canceledAt?: number;
}

/** Stack time from the request to the provisioner taking the job, and from there to its end. */
export const pendingMs = 1000;
export const runningMs: Readonly<Record<Transition, number>> = { start: 5000, stop: 3000, delete: 4000 };
const cancelingMs = 1000;

export function startsAt(build: Build): number | undefined {
  return build.plan === 'never-starts' && !build.orphan ? undefined : build.createdAt + pendingMs;
}

/** When the job ends if nobody cancels it. An orphan delete has nothing to run. */
export function endsAt(build: Build): number | undefined {
  const start = startsAt(build);
  if (start === undefined) return undefined;
  return build.orphan ? start : start + runningMs[build.transition];
}

export function jobStatus(build: Build, now: number): JobStatus {
  const [start, end] = [startsAt(build), endsAt(build)];
  if (build.canceledAt !== undefined) {
    const wasPending = start === undefined || build.canceledAt < start;
    return wasPending || now >= build.canceledAt + cancelingMs ? 'canceled' : 'canceling';
  }
  if (start === undefined || now < start) return 'pending';
  if (end === undefined || now < end) return 'running';
  return build.plan === 'fails' && !build.orphan ? 'failed' : 'succeeded';
}

export function isActive(build: Build, now: number): boolean {
  return ['pending', 'running', 'canceling'].includes(jobStatus(build, now));
}

export type WorkspaceStatus =
  | 'pending'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'deleting'
  | 'deleted'
  | 'failed'
  | 'canceling'
  | 'canceled';

const whileRunning = { start: 'starting', stop: 'stopping', delete: 'deleting' } as const;
const onceDone = { start: 'running', stop: 'stopped', delete: 'deleted' } as const;

export function workspaceStatus(latest: Build, now: number): WorkspaceStatus {
  const status = jobStatus(latest, now);
  if (status === 'running') return whileRunning[latest.transition];
  if (status === 'succeeded') return onceDone[latest.transition];
  return status;
}

export function isDeleted(builds: readonly Build[], now: number): boolean {
  return builds.some((build) => build.transition === 'delete' && jobStatus(build, now) === 'succeeded');
}

/**
 * The start build whose task runs now. Builds act on it only once they have succeeded, and an orphan delete not at all:
 * Coder forgets the task and the task goes on.
 */
export function runningTask(builds: readonly Build[], now: number): Build | undefined {
  let task: Build | undefined;
  for (const build of builds) {
    if (jobStatus(build, now) !== 'succeeded' || build.orphan) continue;
    task = build.transition === 'start' ? build : undefined;
  }
  return task;
}

/** The start build whose agent token Coder accepts now: its task's, as long as Coder knows the workspace. The owner's status plays no part. */
export function trustedAgent(builds: readonly Build[], now: number): Build | undefined {
  return isDeleted(builds, now) ? undefined : runningTask(builds, now);
}
