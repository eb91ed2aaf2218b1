/** Lifecycle's own steps: open and close a case, keep its evidence, wait out its grace, and ask before a whole wave of people is acted on. */
import * as z from 'zod';
import { StepOutput, step } from './step.ts';

/** The first state of the machine: refuses what is missing or wrong with a sentence, and takes the person's lock. */
export const openCase = step({
  name: 'open-case',
  owner: 'lifecycle',
  /** What an admin may write in the console is checked by the step itself, so that its refusal can be a sentence. */
  input: z.strictObject({
    input: z.unknown(),
    execution_arn: z.string(),
    /** How often the execution was redriven: a closed case of it is left as it is, and another is opened. */
    redrive: z.int().nonnegative().optional(),
  }),
  output: z.strictObject({
    outcome: z.enum(['opened', 'already_open']),
    case_id: z.string(),
    person: z.string(),
    generation: z.int(),
    trigger: z.enum(['manual', 'event', 'entitlement']),
    reason: z.string(),
    dry_run: z.boolean(),
    hold: z.boolean(),
    grace_seconds: z.int(),
    /** Nobody said that they left: it follows from a group, the policy, or their absence. */
    inferred: z.boolean(),
    message: z.string(),
  }),
  idempotency: 'execution_arn and its redrives; one open case a person',
  faults: ['InvalidRequest', 'Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 30,
});

export const Phase = z.enum(['planned', 'cut', 'proven', 'unproven', 'restored', 'purging', 'purged', 'gone']);
export type Phase = z.infer<typeof Phase>;

/** Appends what steps did to the case's hash chain and moves its status, in one transaction with the fact that tells of it. */
export const sealEvidence = step({
  name: 'seal-evidence',
  owner: 'lifecycle',
  input: z.strictObject({
    case_id: z.string(),
    person: z.string(),
    generation: z.int(),
    phase: Phase,
    results: z.array(z.strictObject({ step: z.string(), result: StepOutput })),
    /** The directory's word that allowed this phase. */
    truth: z.unknown(),
  }),
  output: z.strictObject({ status: z.string(), message: z.string() }),
  idempotency: 'case_id and phase',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 30,
});

/** Parks the task's token with the case: the token comes back when the person returns, the timeout is the grace period. */
export const waitOutGrace = step({
  name: 'wait-out-grace',
  owner: 'lifecycle',
  input: z.strictObject({ case_id: z.string(), person: z.string(), task_token: z.string() }),
  output: z.strictObject({ parked: z.literal(true) }),
  idempotency: 'case_id; the last token stands',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 20,
});

const what = z.enum(['cut', 'purge']);

/** Counts who else is leaving, and says whether the case may go on by itself, and whether a hold is set. */
export const weighLeaving = step({
  name: 'weigh-leaving',
  owner: 'lifecycle',
  input: z.strictObject({ case_id: z.string(), person: z.string(), what }),
  output: z.strictObject({
    /** free: not one of many. The rest is what one person says, or has yet to say, about all of them. */
    verdict: z.enum(['free', 'ask', 'approved', 'rejected', 'expired']),
    hold: z.boolean(),
    /** What was asked and decided, for the evidence; null when nothing was. */
    approval: z
      .strictObject({
        id: z.string(),
        what,
        state: z.string(),
        asked_at: z.string(),
        decisions: z.array(z.strictObject({ by: z.string(), decision: z.string(), reason: z.string(), at: z.string() })),
      })
      .nullable(),
    message: z.string(),
  }),
  idempotency: 'case_id: counted once',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 30,
});

/** Parks the task's token under the one question that is asked for the whole wave. The decision, or the person's return, gives it back. */
export const askApproval = step({
  name: 'ask-approval',
  owner: 'lifecycle',
  input: z.strictObject({ case_id: z.string(), person: z.string(), what, task_token: z.string() }),
  output: z.strictObject({ parked: z.literal(true), approval: z.string() }),
  idempotency: 'case_id and what; the last token stands',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 30,
});

/** Ends the case: signs the packet and lets go of the person's lock. */
export const closeCase = step({
  name: 'close-case',
  owner: 'lifecycle',
  input: z.strictObject({
    case_id: z.string(),
    person: z.string(),
    status: z.enum(['done', 'held', 'needs_human', 'cancelled']),
    message: z.string(),
    /** Fails with this name and the message once the case is closed, until the execution is redriven more often than `at`. */
    stop: z.strictObject({ as: z.enum(['NeedsHuman', 'StillHere']), at: z.int(), redrive: z.int() }).optional(),
  }),
  output: z.strictObject({ status: z.string(), message: z.string() }),
  idempotency: 'case_id',
  faults: ['Throttled', 'Unavailable', 'Misconfigured', 'NeedsHuman', 'StillHere'],
  timeoutSeconds: 30,
});
