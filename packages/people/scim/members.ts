/** What a group's operations do to its members, who are ids in a set: a group of thousands is never a resource in memory. */

import { demandOf, matchesElement } from './filter.ts';
import type { Operation } from './patch.ts';
import { isJson } from './shape.ts';

export function isAboutMembers({ place }: Operation): boolean {
  return place.attribute.name === 'members';
}

/** Adding who is there and removing who is not changes nothing. */
export function applyToMembers(before: ReadonlySet<string>, operations: readonly Operation[]): Set<string> {
  let members = new Set(before);
  for (const operation of operations) {
    const named = idsOf(operation.value);
    if (operation.op === 'remove') members = removed(members, operation, named);
    else if (operation.filter) for (const id of named.concat(demandOf(operation.filter, 'value') ?? [])) members.add(id);
    else {
      if (operation.op === 'replace') members.clear();
      for (const id of named) members.add(id);
    }
  }
  return members;
}

/** Entra ID names whom to remove beside the path; without names and filter everybody goes (RFC 7644 section 3.5.2.2). */
function removed(members: ReadonlySet<string>, { filter, value, place }: Operation, named: readonly string[]): Set<string> {
  if (filter) return new Set([...members].filter((id) => !matchesElement(filter, { value: id }, place)));
  if (value === undefined || value === null) return new Set();
  const gone = new Set(named);
  return new Set([...members].filter((id) => !gone.has(id)));
}

/** Of `{value}`, `[{value}, ...]`, or bare ids. */
export function idsOf(value: unknown): string[] {
  const all = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const ids = all.map((one) => (isJson(one) ? (one.value ?? one.Value) : one));
  return ids.filter((id): id is string => typeof id === 'string' && id !== '' && id.length <= 128);
}
