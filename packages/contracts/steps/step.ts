/** What a step is: a task that a machine, or another capability, has the owner do. Idempotent on (case_id, step, target). */
import * as z from 'zod';
import type { Capability } from '../surface.ts';

/** One credential, workspace or session that a step looked at. The id is hashed: machine state is readable by every console user. */
export const Target = z.strictObject({
  system: z.enum(['gatehouse', 'litellm', 'coder', 'anthropic', 'efs', 'backup', 'ecs']),
  kind: z.enum(['session', 'virtual-key', 'workspace', 'account', 'seat', 'invite', 'api-key', 'home', 'recovery-point', 'service']),
  /** `sha256:` and 64 hex digits of the system's own id. */
  id_hash: z.string(),
  before: z.string(),
  after: z.string(),
  at: z.string(),
  /** How well its death is shown: the secret was tried, the data plane shows it, or management state was re-read over time. */
  grade: z.enum(['probed', 'observed', 'attested']).optional(),
});
export type Target = z.infer<typeof Target>;

/**
 * What a probe has seen so far. A probe looks once and answers at once; the machine waits, and hands this back to it with the next look.
 * `since`: from when on nothing but `state` was seen, RFC 3339. `picture`: a hash of all that was seen, for the dead must not stir.
 */
export const Watch = z.strictObject({ state: z.enum(['dead', 'alive', 'unknown']), since: z.string(), picture: z.string() });
export type Watch = z.infer<typeof Watch>;

/** A copy that was read back. Nothing of it is secret: an auditor finds it by this. */
export const Kept = z.strictObject({
  recovery_point: z.string(),
  /** Of the backup job, as AWS Backup counts. */
  bytes: z.int().min(0),
  started_at: z.string(),
  completed_at: z.string(),
  /** When AWS Backup deletes it; absent: never. */
  kept_until: z.string().optional(),
});
export type Kept = z.infer<typeof Kept>;

export const StepOutput = z.strictObject({
  outcome: z.enum(['done', 'nothing_to_do', 'not_yet', 'delegated', 'needs_human']),
  /** At most 50; more are counted in the message and written as a row named by `ref`. */
  targets: z.array(Target).max(50),
  ref: z.string().optional(),
  message: z.string(),
  watch: Watch.optional(),
  /** Where what was deleted, or is about to be, is kept. */
  kept: Kept.optional(),
  /** With `not_yet`: when asking again can tell more. */
  wait_seconds: z.int().min(1).max(3_600).optional(),
});
export type StepOutput = z.infer<typeof StepOutput>;

export const StepInput = z.strictObject({
  case_id: z.string(),
  person: z.string(),
  generation: z.int().positive(),
  dry_run: z.boolean(),
  reason: z.string(),
  /** The last look's, for a probe; null at its first. */
  watch: Watch.nullish(),
  /** What this probe said last, when that was its last word: it has nothing to look at again until more is changed. */
  proven: StepOutput.nullish(),
});
export type StepInput = z.infer<typeof StepInput>;

/** The literal names that a step may throw; machines match on them. */
export const faults = ['Throttled', 'Unavailable', 'Misconfigured', 'InvalidRequest', 'NeedsHuman', 'StillHere'] as const;
export type FaultName = (typeof faults)[number];

export interface StepContract<I extends z.ZodType, O extends z.ZodType> {
  name: string;
  owner: Capability;
  input: I;
  output: O;
  /** What makes a second run the same run. */
  idempotency: string;
  faults: readonly FaultName[];
  timeoutSeconds: number;
}

export function step<I extends z.ZodType, O extends z.ZodType>(contract: StepContract<I, O>): StepContract<I, O> {
  return contract;
}

/** A step over one person's targets, with the usual input and output. */
export function targetStep(name: string, owner: Capability, timeoutSeconds: number): StepContract<typeof StepInput, typeof StepOutput> {
  return step({
    name,
    owner,
    input: StepInput,
    output: StepOutput,
    idempotency: 'case_id, step, target',
    faults: ['Throttled', 'Unavailable', 'Misconfigured'],
    timeoutSeconds,
  });
}
