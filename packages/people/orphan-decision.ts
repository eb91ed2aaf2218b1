/** Reads an admin's word on an orphan. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const Decision = z.strictObject({ decision: z.enum(['block', 'keep']), reason: z.string().trim().min(1).max(500) });
export type Decision = z.infer<typeof Decision>;

export function readDecision(json: Result<unknown, unknown>): Result<Decision, string> {
  const read = Decision.safeParse(json.ok ? json.value : undefined);
  return read.success ? ok(read.data) : refuse('Write {"decision": "block" or "keep", "reason": "..."}');
}
