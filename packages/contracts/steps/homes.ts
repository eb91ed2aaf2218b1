/** The workspaces capability's steps over what a person's workspaces run on: their homes on EFS and their services in ECS. */
import * as z from 'zod';
import { StepInput, StepOutput, step, targetStep } from './step.ts';

export const findHomes = targetStep('find-homes', 'workspaces', 60);

/**
 * Looks once whether the home is backed up, and sees to it that a backup is under way: the machine waits. `done` says that a recovery point was
 * read back, with `kept`; `nothing_to_do` that there is no home. Nothing may be deleted after any other answer.
 */
export const backUpHome = step({
  name: 'back-up-home',
  owner: 'workspaces',
  input: StepInput.omit({ watch: true, proven: true }).extend({
    /** Since when nobody writes to the home any more, RFC 3339: an older backup may lack what was written last. */
    quiet_since: z.string(),
  }),
  output: StepOutput,
  idempotency: 'case_id: at most one backup job a case, and one for all cases of a file system that wait at the same time',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 60,
});

/** Deletes what the case has backed up, and nothing else: the recovery point is read again first. `done` is what was seen gone. */
export const purgeHome = targetStep('purge-home', 'workspaces', 60);

export const blockHosts = targetStep('block-hosts', 'workspaces', 60);
export const probeHosts = targetStep('probe-hosts', 'workspaces', 60);
