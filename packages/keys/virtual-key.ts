/** What a LiteLLM virtual key is to us: whose it is, whether it can be used, and whether it was Gatehouse that blocked it. Never the key itself: its hash. */

import type { Person } from '@gatehouse/contracts/records/person';
import type { StepOutput, Target } from '@gatehouse/contracts/steps/step';
import { idHash } from '@gatehouse/core/id-hash';

export interface VirtualKey {
  /** LiteLLM's `token`: the SHA-256 of the key in hex, which its management API takes instead of the key. */
  token: string;
  userId: string | undefined;
  createdBy: string | undefined;
  blocked: boolean;
  /** As stored; our mark is one member of it. */
  metadata: Readonly<Record<string, unknown>>;
  /** US dollars, as LiteLLM counts. Only its standing still matters here. */
  spend: number;
}

/** The member of a key's metadata that says who blocked it: a case's id. */
export const mark = 'gatehouse_blocked_by';

export function isOurBlock({ blocked, metadata }: VirtualKey): boolean {
  return blocked && typeof metadata[mark] === 'string';
}

export function stateOf(key: VirtualKey): 'live' | 'blocked' | 'blocked by others' {
  if (!key.blocked) return 'live';
  return isOurBlock(key) ? 'blocked' : 'blocked by others';
}

/** Under what names LiteLLM may know a person: our id, the directory's, and the address. */
export function namesOf({ id, email, subjects }: Person): string[] {
  return [...new Set([id, email, email.toLowerCase(), ...subjects.map(({ subject }) => subject)])];
}

export interface Seen {
  kind: 'virtual-key' | 'account';
  id: string;
  before: string;
  after: string;
  grade?: Target['grade'];
}

const maxTargets = 50;

/** The answer of a step. @param ref names the row that lists all targets when there are too many. */
export function report(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string, at: string, ref: string): StepOutput {
  const targets = seen.slice(0, maxTargets).map(({ kind, id, before, after, grade }) => ({
    system: 'litellm' as const,
    kind,
    id_hash: idHash(id),
    before,
    after,
    at,
    ...(grade && { grade }),
  }));
  if (seen.length <= maxTargets) return { outcome, targets, message };
  return { outcome, targets, ref, message: `${message} (${seen.length} targets, the first ${maxTargets} shown)` };
}
