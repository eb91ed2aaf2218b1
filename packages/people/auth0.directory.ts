/**
 * Reads people from Auth0's Management API as a machine-to-machine application. Somebody blocked is deactivated, somebody deleted is not found. Groups
 * are Auth0's groups, or its roles where the profile says so. A list is a search, which lags: whoever it lacks is read alone before anything is concluded.
 */
import { Misconfigured } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { type Directory, type Found, type Page, type Truth, type Unreadable, unreadable } from './truth.ts';
import { everyPage, isAbsent, keptToken, noList, parse, readWeb, type WebDirectory } from './web-directory.http.ts';

export interface Auth0 {
  issuer: string;
  /** The tenant's own origin, whatever domain its tokens name. */
  url: string;
  client_id: string;
  groups_from: 'groups' | 'roles';
  /** ARN of the application's client secret. */
  secretArn: string;
}

const User = z.object({
  user_id: z.string().min(1),
  email: z.string().nullish(),
  name: z.string().nullish(),
  username: z.string().nullish(),
  blocked: z.boolean().nullish(),
  created_at: z.string().min(1),
  updated_at: z.string().nullish(),
});
type User = z.infer<typeof User>;
const Users = z.object({ users: z.array(User) });
const Named = z.object({ id: z.string().min(1), name: z.string().min(1) });
const Groups = z.object({ groups: z.array(Named), next: z.string().nullish() });
const Roles = z.object({ roles: z.array(Named), start: z.int(), total: z.int() });
const Members = z.object({
  members: z.array(z.object({ id: z.string().min(1), member_type: z.string().nullish() })),
  next: z.string().nullish(),
});
/** Of its many 404s, the ones that speak of the object itself. */
const NotFound = z.object({ errorCode: z.string().startsWith('inexistent_') });
const Token = z.object({ access_token: z.string().min(1), expires_in: z.number() });

const fields = 'fields=user_id,email,name,username,blocked,created_at,updated_at&include_fields=true';
const take = 100;
/** A search shows its first thousand only. */
const maxOfSearch = 1_000 / take;

export function auth0Directory(auth0: Auth0): Directory {
  const web: WebDirectory = {
    name: 'Auth0',
    url: auth0.url,
    bearer: (again = false) => bearer(auth0, again),
    saysNotFound: (status, json) => status === 404 && NotFound.safeParse(json).success,
    grant: 'the application read:users, read:groups, read:group_members and, for roles, read:roles',
  };
  const api = `${auth0.url.replace(/\/$/, '')}/api/v2`;
  return {
    issuer: auth0.issuer,
    kind: 'auth0',
    readPerson: async (subject): Promise<Truth> => {
      const user = await readWeb(web, `${api}/users/${encodeURIComponent(subject)}?${fields}`, User);
      if (isAbsent(user)) return user;
      if (user.user_id !== subject) return unreadable('malformed', `Auth0 answered ${user.user_id} for ${subject}`);
      return withGroups(web, api, auth0, user);
    },
    findPeople: async (wanted) => {
      const quoted = `"${wanted.replaceAll(/["\\]/g, '\\$&')}"`;
      const found = await search(web, api, `email:${quoted} OR user_id:${quoted}`, 0);
      if (isAbsent(found)) return noList(web, found);
      const people: Found[] = [];
      for (const user of found.users) {
        const one = await withGroups(web, api, auth0, user);
        if (one.word === 'unreadable') return one;
        people.push(one);
      }
      return { word: 'listed', people };
    },
    readPage: (cursor) => readPage(web, api, cursor),
    readMembers: async (group) => {
      const url = `${api}/groups/${encodeURIComponent(group)}/members?take=${take}`;
      const members = await everyPage(
        web,
        url,
        Members,
        (page) => page.members,
        ({ next }) => (next ? `${url}&from=${encodeURIComponent(next)}` : undefined),
      );
      if (isAbsent(members)) return members.word === 'deleted' ? { word: 'members', subjects: [] } : members;
      return { word: 'members', subjects: members.filter(({ member_type: type }) => type !== 'connection').map(({ id }) => id) };
    },
  };
}

function search(web: WebDirectory, api: string, q: string, page: number) {
  const query = new URLSearchParams({
    q,
    search_engine: 'v3',
    sort: 'created_at:1',
    per_page: String(take),
    page: String(page),
    include_totals: 'true',
  });
  return readWeb(web, `${api}/users?${query}&${fields}`, Users);
}

/** @param cursor the creation time at which its thousand begin, and the page among those. */
async function readPage(web: WebDirectory, api: string, cursor = '1970-01-01T00:00:00.000Z#0'): Promise<Page> {
  const [from = '', page = '0'] = cursor.split('#');
  const found = await search(web, api, `created_at:[${JSON.stringify(from)} TO *]`, Number(page));
  if (isAbsent(found)) return noList(web, found);
  const people = found.users.map(foundOf);
  const last = found.users.at(-1);
  if (!last || found.users.length < take) return { word: 'page', people, next: undefined };
  if (Number(page) + 1 < maxOfSearch) return { word: 'page', people, next: `${from}#${Number(page) + 1}` };
  if (last.created_at === from) return unreadable('short', `Auth0 lists no more than ${take * maxOfSearch} users of one instant`);
  return { word: 'page', people, next: `${last.created_at}#0` };
}

async function withGroups(web: WebDirectory, api: string, { groups_from }: Auth0, user: User): Promise<Found | Unreadable> {
  const of = `${api}/users/${encodeURIComponent(user.user_id)}`;
  const groups =
    groups_from === 'roles'
      ? await everyPage(
          web,
          `${of}/roles?per_page=${take}&include_totals=true&page=0`,
          Roles,
          ({ roles }) => roles,
          ({ roles, start, total }, url) =>
            roles.length > 0 && start + roles.length < total ? url.replace(/page=(\d+)$/, (_, at) => `page=${Number(at) + 1}`) : undefined,
        )
      : await everyPage(
          web,
          `${of}/groups?take=${take}`,
          Groups,
          (page) => page.groups,
          ({ next }) => (next ? `${of}/groups?take=${take}&from=${encodeURIComponent(next)}` : undefined),
        );
  if (isAbsent(groups)) return groups.word === 'deleted' ? unreadable('short', `Auth0 lost ${user.user_id} while it was read`) : groups;
  return { ...foundOf(user), groups: [...new Set(groups.map(({ name }) => name))].sort(), groupIds: groups.map(({ id }) => id) };
}

function foundOf({ user_id: subject, email, name, username, blocked, updated_at: updated }: User): Found {
  const address = email || username || subject;
  const changed = Date.parse(updated ?? '');
  return {
    word: blocked ? 'deactivated' : 'active',
    profile: { subject, email: address, name: name || address },
    groups: undefined,
    changedAt: Number.isNaN(changed) ? undefined : new Date(changed).toISOString(),
  };
}

function bearer({ url, client_id, secretArn }: Auth0, again: boolean): Promise<string> {
  return keptToken(`${url} ${client_id}`, again, async () => {
    const answer = await ask(new URL(`${url.replace(/\/$/, '')}/oauth/token`).href, {
      method: 'POST',
      json: {
        grant_type: 'client_credentials',
        client_id,
        client_secret: await (again ? secretAgain(secretArn) : secret(secretArn)),
        audience: new URL('/api/v2/', url).href,
      },
      timeoutMs: 3_000,
      attempts: 2,
    });
    const token = Token.safeParse(answer.status === 200 ? parse(answer) : undefined);
    if (token.success) return token.data;
    throw new Misconfigured(`Auth0 gave the application no token (${answer.status}): put its client secret into the secret auth0-client`);
  });
}
