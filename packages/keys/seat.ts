/** What a seat at Anthropic is to us: a membership, an invite to one, and the API keys that the member made. Decides, calls nobody. */
import type { StepOutput, Target } from '@gatehouse/contracts/steps/step';
import { idHash } from '@gatehouse/core/id-hash';

export interface Member {
  id: string;
  email: string;
  role: string;
}

export interface Invite {
  id: string;
  role: string;
}

export interface ApiKey {
  id: string;
  status: 'active' | 'inactive' | 'archived' | 'expired';
}

/** Everything of one person that the organization knows. Keys live on without their maker. */
export interface Holding {
  members: Member[];
  /** Pending ones only. */
  invites: Invite[];
  keys: ApiKey[];
}

/** Roles that the admin API neither gives nor takes. */
const fixedRoles: readonly string[] = ['admin', 'owner', 'primary_owner', 'membership_admin'];

export function isFixed({ role }: Member): boolean {
  return fixedRoles.includes(role);
}

/** Nothing of theirs works any more. */
export function isGone({ members, invites, keys }: Holding): boolean {
  return members.length === 0 && invites.length === 0 && keys.every(({ status }) => status !== 'active');
}

export interface Seen {
  kind: 'seat' | 'invite' | 'api-key';
  id: string;
  before: string;
  after: string;
  grade?: Target['grade'];
}

/** Each with the state that it has. */
export function seenOf({ members, invites, keys }: Holding, grade?: 'attested'): Seen[] {
  const seen = (kind: Seen['kind'], id: string, state: string): Seen => ({
    kind,
    id,
    before: state,
    after: state,
    ...(grade && { grade }),
  });
  return [
    ...members.map(({ id, role }) => seen('seat', id, role)),
    ...invites.map(({ id }) => seen('invite', id, 'pending')),
    ...keys.map(({ id, status }) => seen('api-key', id, status)),
  ];
}

const maxTargets = 50;

export function report(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string, at: string): StepOutput {
  const targets = seen.slice(0, maxTargets).map(({ kind, id, before, after, grade }) => ({
    system: 'anthropic' as const,
    kind,
    id_hash: idHash(id),
    before,
    after,
    at,
    ...(grade && { grade }),
  }));
  const more = seen.length > maxTargets ? ` (${seen.length} targets, the first ${maxTargets} shown)` : '';
  return { outcome, targets, message: message + more };
}
