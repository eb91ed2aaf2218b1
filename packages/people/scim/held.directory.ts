/** What was pushed to our SCIM server, read as a directory: its state is the truth about an issuer whose profile says so. */
import { Throttled, Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { type Directory, type Found, type Truth, unreadable } from '../truth.ts';
import { accountOf, type SubjectRule, subjectOf } from './account.ts';
import { groupsWith, membersOf, readGroup } from './groups.dynamo.ts';
import type { UserRow } from './rows.ts';
import type { Json } from './shape.ts';
import { everyUser, readUser, userByName, usersByExternalId } from './users.dynamo.ts';

export interface Held {
  issuer: string;
  table: string;
  rule: SubjectRule;
}

export function heldDirectory(held: Held): Directory {
  return {
    issuer: held.issuer,
    kind: 'scim',
    readPerson: (subject) => guarded(() => readPerson(held, subject)),
    findPeople: (wanted) =>
      guarded(async () => {
        const rows = [await readUser(held.table, wanted), await userByName(held.table, wanted)].filter((row) => row !== undefined);
        const people = await Promise.all([...new Map(rows.map((row) => [row.sk, row])).values()].map((row) => foundOf(held, row)));
        return { word: 'listed' as const, people: people.filter((one) => one !== undefined) };
      }),
    readPage: (cursor) => guarded(() => readPage(held, cursor)),
    readMembers: (group) => guarded(async () => ({ word: 'members' as const, subjects: await subjectsIn(held, group) })),
  };
}

/** Two users under one id are one person, who is active as long as one of them is. */
async function readPerson(held: Held, subject: string): Promise<Truth> {
  if (!subject.startsWith(held.rule.prefix)) return { word: 'deleted' };
  const value = subject.slice(held.rule.prefix.length);
  const rows = await usersBy(held, value);
  const found = await Promise.all(rows.map((row) => foundOf(held, row)));
  const known = found.filter((one) => one !== undefined);
  return known.find(({ word }) => word === 'active') ?? known[0] ?? { word: 'deleted' };
}

async function usersBy({ table, rule }: Held, value: string): Promise<UserRow[]> {
  if (rule.subject === 'external_id') return usersByExternalId(table, value);
  const row = rule.subject === 'id' ? await readUser(table, value) : await userByName(table, value);
  return row ? [row] : [];
}

async function foundOf(held: Held, row: UserRow): Promise<Found | undefined> {
  const subject = subjectOf({ ...row, id: row.sk }, held.rule);
  if (subject === undefined) return undefined;
  const { active, email, name } = accountOf(JSON.parse(row.resource) as Json);
  return {
    word: active ? 'active' : 'deactivated',
    profile: { subject, email, name },
    groups: await groupNames(held.table, row.sk),
    changedAt: undefined,
  };
}

const maxGroups = 1_000;

/** Groups are in groups: who is in one is in all that hold it (each once, so that a circle ends). */
async function groupNames(table: string, member: string): Promise<string[]> {
  const seen = new Set<string>();
  const names = new Set<string>();
  let wave = await groupsWith(table, member);
  while (wave.length > 0) {
    const next: string[] = [];
    for (const id of wave) {
      if (seen.has(id)) continue;
      if (seen.size === maxGroups) throw new Unavailable(`${member} is in more than ${maxGroups} groups`);
      seen.add(id);
      const group = await readGroup(table, id);
      if (!group) continue;
      names.add(group.display_name);
      next.push(...(await groupsWith(table, id)));
    }
    wave = next;
  }
  return [...names].sort();
}

const pageSize = 500;

async function readPage(held: Held, cursor: string | undefined) {
  const people: Found[] = [];
  let last: string | undefined;
  let read = 0;
  for await (const row of everyUser(held.table, cursor)) {
    read++;
    last = row.sk;
    const subject = subjectOf({ ...row, id: row.sk }, held.rule);
    const { active, email, name } = accountOf(JSON.parse(row.resource) as Json);
    if (subject !== undefined)
      people.push({ word: active ? 'active' : 'deactivated', profile: { subject, email, name }, groups: undefined, changedAt: undefined });
    if (read === pageSize) break;
  }
  return { word: 'page' as const, people, next: read === pageSize ? last : undefined };
}

/** Everybody in the group, or in a group within it. */
export async function usersIn(table: string, group: string): Promise<Set<string>> {
  const users = new Set<string>();
  const seen = new Set<string>();
  const waiting = [group];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const row = await readGroup(table, id);
    for (const member of row ? await membersOf(table, row) : []) {
      if (member.startsWith('g')) waiting.push(member);
      else users.add(member);
    }
  }
  return users;
}

async function subjectsIn(held: Held, group: string): Promise<string[]> {
  const subjects: string[] = [];
  for (const id of await usersIn(held.table, group)) {
    const row = await readUser(held.table, id);
    const subject = row && subjectOf({ ...row, id }, held.rule);
    if (subject !== undefined) subjects.push(subject);
  }
  return subjects;
}

async function guarded<T>(read: () => Promise<T>): Promise<T | ReturnType<typeof unreadable>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Throttled) && !(error instanceof Unavailable)) throw error;
    log.warn('SCIM-held state not read', { error });
    return unreadable(error.name === 'Throttled' ? 'throttled' : 'unreachable', error.message);
  }
}
