/** Finds who is admitted by one document and refused by the other, and who is entitled to something else in other systems. Tells nobody. */
import type { Person } from '@gatehouse/contracts/records/person';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { type Effective, resolve } from '@gatehouse/rules/resolve';
import { classesOf } from './people-class.ts';

export interface EntitlementChange {
  person: Person;
  admitted: boolean;
  /** Admitted by both: only what they are given elsewhere differs. */
  grants: boolean;
}

/** In the order of ids, so that a second try makes the same slices. */
export function entitlementChanges(people: readonly Person[], before: PolicyDocument, after: PolicyDocument): EntitlementChange[] {
  return classesOf(people, [before, after])
    .flatMap(({ subject, people }) => {
      const [was, is] = [resolve(before, subject), resolve(after, subject)];
      const grants = was.admitted && is.admitted && grantsOf(was) !== grantsOf(is);
      return was.admitted === is.admitted && !grants ? [] : people.map((person) => ({ person, admitted: is.admitted, grants }));
    })
    .sort((a, b) => (a.person.id < b.person.id ? -1 : 1));
}

/** All that a seat, a key or a workspace is made of; a key bears the models that the policy allows. */
function grantsOf({ seats, keys, workspaces, models }: Effective): string {
  return JSON.stringify([seats.claude, sorted(keys), sorted(workspaces), (keys.maximum ?? 0) > 0 && [models.allow, models.deny]]);
}

function sorted(members: object): [string, unknown][] {
  return Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
}
