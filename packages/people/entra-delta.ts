/** Reads one page of Microsoft Graph's delta queries over users and groups: who changed, who is gone, where it goes on. Pings, like any event. */
import * as z from 'zod';
import { NextLink } from './graph-page.ts';

const removed = z.object({ reason: z.string().nullish() }).optional();
export const DeltaPage = z.object({
  value: z.array(
    z.looseObject({
      id: z.string().min(1),
      '@removed': removed,
      displayName: z.string().nullish(),
      'members@delta': z.array(z.looseObject({ id: z.string().min(1), '@odata.type': z.string().nullish() })).optional(),
    }),
  ),
  ...NextLink,
  '@odata.deltaLink': z.url().optional(),
});
export type DeltaPage = z.infer<typeof DeltaPage>;

export interface Changes {
  users: readonly { id: string; leaving: boolean }[];
  /** Groups whose every person is to be read: deleted, renamed, or with another group in them that came or went. */
  groups: readonly string[];
}

/** What is asked for; minimal answers hold a name only where it changed. */
export const deltaQueries = {
  users: '/v1.0/users/delta?$select=accountEnabled,displayName,mail,userPrincipalName&$deltatoken=latest',
  groups: '/v1.0/groups/delta?$select=displayName,members&$deltatoken=latest',
} as const;

export function usersIn({ value }: DeltaPage): Changes {
  return { users: value.map((one) => ({ id: one.id, leaving: one['@removed'] !== undefined })), groups: [] };
}

export function groupsIn({ value }: DeltaPage): Changes {
  const users = new Set<string>();
  const groups = new Set<string>();
  for (const { id, displayName, '@removed': gone, 'members@delta': members = [] } of value) {
    for (const member of members)
      if (isUser(member['@odata.type'])) users.add(member.id);
      else groups.add(id);
    if (gone !== undefined || displayName !== undefined) groups.add(id);
  }
  return { users: [...users].map((id) => ({ id, leaving: false })), groups: [...groups] };
}

/** Graph may leave the type out; reading somebody who is no user finds nobody. */
function isUser(type: string | null | undefined): boolean {
  return !type || type.toLowerCase() === '#microsoft.graph.user';
}

const Lost = z.object({ error: z.object({ code: z.string().regex(/^(syncStateNotFound|syncStateInvalid|resyncRequired)$/i) }) });

/** The state behind the link is gone: what happened since is lost, and everybody is to be read. */
export function isLost(status: number, json: unknown): boolean {
  return status === 410 || (status === 400 && Lost.safeParse(json).success);
}
