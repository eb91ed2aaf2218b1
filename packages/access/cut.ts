/** Reads what an administrator wrote to end sessions, and says in a sentence what to write instead. Knows nobody: whether it exists is asked later. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const name = z.string().trim().min(1).max(320);
const Written = z.strictObject({
  reason: z.string().trim().min(1).max(500),
  person: name.optional(),
  session: name.optional(),
  family: name.optional(),
  group: name.optional(),
});

export type Whose = 'person' | 'session' | 'family' | 'group';
export interface Wish {
  whose: Whose;
  name: string;
  reason: string;
}

const kinds = ['person', 'session', 'family', 'group'] as const satisfies readonly Whose[];
const example = 'Write {"person": "alice@example.com", "reason": "lost laptop"}; instead of person: session, family or group.';

/** The refusal is a sentence for a person. */
export function readCut(written: unknown): Result<Wish, string> {
  const parsed = Written.safeParse(written);
  if (!parsed.success) return refuse(example);
  const named = kinds.filter((kind) => parsed.data[kind] !== undefined);
  const [whose] = named;
  if (!whose || named.length > 1) return refuse(`Exactly one of ${kinds.join(', ')} says whose sessions end. ${example}`);
  return ok({ whose, name: parsed.data[whose] ?? '', reason: parsed.data.reason });
}
