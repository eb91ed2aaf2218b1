/** Reads what somebody wrote to start a rollout, and says in a sentence what to write instead. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

export const example = '{"template": "claude-code", "reason": "a newer Claude Code in the image"}';

const Start = z.strictObject({
  template: z.string().trim().min(1).max(64),
  reason: z.string().trim().min(1).max(500),
  ticket: z.string().trim().min(1).max(100).optional(),
  /** How long owners may do it themselves. */
  deadline_days: z.int().min(0).max(30).default(7),
  /** How many workspaces are built at once. */
  wave: z.int().min(1).max(100).default(10),
  dry_run: z.boolean().default(false),
});
export type RolloutStart = z.infer<typeof Start>;

const optional = 'optional are ticket, deadline_days (0 to 30), wave (1 to 100) and dry_run (true or false)';

export function readRolloutStart(written: unknown): Result<RolloutStart, string> {
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    return refuse(`The input is not a JSON object. Write ${example}; ${optional}.`);
  const start = Start.safeParse(written);
  if (start.success) return ok(start.data);
  const troubles = start.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.map((key) => JSON.stringify(key)).join(' and ')} is not known here`;
    const name = String(issue.path[0]);
    return name in written ? `"${name}" is not what it should be: ${issue.message}` : `"${name}" is missing`;
  });
  return refuse(`${troubles.join('; ')}. Write ${example}; ${optional}.`);
}
