/** Judges every client under the policy in force for its person, and counts them by group. Reads no store. */
import type { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { digest } from './canonical.ts';
import { type Client, type Judged, judge, type Standing, standings } from './client.ts';
import { knownGroups } from './difference.ts';
import { classesOf } from './people-class.ts';
import { managedSettings } from './settings.ts';

interface Known {
  id: string;
  email: string;
  groups: readonly string[];
}

export interface RollEntry extends Judged {
  person: Known;
  client: Client;
  /** Checksum of what the policy in force gives. */
  expected: string;
}

/** Clients of people who are not here any more, or whom nothing admits, are left out: their sessions are refused. */
export function rollOf(
  clients: readonly Client[],
  people: readonly Known[],
  { document, publicUrl }: { document: PolicyDocument; publicUrl: string },
): RollEntry[] {
  const known = new Map<string, { person: Known; checksum: string; min_version?: string | undefined }>();
  for (const { subject, people: members } of classesOf(people, [document])) {
    const effective = resolve(document, subject);
    if (!effective.admitted) continue;
    const expected = { checksum: digest(managedSettings(effective, { publicUrl })), min_version: effective.client.min_version };
    for (const person of members) known.set(person.id, { person, ...expected });
  }
  return clients.flatMap((client) => {
    const found = known.get(client.person);
    return found ? [{ person: found.person, client, expected: found.checksum, ...judge(client, found) }] : [];
  });
}

export type Counts = Record<Standing, number>;

export function countsOf(roll: readonly RollEntry[]): Counts {
  const counts = Object.fromEntries(standings.map((standing) => [standing, 0])) as Counts;
  for (const { standing } of roll) counts[standing]++;
  return counts;
}

/** Of the groups that the policy names, those with the most clients first; somebody in two groups counts in both. */
export function countsByGroup(roll: readonly RollEntry[], document: PolicyDocument, limit: number): { group: string; counts: Counts }[] {
  const named = new Set(knownGroups(document));
  const groups = new Map<string, RollEntry[]>();
  for (const entry of roll)
    for (const group of entry.person.groups) {
      if (!named.has(group)) continue;
      const members = groups.get(group);
      if (members) members.push(entry);
      else groups.set(group, [entry]);
    }
  return [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, limit)
    .map(([group, members]) => ({ group, counts: countsOf(members) }));
}
