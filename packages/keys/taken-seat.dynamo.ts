/**
 * What Gatehouse took from one person at Anthropic, which has no room for such marks: `SEAT#<per_>` / `MEMBER#<Anthropic's id>` with `role` and `state`
 * (taken, or back once they are invited again), and `SEAT#<per_>` / `API-KEY#<Anthropic's id>`. Written before it is taken; no TTL: it ends with the
 * purge. A former member's id is what the keys that they made are found by. A dump reveals who had a seat.
 */
import { put, query, remove } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ sk: z.string(), role: z.string().optional(), state: z.enum(['taken', 'back']).optional() });

export interface Taken {
  members: { id: string; role: string; state: 'taken' | 'back' }[];
  keys: string[];
}

export async function rememberMember(
  table: string,
  person: string,
  { id, role }: { id: string; role: string },
  state: 'taken' | 'back' = 'taken',
): Promise<void> {
  await put(table, { ...key(person, `MEMBER#${id}`), role, state });
}

export async function rememberKey(table: string, person: string, id: string): Promise<void> {
  await put(table, key(person, `API-KEY#${id}`));
}

export async function takenFrom(table: string, person: string): Promise<Taken> {
  const rows = (await query(table, key(person, '').pk)).map((row) => Row.parse(row));
  const after = (prefix: string) =>
    rows.filter(({ sk }) => sk.startsWith(prefix)).map((row) => ({ ...row, id: row.sk.slice(prefix.length) }));
  return {
    members: after('MEMBER#').map(({ id, role = 'user', state = 'taken' }) => ({ id, role, state })),
    keys: after('API-KEY#').map(({ id }) => id),
  };
}

/** Their keys work again and they are invited; under which ids they were members stays known. */
export async function givenBack(table: string, person: string, { members, keys }: Taken): Promise<void> {
  for (const member of members) await rememberMember(table, person, member, 'back');
  for (const id of keys) await remove(table, key(person, `API-KEY#${id}`));
}

export async function forgetTaken(table: string, person: string, { members, keys }: Taken): Promise<void> {
  for (const { id } of members) await remove(table, key(person, `MEMBER#${id}`));
  for (const id of keys) await remove(table, key(person, `API-KEY#${id}`));
}

function key(person: string, sk: string) {
  return { pk: `SEAT#${person}`, sk };
}
