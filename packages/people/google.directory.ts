/**
 * Reads people from Google Workspace's Directory API. A suspended user is suspended, an archived one deactivated, a deleted one is not found. Groups are
 * their addresses, which are unique, where names are whatever somebody wrote; those that a user is in through another group are not among them.
 */
import * as z from 'zod';
import { type Google, googleOf, scopes } from './google.http.ts';
import { type Directory, type Found, type Truth, type Unreadable, unreadable } from './truth.ts';
import { everyPage, isAbsent, noList, readWeb, type WebDirectory } from './web-directory.http.ts';

const User = z.object({
  id: z.string().min(1),
  primaryEmail: z.string().min(1),
  name: z.object({ fullName: z.string().nullish() }).nullish(),
  suspended: z.boolean(),
  archived: z.boolean().nullish(),
});
type User = z.infer<typeof User>;
const Users = z.object({ users: z.array(User).optional(), nextPageToken: z.string().optional() });
const Groups = z.object({
  groups: z.array(z.object({ id: z.string().min(1), email: z.string().min(1) })).optional(),
  nextPageToken: z.string().optional(),
});
const Members = z.object({
  members: z.array(z.object({ id: z.string().min(1), type: z.string() })).optional(),
  nextPageToken: z.string().optional(),
});

export function googleDirectory(google: Google): Directory {
  const web = googleOf(google, scopes.directory);
  const api = `${google.url.replace(/\/$/, '')}/admin/directory/v1`;
  return {
    issuer: google.issuer,
    kind: 'google',
    readPerson: async (subject): Promise<Truth> => {
      const user = await readUser(web, api, subject);
      if (isAbsent(user)) return user;
      if (user.id !== subject) return unreadable('malformed', `Google answered ${user.id} for ${subject}`);
      return withGroups(web, api, user);
    },
    // By id, by address, or by another address of theirs.
    findPeople: async (wanted) => {
      const user = await readUser(web, api, wanted);
      if (isAbsent(user)) return user.word === 'deleted' ? { word: 'listed', people: [] } : user;
      const found = await withGroups(web, api, user);
      return found.word === 'unreadable' ? found : { word: 'listed', people: [found] };
    },
    readPage: async (cursor) => {
      const query = new URLSearchParams({ customer: google.customer, maxResults: '500', projection: 'basic' });
      if (cursor !== undefined) query.set('pageToken', cursor);
      const page = await readWeb(web, `${api}/users?${query}`, Users);
      if (isAbsent(page)) return noList(web, page);
      return { word: 'page', people: (page.users ?? []).map(foundOf), next: page.nextPageToken };
    },
    readMembers: async (group) => {
      const url = `${api}/groups/${encodeURIComponent(group)}/members?includeDerivedMembership=true&maxResults=200`;
      const members = await everyPage(web, url, Members, ({ members = [] }) => members, following(url));
      if (isAbsent(members)) return members.word === 'deleted' ? { word: 'members', subjects: [] } : members;
      return { word: 'members', subjects: members.filter(({ type }) => type === 'USER').map(({ id }) => id) };
    },
  };
}

function readUser(web: WebDirectory, api: string, key: string) {
  return readWeb(web, `${api}/users/${encodeURIComponent(key)}?projection=basic`, User);
}

async function withGroups(web: WebDirectory, api: string, user: User): Promise<Found | Unreadable> {
  const url = `${api}/groups?${new URLSearchParams({ userKey: user.id, maxResults: '200' })}`;
  const groups = await everyPage(web, url, Groups, ({ groups = [] }) => groups, following(url));
  if (isAbsent(groups)) return groups.word === 'deleted' ? unreadable('short', `Google lost ${user.id} while it was read`) : groups;
  return { ...foundOf(user), groups: groups.map(({ email }) => email.toLowerCase()).sort(), groupIds: groups.map(({ id }) => id) };
}

function following(url: string) {
  return ({ nextPageToken }: { nextPageToken?: string | undefined }) =>
    nextPageToken === undefined ? undefined : `${url}&pageToken=${encodeURIComponent(nextPageToken)}`;
}

function foundOf({ id, primaryEmail, name, suspended, archived }: User): Found {
  return {
    word: archived ? 'deactivated' : suspended ? 'suspended' : 'active',
    profile: { subject: id, email: primaryEmail, name: name?.fullName || primaryEmail },
    groups: undefined,
    changedAt: undefined,
  };
}
