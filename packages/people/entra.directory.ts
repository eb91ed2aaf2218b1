/**
 * Reads people from Microsoft Graph as an application of the tenant. A soft-deleted user is not found, as a deleted one is not. Groups are those that
 * somebody is in directly or through another, by name. A read that fails, ends early or makes no sense answers `unreadable`.
 */
import * as z from 'zod';
import { type Entra, graphOf } from './graph.http.ts';
import { NextLink } from './graph-page.ts';
import { type Directory, type Found, type Truth, type Unreadable, unreadable } from './truth.ts';
import { everyPage, isAbsent, noList, readWeb, type WebDirectory } from './web-directory.http.ts';

const select = '$select=id,accountEnabled,displayName,mail,userPrincipalName';

const User = z.object({
  id: z.string().min(1),
  accountEnabled: z.boolean(),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userPrincipalName: z.string().min(1),
});
type User = z.infer<typeof User>;
const Users = z.object({ value: z.array(User), ...NextLink });
const Groups = z.object({ value: z.array(z.object({ id: z.string(), displayName: z.string().nullish() })), ...NextLink });
const Ids = z.object({ value: z.array(z.object({ id: z.string().min(1) })), ...NextLink });

export function entraDirectory(entra: Entra): Directory {
  const graph = graphOf(entra);
  return {
    issuer: entra.issuer,
    kind: 'entra',
    readPerson: (subject) => readPerson(graph, entra, subject),
    findPeople: async (wanted) => {
      const quoted = `'${wanted.replaceAll("'", "''")}'`;
      const matches = [`mail eq ${quoted}`, `userPrincipalName eq ${quoted}`].join(' or ');
      const answer = await readWeb(graph, `${entra.url}/v1.0/users?${select}&$filter=${encodeURIComponent(matches)}`, Users);
      if (isAbsent(answer)) return noList(graph, answer);
      const people: Found[] = [];
      for (const user of answer.value) {
        const found = await withGroups(graph, entra, user);
        if (found.word === 'unreadable') return found;
        people.push(found);
      }
      return { word: 'listed', people };
    },
    readPage: async (cursor) => {
      const answer = await readWeb(graph, cursor ?? `${entra.url}/v1.0/users?${select}&$top=999`, Users);
      if (isAbsent(answer)) return noList(graph, answer);
      return { word: 'page', people: answer.value.map((user) => foundOf(entra, user)), next: answer['@odata.nextLink'] };
    },
    readMembers: async (group) => {
      const url = `${entra.url}/v1.0/groups/${encodeURIComponent(group)}/transitiveMembers/microsoft.graph.user?$select=id&$top=999`;
      const ids = await everyPage(
        graph,
        url,
        Ids,
        ({ value }) => value,
        (page) => page['@odata.nextLink'],
      );
      if (isAbsent(ids)) return ids.word === 'deleted' ? { word: 'members', subjects: [] } : ids;
      return { word: 'members', subjects: ids.map(({ id }) => `${entra.tenant}/${id}`) };
    },
  };
}

/** @param subject `<tenant>/<object id>`, as access joins them. */
async function readPerson(graph: WebDirectory, entra: Entra, subject: string): Promise<Truth> {
  const [tenant, object = ''] = subject.split('/');
  if (tenant !== entra.tenant || object === '') return { word: 'deleted' };
  const user = await readWeb(graph, `${entra.url}/v1.0/users/${encodeURIComponent(object)}?${select}`, User);
  if (isAbsent(user)) return user;
  if (user.id !== object) return unreadable('malformed', `Graph answered ${user.id} for ${object}`);
  return withGroups(graph, entra, user);
}

async function withGroups(graph: WebDirectory, entra: Entra, user: User): Promise<Found | Unreadable> {
  const url = `${entra.url}/v1.0/users/${encodeURIComponent(user.id)}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$top=999`;
  const groups = await everyPage(
    graph,
    url,
    Groups,
    ({ value }) => value,
    (page) => page['@odata.nextLink'],
  );
  if (isAbsent(groups)) return groups.word === 'deleted' ? unreadable('short', `Graph lost ${user.id} while it was read`) : groups;
  const names = groups.map(({ displayName }) => displayName).filter((name): name is string => Boolean(name));
  return { ...foundOf(entra, user), groups: [...new Set(names)].sort(), groupIds: groups.map(({ id }) => id) };
}

function foundOf({ tenant }: Entra, { id, accountEnabled, displayName, mail, userPrincipalName }: User): Found {
  return {
    word: accountEnabled ? 'active' : 'deactivated',
    profile: { subject: `${tenant}/${id}`, email: mail || userPrincipalName, name: displayName || userPrincipalName },
    groups: undefined,
    changedAt: undefined,
  };
}
