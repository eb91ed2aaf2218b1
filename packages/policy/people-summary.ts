/** Says of a whole company who gains and who loses by a draft, class by class. Judges neither; reads nobody's record. */
import type { PolicyDocument } from '@gatehouse/rules/document';
import { compare } from './difference.ts';
import { classesOf, type PeopleClass } from './people-class.ts';

interface Known {
  id: string;
  email: string;
  groups: readonly string[];
}

/** Ids shown of one class; `people` says how many they are. */
const shown = 50;

export interface PeopleSummary {
  people: number;
  /** How many; somebody may gain one thing and lose another. */
  gain: number;
  lose: number;
  change: number;
  /** Admission lost and won. */
  refused: number;
  admitted: number;
  /** Only classes for which something differs, the largest first. */
  classes: Record<string, unknown>[];
}

/** @param before absent: nothing was in force. */
export function summarize(people: readonly Known[], before: PolicyDocument | undefined, after: PolicyDocument): PeopleSummary {
  const summary: PeopleSummary = { people: people.length, gain: 0, lose: 0, change: 0, refused: 0, admitted: 0, classes: [] };
  for (const { subject, people: members } of classesOf(people, [before, after])) {
    const compared = compare(before, after, subject);
    const { gains, loses, changes } = compared;
    if (gains.length + loses.length + changes.length === 0) continue;
    if (gains.length > 0) summary.gain += members.length;
    if (loses.length > 0) summary.lose += members.length;
    if (changes.length > 0) summary.change += members.length;
    if (compared.before.admitted && !compared.after.admitted) summary.refused += members.length;
    if (!compared.before.admitted && compared.after.admitted) summary.admitted += members.length;
    summary.classes.push({ ...headOf(subject), people: members.length, who: members.slice(0, shown).map(({ id }) => id), ...compared });
  }
  return summary;
}

function headOf({ person, email, groups }: PeopleClass<Known>['subject']): Record<string, unknown> {
  return { groups, ...(email && { email_domain: email.slice(1) }), ...(person && { person }) };
}
