/** Finds people by id or address in the records of the people capability. Writes nothing. */
import { Alias, alias } from '@gatehouse/contracts/records/alias';
import { Person, person } from '@gatehouse/contracts/records/person';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { get, getMany, query } from './table.ts';

export type LookupRefusal = { reason: 'unknown'; lookup: string } | { reason: 'ambiguous'; lookup: string; people: string[] };

/** @param lookup `per_...` or an e-mail address. Of several people with one address the only active one is meant. */
export async function findPerson(table: string, lookup: string): Promise<Result<Person, LookupRefusal>> {
  if (lookup.startsWith('per_')) {
    const row = await get(table, person.key(lookup));
    return row ? ok(Person.parse(row)) : refuse({ reason: 'unknown', lookup });
  }
  const aliases = (await query(table, alias.key(lookup, '').pk)).map((row) => Alias.parse(row));
  if (aliases.length === 0) return refuse({ reason: 'unknown', lookup });
  const rows = await getMany(aliases.map((one) => ({ table, key: person.key(one.person) })));
  const people = rows.filter((row) => row !== undefined).map((row) => Person.parse(row));
  const active = people.filter(({ status }) => status === 'active');
  const [only, ...others] = active.length > 0 ? active : people;
  if (!only) return refuse({ reason: 'unknown', lookup });
  return others.length > 0 ? refuse({ reason: 'ambiguous', lookup, people: [only, ...others].map(({ id }) => id) }) : ok(only);
}
