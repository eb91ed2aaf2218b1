/**
 * Hears from the table's feed what SCIM changed, and settles the people whom the change is about: from the difference between what was stored
 * and what is, never from the call. Keeps the way back from members to groups, and takes deleted users out of theirs.
 */

import { Unavailable } from '@gatehouse/runtime/fault';
import { type Change, onRecords } from '@gatehouse/runtime/stream';
import * as z from 'zod';
import { reach } from './configured.directory.ts';
import { follow, type Hint } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { inParallel } from './parallel.ts';
import { accountOf, subjectOf } from './scim/account.ts';
import { groupsWith, letSetGo, membersOf, readGroup, writeGroup, writeMemberOf } from './scim/groups.dynamo.ts';
import { usersIn } from './scim/held.directory.ts';
import { GroupRow, groupsKey, UserRow, usersKey } from './scim/rows.ts';
import { readUser } from './scim/users.dynamo.ts';
import { heardFrom } from './source.dynamo.ts';

export const env = z.object(reach);
type Told = { env: z.infer<typeof env>; now: number };

export const handler = onRecords(env, async (change, told) => {
  if (!told.env.CONFIG.scim) return;
  if (change.keys.pk === usersKey || change.keys.pk === groupsKey) await heardFrom(told.env.TABLE_PEOPLE, 'scim', told.now);
  if (change.keys.pk === usersKey) await hearUser(change, told);
  if (change.keys.pk === groupsKey) await hearGroup(change, told);
});

async function hearUser({ before, after, keys }: Change, told: Told): Promise<void> {
  const { TABLE_PEOPLE: table } = told.env;
  const [old, next] = [before && UserRow.parse(before), after && UserRow.parse(after)];
  const was = old && subjectOfUser(old, told);
  const is = next && subjectOfUser(next, told);
  const cause = `${keys.sk}/${next?.version ?? (old?.version ?? 0) + 1}`;
  if (was !== undefined && was !== is) await pursue(told, { subject: was, leaving: true, cause });
  if (next && is !== undefined) await pursue(told, { subject: is, leaving: !accountOf(JSON.parse(next.resource)).active, cause });
  if (!next) for (const group of await groupsWith(table, keys.sk)) await takeOut(table, keys.sk, group);
}

function subjectOfUser(row: UserRow, { env: { CONFIG } }: Told): string | undefined {
  return CONFIG.scim && subjectOf({ ...row, id: row.sk }, CONFIG.scim);
}

const maxRaces = 8;

async function takeOut(table: string, member: string, group: string): Promise<void> {
  for (let race = 1; race <= maxRaces; race++) {
    const row = await readGroup(table, group);
    const members = row && (await membersOf(table, row));
    if (!row || !members?.delete(member)) return writeMemberOf(table, member, group, false);
    const { member_set: _, member_parts: __, member_count: ___, ...head } = row;
    if ((await writeGroup(table, { ...head, version: row.version + 1 }, row, members)) === 'done') return;
  }
  throw new Unavailable(`The group ${group} was written by others ${maxRaces} times in a row`);
}

async function hearGroup({ before, after, keys }: Change, told: Told): Promise<void> {
  const { TABLE_PEOPLE: table } = told.env;
  const [old, next] = [before && GroupRow.parse(before), after && GroupRow.parse(after)];
  const replaced = old?.member_set !== next?.member_set;
  const renamed = old !== undefined && next !== undefined && old.display_name !== next.display_name;
  if (!replaced && !renamed && next) return;
  const was = old ? await membersOf(table, old) : new Set<string>();
  const is = next ? await membersOf(table, next) : new Set<string>();
  const joined = [...is].filter((id) => !was.has(id));
  const gone = [...was].filter((id) => !is.has(id));
  await inParallel(joined, (id) => writeMemberOf(table, id, keys.sk, true));
  await inParallel(gone, (id) => writeMemberOf(table, id, keys.sk, false));
  const touched = renamed ? new Set([...was, ...is]) : [...joined, ...gone];
  const users = new Set<string>();
  for (const id of touched) for (const user of id.startsWith('g') ? await usersIn(table, id) : [id]) users.add(user);
  const cause = `${keys.sk}/${next?.version ?? (old?.version ?? 0) + 1}`;
  await inParallel([...users], async (id) => {
    const row = await readUser(table, id);
    const subject = row && subjectOfUser(row, told);
    if (subject !== undefined) await pursue(told, { subject, leaving: false, cause });
  });
  if (old && replaced) await letSetGo(table, old);
}

/** When the truth is elsewhere and cannot be read now, it is asked again by way of the bus; the feed goes on meanwhile. */
async function pursue({ env, now }: Told, hint: Omit<Hint, 'issuer' | 'source'>): Promise<void> {
  if (!env.CONFIG.scim) return;
  const whole = { ...hint, issuer: env.CONFIG.scim.issuer, source: 'scim' };
  try {
    await follow(env, whole, now);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    await acceptHints(env.TABLE_PEOPLE, [whole]);
  }
}
