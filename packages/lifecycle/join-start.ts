/** Reads what somebody wrote to start an onboarding or a move, and says in a sentence what to write instead. Knows nobody: whether the person exists is asked later. */
import { MoveWave } from '@gatehouse/contracts/steps/joining';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

export const example = '{"person": "alice@example.com", "reason": "joined the company"}';

const person = z.string().trim().min(1).max(320);
const reason = z.string().trim().min(1).max(500);

const ByHand = z.strictObject({
  person,
  reason,
  ticket: z.string().trim().min(1).max(100).optional(),
  dry_run: z.boolean().optional(),
});

/** What a fact starts. */
const ByFact = z.strictObject({
  person,
  reason,
  trigger: z.enum(['event', 'entitlement']),
  generation: z.int().positive(),
  cause: z.string().min(1),
  wave: MoveWave.optional(),
  /** Left to those before them. */
  wait_seconds: z.int().nonnegative().optional(),
});
export type JoinByFact = z.infer<typeof ByFact>;

export interface JoinStart {
  person: string;
  reason: string;
  trigger: 'manual' | 'event' | 'entitlement';
  ticket: string | undefined;
  dry_run: boolean;
  fact: JoinByFact | undefined;
}

/** @param written an execution's input or a request's body. The refusal is a sentence for a person. */
export function readJoinStart(written: unknown): Result<JoinStart, string> {
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    return refuse(`The input is not a JSON object. Write ${example}; optional are ticket and dry_run.`);
  if ('trigger' in written) {
    const fact = ByFact.safeParse(written);
    return fact.success ? ok({ ...fact.data, ticket: undefined, dry_run: false, fact: fact.data }) : refuse(sentence(fact.error, written));
  }
  const byHand = ByHand.safeParse(written);
  if (!byHand.success) return refuse(sentence(byHand.error, written));
  const { ticket, dry_run = false, ...rest } = byHand.data;
  return ok({ ...rest, trigger: 'manual', ticket, dry_run, fact: undefined });
}

function sentence(error: z.ZodError, written: object): string {
  const troubles = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.map((key) => JSON.stringify(key)).join(' and ')} is not known here`;
    const name = String(issue.path[0]);
    return name in written ? `"${name}" should be ${wanted[name] ?? 'something else'}` : `"${name}" is missing`;
  });
  return `${troubles.join('; ')}. Write ${example}; optional are ticket and dry_run (true or false).`;
}

const wanted: Readonly<Record<string, string>> = {
  person: "an e-mail address, a per_... id or the directory's id",
  reason: 'a text of at most 500 characters that says why',
  ticket: 'a text of at most 100 characters',
  dry_run: 'true or false, without quotation marks',
  trigger: '"event" or "entitlement"',
  generation: 'a positive whole number',
  cause: 'the id of the event that led here',
};
