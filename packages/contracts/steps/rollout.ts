/** The workspaces capability's steps of a rollout: a template was pushed, and every workspace is to be built from it, its home kept. */
import * as z from 'zod';
import { step } from './step.ts';

const faults = ['Throttled', 'Unavailable', 'Misconfigured'] as const;
const counts = z.strictObject({ stale: z.int(), working: z.int(), updated: z.int(), parked: z.int() });

/** The first state of the machine: refuses what is missing or wrong with a sentence, lists what is stale, and takes the template's lock. */
export const openRollout = step({
  name: 'open-rollout',
  owner: 'workspaces',
  /** What an admin may write in the console is checked by the step itself, so that its refusal can be a sentence. */
  input: z.strictObject({ input: z.unknown(), execution_arn: z.string() }),
  output: z.strictObject({
    outcome: z.enum(['opened', 'already_open', 'planned']),
    rollout: z.string(),
    deadline_at: z.string(),
    counts,
    message: z.string(),
  }),
  idempotency: 'execution_arn; one open a template',
  faults: ['InvalidRequest', ...faults],
  timeoutSeconds: 60,
});

/** A fact for each owner: their workspace is due, and by when they may do it themselves. */
export const tellOwners = step({
  name: 'tell-owners',
  owner: 'workspaces',
  input: z.strictObject({ rollout: z.string() }),
  output: z.strictObject({ told: z.int(), message: z.string() }),
  idempotency: 'rollout and workspace',
  faults,
  timeoutSeconds: 60,
});

/** Looks at every workspace, and after the deadline moves a wave of them on by one build. It looks once; the machine waits and comes back. */
export const advanceRollout = step({
  name: 'advance-rollout',
  owner: 'workspaces',
  input: z.strictObject({ rollout: z.string() }),
  output: z.strictObject({
    outcome: z.enum(['waiting', 'working', 'paused', 'aborted', 'done']),
    counts,
    wait_seconds: z.int().min(1).max(21_600),
    message: z.string(),
  }),
  idempotency: 'rollout: a build is asked for only where none is under way',
  faults,
  timeoutSeconds: 60,
});

export const closeRollout = step({
  name: 'close-rollout',
  owner: 'workspaces',
  input: z.strictObject({ rollout: z.string(), status: z.enum(['done', 'aborted', 'needs_human']), message: z.string() }),
  output: z.strictObject({ status: z.string(), message: z.string() }),
  idempotency: 'rollout',
  faults,
  timeoutSeconds: 30,
});
