/** Compares what a directory lists with what is on record: who is to be read again, and in which order. Concludes nothing about anybody: the reading does. */
import type { Person } from '@gatehouse/contracts/records/person';
import { statusOf } from './reading.ts';
import type { Found } from './truth.ts';

/** What a list says of one person, small enough for a hundred thousand of them. */
export type Entry = Pick<Found, 'word'> & { email: string; name: string };

export interface Plan {
  /** On record and not in the list. */
  missing: string[];
  /** The list says something else than the record. */
  changed: string[];
  /** In the list, welcome, and not on record. */
  unknown: string[];
  /** As the list says, but not read for a day, or since everybody was to be: groups are not in lists. */
  old: string[];
  /** How many are on record and have not left. */
  known: number;
}

/** A record that says the same is left alone for so long. */
const freshMs = 86_400_000;

export function startPlan(): Plan {
  return { missing: [], changed: [], unknown: [], old: [], known: 0 };
}

/**
 * One person of the record. Takes them out of `listed`, so that what stays in it is unknown.
 * @param began when listing began: whoever was read since is as fresh as the list.
 * @param again whoever was read before this, ms, is read again although nothing says that they changed.
 */
export function plan(
  into: Plan,
  stored: Pick<Person, 'status' | 'email' | 'name' | 'read_at'>,
  subject: string,
  listed: Map<string, Entry>,
  began: number,
  again = 0,
): void {
  const entry = listed.get(subject);
  listed.delete(subject);
  const { status, read_at: readAt } = stored;
  if (status !== 'left') into.known++;
  const read = Date.parse(readAt);
  if (read >= began) return;
  if (!entry) {
    if (status !== 'left') into.missing.push(subject);
    return;
  }
  if (statusOf(entry.word) !== status || entry.email !== stored.email || entry.name !== stored.name) into.changed.push(subject);
  else if (status === 'active' && (began - read >= freshMs || read < again)) into.old.push(subject);
}

/** Who gave no sign of being gone or never there. */
export function addUnknown(into: Plan, listed: ReadonlyMap<string, Entry>): void {
  for (const [subject, { word }] of listed) if (word === 'active' || word === 'suspended') into.unknown.push(subject);
}

/** A list of nobody, while somebody is known, is an error and never a list of leavers. */
export function isEmpty(planned: Plan, listedCount: number): boolean {
  return listedCount === 0 && planned.known > 0;
}
