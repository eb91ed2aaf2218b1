/** Lifecycle's steps of an onboarding and of a move: open it, ask before many are moved, work out what the policy gives and takes, and write down what came of it. */
import * as z from 'zod';
import { GrantOutput, KeyWish, SeatWish, WorkspaceWish } from './grant.ts';
import { StepOutput, step } from './step.ts';

const faults = ['Throttled', 'Unavailable', 'Misconfigured'] as const;
export const JoiningKind = z.enum(['onboarding', 'mover']);
export type JoiningKind = z.infer<typeof JoiningKind>;

/** Many whom one version of the policy moves: they are asked about as one. */
export const MoveWave = z.strictObject({
  id: z.string(),
  people: z.int().positive(),
  /** Who published that version, when it was a person. */
  author: z.string().optional(),
});
export type MoveWave = z.infer<typeof MoveWave>;

/** The first state of both machines: refuses what is missing or wrong with a sentence. One is open for a person. */
export const openJoining = step({
  name: 'open-joining',
  owner: 'lifecycle',
  /** What an admin may write in the console is checked by the step itself, so that its refusal can be a sentence. */
  input: z.strictObject({ kind: JoiningKind, input: z.unknown(), execution_arn: z.string() }),
  output: z.strictObject({
    outcome: z.enum(['opened', 'already_open']),
    case_id: z.string(),
    person: z.string(),
    generation: z.int(),
    trigger: z.enum(['manual', 'event', 'entitlement']),
    reason: z.string(),
    dry_run: z.boolean(),
    /** Of which they are one; null: they are moved by themselves. */
    wave: MoveWave.nullable(),
    /** How long those before them in a wave take. */
    wait_seconds: z.int().nonnegative(),
    message: z.string(),
  }),
  idempotency: 'execution_arn; one open for a person',
  faults: ['InvalidRequest', ...faults],
  timeoutSeconds: 30,
});

/** What one person says, or has yet to say, about a whole wave of moves. */
export const weighMove = step({
  name: 'weigh-move',
  owner: 'lifecycle',
  input: z.strictObject({ person: z.string(), wave: MoveWave }),
  output: z.strictObject({ verdict: z.enum(['ask', 'approved', 'rejected', 'expired']), approval: z.string(), message: z.string() }),
  idempotency: 'none needed: it reads',
  faults,
  timeoutSeconds: 20,
});

/** Parks the task's token under the one question that is asked for the whole wave; the decision gives it back. */
export const askMove = step({
  name: 'ask-move',
  owner: 'lifecycle',
  input: z.strictObject({ case_id: z.string(), person: z.string(), wave: MoveWave, task_token: z.string() }),
  output: z.strictObject({ parked: z.literal(true), approval: z.string() }),
  idempotency: 'case_id; the last token stands',
  faults,
  timeoutSeconds: 30,
});

const aliases = z.array(z.string());

/** Writes each grant down as intended before anybody gives it. A dry run writes nothing. */
export const planGrants = step({
  name: 'plan-grants',
  owner: 'lifecycle',
  input: z.strictObject({ case_id: z.string(), person: z.string(), dry_run: z.boolean() }),
  output: z.strictObject({
    seats: z.array(SeatWish),
    keys: z.array(KeyWish),
    workspaces: z.array(WorkspaceWish),
    take: z.strictObject({ seats: aliases, keys: aliases, workspaces: aliases }),
    /** Neither is anything to be given nor taken. */
    nothing: z.boolean(),
    message: z.string(),
  }),
  idempotency: 'case_id',
  faults,
  timeoutSeconds: 30,
});

/** Writes down how it ended: each grant's state, the welcome, and the fact that tells of it, in one transaction. */
export const closeJoining = step({
  name: 'close-joining',
  owner: 'lifecycle',
  input: z.strictObject({
    case_id: z.string(),
    person: z.string(),
    status: z.enum(['done', 'cancelled', 'needs_human']),
    message: z.string(),
    given: z.array(z.strictObject({ step: z.string(), result: GrantOutput })),
    taken: z.array(z.strictObject({ step: z.string(), aliases, result: StepOutput })),
    /** What was given is taken back again. */
    undone: z.boolean(),
  }),
  output: z.strictObject({ status: z.string(), message: z.string() }),
  idempotency: 'case_id',
  faults,
  timeoutSeconds: 30,
});
