/** Everybody in the records of the people capability who is here. Writes nothing. */
import { Person, peoplePk, peopleShards } from '@gatehouse/contracts/records/person';
import { query } from '@gatehouse/runtime/table';

/** Everybody who is here now, by the index: a second behind at most. Throws Unavailable, Throttled. */
export async function activePeople(table: string): Promise<Person[]> {
  const shards = await Promise.all(Array.from({ length: peopleShards }, (_, shard) => query(table, peoplePk(shard), { index: 'gsi1' })));
  return shards
    .flat()
    .map((row) => Person.parse(row))
    .filter(({ status }) => status === 'active');
}
