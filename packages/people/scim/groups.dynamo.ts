/**
 * SCIM groups in DynamoDB. Members are a set of their own that is written whole before the group's row points at it, so that a change of any
 * size is seen at once or not at all. The race: two calls change one group; `version` decides, and the loser's set is taken back.
 */
import { fresh, now } from '@gatehouse/runtime/clock';
import { get, put, query, transact, type Write } from '@gatehouse/runtime/table';
import { GroupRow, groupKey, groupNameKey, groupsKey, MemberPart, memberOfKey, memberSetKey, NameRow } from './rows.ts';
import { heldBy, nameWrites, outcomeOf, type Written } from './users.dynamo.ts';

export const maxMembers = 20_000;
/** Of ids as JSON text: below an item's 400 KB, whatever ids a provider invents. */
const partBytes = 300_000;
/** The feed compares a replaced set with its successor; it keeps its records for a day. */
const replacedSeconds = 3 * 86_400;

export async function readGroup(table: string, id: string): Promise<GroupRow | undefined> {
  const row = await get(table, groupKey(id));
  return row && GroupRow.parse(row);
}

export async function groupByName(table: string, displayName: string): Promise<GroupRow | undefined> {
  const row = await get(table, groupNameKey(displayName));
  return row && readGroup(table, NameRow.parse(row).id);
}

const pageSize = 500;

export async function* everyGroup(table: string): AsyncGenerator<GroupRow> {
  for (let from = ' '; ; ) {
    const rows = (await query(table, groupsKey, { from, limit: pageSize })).map((row) => GroupRow.parse(row));
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    from = last.sk;
  }
}

export async function membersOf(table: string, { member_set: set }: Pick<GroupRow, 'member_set'>): Promise<Set<string>> {
  if (set === undefined) return new Set();
  const parts = await query(table, memberSetKey(set, 0).pk);
  return new Set(parts.flatMap((part) => MemberPart.parse(part).ids));
}

/** Groups that the user or group is directly in, as the feed has written them. */
export async function groupsWith(table: string, member: string): Promise<string[]> {
  return (await query(table, memberOfKey(member, '').pk)).map(({ sk }) => String(sk));
}

type Next = Omit<GroupRow, 'member_set' | 'member_parts' | 'member_count'>;

/** @param members absent: as they were. */
export async function writeGroup(table: string, next: Next, before?: GroupRow, members?: ReadonlySet<string>): Promise<Written> {
  const held = members ? await writeSet(table, members) : setOf(before);
  const row: GroupRow = { ...next, ...held };
  const written = outcomeOf(
    await transact([
      { Put: { TableName: table, Item: { ...groupKey(row.sk), ...row }, ...heldBy(before?.version) } },
      ...nameWrites(table, row.sk, groupNameKey(row.display_name), before && groupNameKey(before.display_name)),
    ]),
  );
  if (members && written !== 'done') await letSetGo(table, held);
  return written;
}

export async function deleteGroup(table: string, before: GroupRow): Promise<Written> {
  return outcomeOf(
    await transact([
      { Delete: { TableName: table, Key: groupKey(before.sk), ...heldBy(before.version) } },
      { Delete: { TableName: table, Key: groupNameKey(before.display_name) } },
    ]),
  );
}

type MemberSet = Pick<GroupRow, 'member_set' | 'member_parts' | 'member_count'>;

function setOf(before: GroupRow | undefined): MemberSet {
  const { member_parts = 0, member_count = 0, member_set } = before ?? {};
  return { member_parts, member_count, ...(member_set !== undefined && { member_set }) };
}

async function writeSet(table: string, members: ReadonlySet<string>): Promise<MemberSet> {
  if (members.size === 0) return { member_parts: 0, member_count: 0 };
  const set = Buffer.from(fresh(16)).toString('hex');
  const parts = partsOf([...members].sort());
  for (const [part, ids] of parts.entries()) await put(table, { ...memberSetKey(set, part), ids: JSON.stringify(ids) });
  return { member_set: set, member_parts: parts.length, member_count: members.size };
}

function partsOf(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const id of ids) {
    const bytes = Buffer.byteLength(JSON.stringify(id)) + 1;
    if (bytes > room) {
      parts.push([]);
      room = partBytes;
    }
    parts.at(-1)?.push(id);
    room -= bytes;
  }
  return parts;
}

/** A set that no group points at any more: TTL takes it. */
export async function letSetGo(table: string, { member_set: set, member_parts: parts }: MemberSet): Promise<void> {
  if (set === undefined) return;
  const ends = {
    UpdateExpression: 'SET expires_at = :at',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':at': Math.floor(now() / 1000) + replacedSeconds },
  };
  const writes = Array.from(
    { length: parts },
    (_, part): Write => ({ Update: { TableName: table, Key: memberSetKey(set, part), ...ends } }),
  );
  if (writes.length > 0) await transact(writes);
}

export async function writeMemberOf(table: string, member: string, group: string, isMember: boolean): Promise<void> {
  const key = memberOfKey(member, group);
  if (isMember) await put(table, key);
  else await transact([{ Delete: { TableName: table, Key: key } }]);
}
