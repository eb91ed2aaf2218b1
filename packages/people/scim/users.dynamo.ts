/**
 * SCIM users in DynamoDB. The race: two calls write one user at once, or give two users one name. `version` and the name's own row decide;
 * the loser is told that it was overtaken and reads again.
 */
import { get, query, transact, type Write } from '@gatehouse/runtime/table';
import { externalKey, NameRow, UserRow, userKey, userNameKey, usersKey } from './rows.ts';

export type Written = 'done' | 'name_taken' | 'overtaken';

export async function readUser(table: string, id: string): Promise<UserRow | undefined> {
  const row = await get(table, userKey(id));
  return row && UserRow.parse(row);
}

export async function userByName(table: string, userName: string): Promise<UserRow | undefined> {
  const row = await get(table, userNameKey(userName));
  return row && readUser(table, NameRow.parse(row).id);
}

/** Usually one; a provider may use one id twice. */
export async function usersByExternalId(table: string, externalId: string): Promise<UserRow[]> {
  const rows = await query(table, externalKey(externalId, '').pk, { limit: 20 });
  const found = await Promise.all(rows.map(({ sk }) => readUser(table, String(sk))));
  return found.filter((row) => row !== undefined);
}

const pageSize = 500;

/** Everybody in the order of their making, a page at a time. */
export async function* everyUser(table: string, after = ' '): AsyncGenerator<UserRow> {
  for (let from = after; ; ) {
    const rows = (await query(table, usersKey, { from, limit: pageSize })).map((row) => UserRow.parse(row));
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    from = last.sk;
  }
}

/** @param before the row as it was read; absent for a new user. */
export async function writeUser(table: string, next: UserRow, before?: UserRow): Promise<Written> {
  const writes: Write[] = [
    { Put: { TableName: table, Item: { ...userKey(next.sk), ...next }, ...heldBy(before?.version) } },
    ...nameWrites(table, next.sk, userNameKey(next.user_name), before && userNameKey(before.user_name)),
  ];
  if (next.external_id !== before?.external_id) {
    if (next.external_id !== undefined) writes.push({ Put: { TableName: table, Item: externalKey(next.external_id, next.sk) } });
    if (before?.external_id !== undefined) writes.push({ Delete: { TableName: table, Key: externalKey(before.external_id, next.sk) } });
  }
  return outcomeOf(await transact(writes));
}

export async function deleteUser(table: string, before: UserRow): Promise<Written> {
  const writes: Write[] = [
    { Delete: { TableName: table, Key: userKey(before.sk), ...heldBy(before.version) } },
    { Delete: { TableName: table, Key: userNameKey(before.user_name) } },
  ];
  if (before.external_id !== undefined) writes.push({ Delete: { TableName: table, Key: externalKey(before.external_id, before.sk) } });
  return outcomeOf(await transact(writes));
}

/** The condition under which a row is still the one that was read. */
export function heldBy(version: number | undefined) {
  return version === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };
}

/** A name belongs to one: taken with the resource, given up with it. */
export function nameWrites(table: string, id: string, next: { pk: string; sk: string }, before?: { pk: string; sk: string }): Write[] {
  if (before?.pk === next.pk) return [];
  const taken: Write = { Put: { TableName: table, Item: { ...next, id }, ConditionExpression: 'attribute_not_exists(pk)' } };
  return before ? [taken, { Delete: { TableName: table, Key: before } }] : [taken];
}

/** The first write is the resource's own, the second its name's. */
export function outcomeOf(result: Awaited<ReturnType<typeof transact>>): Written {
  if (result.held) return 'done';
  return result.reasons[0]?.code === 'ConditionalCheckFailed' ? 'overtaken' : 'name_taken';
}
