/**
 * Decides what a reading of the directory changes in a person's record, and which facts follow. Events never get this far: only readings do.
 * Readings are ordered by when they began, so that duplicates, disorder and flapping end in the directory's last word.
 */
import type { Person } from '@gatehouse/contracts/records/person';

export interface Reading {
  status: Person['status'];
  /** Left out when the directory no longer knows the person: what we knew stays. */
  profile?: { email: string; name: string; groups: readonly string[] | undefined; groupIds?: readonly string[] | undefined };
  /** When the read began, RFC 3339. */
  readAt: string;
  /** The directory's time of last change. */
  changedAt?: string | undefined;
  /** explicit: the directory's own word, or an event that it agrees with; inferred: only an absence. */
  evidence: 'explicit' | 'inferred';
  /** What made us read: okta-log-stream, sign-in, confirm-truth. */
  source: string;
  /** Id of the event or case behind it. */
  cause?: string | undefined;
}

interface About {
  person: string;
  generation: number;
  cause?: string;
}

export type Told =
  | { type: 'person-joined'; detail: About & { groups: string[] } }
  | { type: 'person-left'; detail: About & { status: 'suspended' | 'left'; evidence: 'explicit' | 'inferred'; source: string } }
  | { type: 'person-returned'; detail: About & { groups: string[] } }
  | { type: 'person-moved'; detail: About & { gained: string[]; lost: string[]; groups: string[] } }
  | { type: 'person-changed'; detail: About & { status: Person['status']; groups: string[] } };

export interface Reconciled {
  person: Person;
  facts: Told[];
}

/** Somebody we did not know. They may have gone already: accounts in other systems may be theirs all the same. */
export function introduce(
  reading: Reading & { profile: NonNullable<Reading['profile']> },
  id: string,
  subject: { issuer: string; subject: string },
): Reconciled {
  const groups = sorted(reading.profile.groups ?? []);
  const { status } = reading;
  const person: Person = {
    id,
    status,
    email: reading.profile.email,
    name: reading.profile.name,
    groups,
    ...(reading.profile.groupIds && { group_ids: sorted(reading.profile.groupIds) }),
    generation: 1,
    hold: false,
    subjects: [subject],
    read_at: reading.readAt,
    ...(reading.changedAt && { truth_at: reading.changedAt }),
  };
  const about = aboutOf(person, reading);
  return status === 'active'
    ? { person, facts: [{ type: 'person-joined', detail: { ...about, groups } }] }
    : { person, facts: [{ type: 'person-left', detail: { ...about, status, evidence: reading.evidence, source: reading.source } }] };
}

/** @returns undefined when the record already stands on a later reading. */
export function reconcile(stored: Person, reading: Reading): Reconciled | undefined {
  if (reading.readAt < stored.read_at) return undefined;
  if (reading.changedAt && stored.truth_at && reading.changedAt < stored.truth_at) return undefined;

  const left = reading.status !== 'active' && (stored.status === 'active' || (stored.status === 'suspended' && reading.status === 'left'));
  const returned = reading.status === 'active' && stored.status !== 'active';
  const groups = reading.profile?.groups ? sorted(reading.profile.groups) : stored.groups;
  const person: Person = {
    ...stored,
    status: reading.status,
    email: reading.profile?.email ?? stored.email,
    name: reading.profile?.name ?? stored.name,
    groups,
    ...(reading.profile?.groupIds && { group_ids: sorted(reading.profile.groupIds) }),
    generation: stored.generation + (left || returned ? 1 : 0),
    read_at: reading.readAt,
    ...(reading.changedAt && { truth_at: reading.changedAt }),
  };

  const facts: Told[] = [];
  const about = aboutOf(person, reading);
  const { status } = person;
  if (left && status !== 'active')
    facts.push({ type: 'person-left', detail: { ...about, status, evidence: reading.evidence, source: reading.source } });
  if (returned) facts.push({ type: 'person-returned', detail: { ...about, groups } });
  const gained = groups.filter((group) => !stored.groups.includes(group));
  const lost = stored.groups.filter((group) => !groups.includes(group));
  const regrouped = gained.length > 0 || lost.length > 0;
  if (regrouped && status === 'active' && !returned) facts.push({ type: 'person-moved', detail: { ...about, gained, lost, groups } });
  if (regrouped || status !== stored.status || person.email !== stored.email || person.name !== stored.name)
    facts.push({ type: 'person-changed', detail: { ...about, status, groups } });
  return { person, facts };
}

function aboutOf(person: Person, { cause }: Reading): About {
  return { person: person.id, generation: person.generation, ...(cause && { cause }) };
}

function sorted(groups: readonly string[]): string[] {
  return [...new Set(groups)].sort();
}
