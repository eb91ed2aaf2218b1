/** Reads what somebody wrote to start an offboarding, and says in a sentence what to write instead. Knows nobody: whether the person exists is asked later. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

export const example = '{"person": "alice@example.com", "reason": "left the company"}';

const person = z.string().trim().min(1).max(320);
const reason = z.string().trim().min(1).max(500);

/** What an admin writes in the console, or posts. */
const ByHand = z.strictObject({
  person,
  reason,
  ticket: z.string().trim().min(1).max(100).optional(),
  dry_run: z.boolean().optional(),
  hold: z.boolean().optional(),
});

/** What a fact starts. */
export const ByFact = z.strictObject({
  person,
  reason,
  trigger: z.enum(['event', 'entitlement']),
  generation: z.int().positive(),
  /** Id of the event behind it. */
  cause: z.string().min(1),
  /** inferred: only a sweep or an absence says that they left. */
  evidence: z.enum(['explicit', 'inferred']).optional(),
});
export type ByFact = z.infer<typeof ByFact>;

export interface Start {
  person: string;
  reason: string;
  trigger: 'manual' | 'event' | 'entitlement';
  ticket: string | undefined;
  dry_run: boolean;
  hold: boolean;
  /** Only when a fact started it. */
  fact: ByFact | undefined;
}

/** @param written an execution's input or a request's body. The refusal is a sentence for a person. */
export function readStart(written: unknown): Result<Start, string> {
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    return refuse(`The input is not a JSON object. Write ${example}; optional are ticket, dry_run and hold.`);
  if ('trigger' in written) {
    const fact = ByFact.safeParse(written);
    if (!fact.success) return refuse(sentence(fact.error, written));
    return ok({ ...fact.data, ticket: undefined, dry_run: false, hold: false, fact: fact.data });
  }
  const byHand = ByHand.safeParse(written);
  if (!byHand.success) return refuse(sentence(byHand.error, written));
  const { ticket, dry_run = false, hold = false, ...rest } = byHand.data;
  return ok({ ...rest, trigger: 'manual', ticket, dry_run, hold, fact: undefined });
}

function sentence(error: z.ZodError, written: object): string {
  const troubles = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.map((key) => JSON.stringify(key)).join(' and ')} is not known here`;
    const name = String(issue.path[0]);
    if (!(name in written)) return `"${name}" is missing`;
    return `"${name}" should be ${wanted[name] ?? 'something else'}`;
  });
  return `${troubles.join('; ')}. Write ${example}; optional are ticket, dry_run (true or false) and hold (true or false).`;
}

const wanted: Readonly<Record<string, string>> = {
  person: "an e-mail address, a per_... id or the directory's id",
  reason: 'a text of at most 500 characters that says why',
  ticket: 'a text of at most 100 characters',
  dry_run: 'true or false, without quotation marks',
  hold: 'true or false, without quotation marks',
  trigger: '"event" or "entitlement"',
  generation: 'a positive whole number',
  cause: 'the id of the event that led here',
  evidence: '"explicit" or "inferred"',
};
