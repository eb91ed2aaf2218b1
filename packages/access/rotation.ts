/** Reads what somebody wrote to start a key rotation, and says in a sentence what to write instead. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const example = '{"reason": "twice a year"}';

const Rotation = z.strictObject({
  reason: z.string().trim().min(1).max(500),
  ticket: z.string().trim().min(1).max(100).optional(),
  dry_run: z.boolean().optional(),
});
export type Rotation = z.infer<typeof Rotation>;

const wanted: Readonly<Record<string, string>> = {
  reason: 'a text of at most 500 characters that says why',
  ticket: 'a text of at most 100 characters',
  dry_run: 'true or false, without quotation marks',
};

/** @param written an execution's input. The refusal is a sentence for a person. */
export function readRotation(written: unknown): Result<Rotation, string> {
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    return refuse(`The input is not a JSON object. Write ${example}; optional are ticket and dry_run.`);
  const parsed = Rotation.safeParse(written);
  if (parsed.success) return ok(parsed.data);
  const troubles = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.map((key) => JSON.stringify(key)).join(' and ')} is not known here`;
    const name = String(issue.path[0]);
    return name in written ? `"${name}" should be ${wanted[name] ?? 'something else'}` : `"${name}" is missing`;
  });
  return refuse(`${troubles.join('; ')}. Write ${example}; optional are ticket and dry_run (true or false).`);
}
