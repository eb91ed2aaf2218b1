/** Finds who is admitted by one document and refused by the other. Tells nobody. */
import type { Person } from '@gatehouse/contracts/records/person';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { classesOf } from './people-class.ts';

export interface EntitlementChange {
  person: Person;
  admitted: boolean;
}

/** In the order of ids, so that a second try makes the same slices. */
export function entitlementChanges(people: readonly Person[], before: PolicyDocument, after: PolicyDocument): EntitlementChange[] {
  return classesOf(people, [before, after])
    .flatMap(({ subject, people }) => {
      const admitted = resolve(after, subject).admitted;
      return resolve(before, subject).admitted === admitted ? [] : people.map((person) => ({ person, admitted }));
    })
    .sort((a, b) => (a.person.id < b.person.id ? -1 : 1));
}
