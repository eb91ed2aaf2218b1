/** What a step that gives something takes and answers. It makes what is wanted so, and says done only of what it has seen working. */
import * as z from 'zod';
import { KeySpec, SeatSpec, WorkspaceSpec } from '../records/grant.ts';
import type { Capability } from '../surface.ts';
import { type StepContract, StepInput, StepOutput, step } from './step.ts';

export const SeatWish = z.strictObject({ alias: z.string(), spec: SeatSpec });
export const KeyWish = z.strictObject({ alias: z.string(), spec: KeySpec });
export const WorkspaceWish = z.strictObject({ alias: z.string(), spec: WorkspaceSpec });

/** given: by us; found: was there before us; refused: the system will not, and the message says why. */
export const Given = z.strictObject({ alias: z.string(), state: z.enum(['given', 'found', 'refused']) });
export type Given = z.infer<typeof Given>;

const few = 20;
const faults = ['Throttled', 'Unavailable', 'Misconfigured'] as const;

function inputOf<W extends z.ZodType>(wish: W) {
  return StepInput.omit({ watch: true, proven: true }).extend({ wanted: z.array(wish).max(few) });
}
export const GrantOutput = StepOutput.omit({ watch: true }).extend({ given: z.array(Given).max(few) });
export type GrantOutput = z.infer<typeof GrantOutput>;

/** Gives what is wanted, or changes it to that. A person who is not here, or of a later generation, is given nothing. */
export function grantStep<W extends z.ZodType>(
  name: string,
  owner: Capability,
  wish: W,
): StepContract<ReturnType<typeof inputOf<W>>, typeof GrantOutput> {
  return step({ name, owner, input: inputOf(wish), output: GrantOutput, idempotency: 'person and alias', faults, timeoutSeconds: 60 });
}

const Withdrawal = StepInput.omit({ watch: true, proven: true }).extend({
  aliases: z.array(z.string()).max(few),
  /** this_case: only what this very case made, to undo it. all: whatever Gatehouse gave under these names. */
  scope: z.enum(['this_case', 'all']),
});

/** Takes back what Gatehouse gave under these names, and nothing else of the person's. */
export function withdrawStep(name: string, owner: Capability): StepContract<typeof Withdrawal, typeof StepOutput> {
  return step({ name, owner, input: Withdrawal, output: StepOutput, idempotency: 'person and alias', faults, timeoutSeconds: 60 });
}
