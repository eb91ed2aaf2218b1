/** Sorts people into classes that no policy of the documents given can tell apart, so that thousands are resolved as few. Resolves nobody. */
import type { PolicyDocument } from '@gatehouse/rules/document';
import type { Subject } from '@gatehouse/rules/resolve';

export interface PeopleClass<P> {
  /** Stands for all of them: it has only those groups that a document names. */
  subject: Subject;
  people: P[];
}

/** What the documents look at. */
interface Named {
  groups: ReadonlySet<string>;
  domains: ReadonlySet<string>;
  persons: ReadonlySet<string>;
}

/** @param people their ids, addresses and groups; anything else that they carry is kept. Classes come with the largest first. */
export function classesOf<P extends { id: string; email: string; groups: readonly string[] }>(
  people: Iterable<P>,
  documents: readonly (PolicyDocument | undefined)[],
): PeopleClass<P>[] {
  const named = namedBy(documents);
  const classes = new Map<string, PeopleClass<P>>();
  for (const person of people) {
    const subject = reduced(person, named);
    const key = JSON.stringify([subject.person, subject.email, subject.groups]);
    const known = classes.get(key);
    if (known) known.people.push(person);
    else classes.set(key, { subject, people: [person] });
  }
  return [...classes.values()].sort((a, b) => b.people.length - a.people.length);
}

function namedBy(documents: readonly (PolicyDocument | undefined)[]): Named {
  const matches = documents.flatMap((document) => document?.policies.map(({ match }) => match) ?? []);
  return {
    groups: new Set(matches.flatMap(({ groups }) => groups ?? [])),
    domains: new Set(matches.flatMap(({ email_domains }) => email_domains ?? [])),
    persons: new Set(matches.flatMap(({ persons }) => persons ?? [])),
  };
}

function reduced(person: { id: string; email: string; groups: readonly string[] }, named: Named): Subject {
  const domain = person.email.slice(person.email.lastIndexOf('@') + 1).toLowerCase();
  return {
    person: named.persons.has(person.id) ? person.id : '',
    email: person.email.includes('@') && named.domains.has(domain) ? `@${domain}` : '',
    groups: person.groups.filter((group) => named.groups.has(group)).sort(),
  };
}
