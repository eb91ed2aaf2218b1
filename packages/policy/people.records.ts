/** Finds people in the records of the people capability, by id or address, or all of them. Writes nothing; an address may be several people's. */
import { Alias, alias } from '@gatehouse/contracts/records/alias';
import { Person, peoplePk, peopleShards, person } from '@gatehouse/contracts/records/person';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { get, getMany, query } from '@gatehouse/runtime/table';

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

/** Everybody who is here now, by the index: a second behind at most. Throws Unavailable, Throttled. */
export async function activePeople(table: string): Promise<Person[]> {
  const shards = await Promise.all(Array.from({ length: peopleShards }, (_, shard) => query(table, peoplePk(shard), { index: 'gsi1' })));
  return shards
    .flat()
    .map((row) => Person.parse(row))
    .filter(({ status }) => status === 'active');
}
