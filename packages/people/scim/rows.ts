/**
 * SCIM's rows in people's table: what identity providers pushed, as they pushed it. Nobody else reads them.
 * - `SCIM-USERS` / `<id>`: a user. `SCIM-USER-NAME#<userName, lower case>` / `NAME`: whose name it is.
 *   `SCIM-EXTERNAL#<externalId>` / `<id>`: by the provider's id.
 * - `SCIM-GROUPS` / `<id>`: a group; its members are in `SCIM-MEMBERS#<set>` / `0000`..., a set that is written once and never changed.
 *   `SCIM-GROUP-NAME#<displayName, lower case>` / `NAME`: whose name it is.
 * - `SCIM-MEMBER-OF#<id>` / `<group>`: the way back from a member, written from the feed.
 * No TTL but for sets that a newer one replaced. A dump reveals who works here, their attributes and groups.
 */
import * as z from 'zod';

export const usersKey = 'SCIM-USERS';
export const groupsKey = 'SCIM-GROUPS';

export const userKey = (id: string) => ({ pk: usersKey, sk: id });
export const userNameKey = (userName: string) => ({ pk: `SCIM-USER-NAME#${userName.toLowerCase()}`, sk: 'NAME' });
export const externalKey = (externalId: string, id: string) => ({ pk: `SCIM-EXTERNAL#${externalId}`, sk: id });
export const groupKey = (id: string) => ({ pk: groupsKey, sk: id });
export const groupNameKey = (displayName: string) => ({ pk: `SCIM-GROUP-NAME#${displayName.toLowerCase()}`, sk: 'NAME' });
export const memberSetKey = (set: string, part: number) => ({ pk: `SCIM-MEMBERS#${set}`, sk: String(part).padStart(4, '0') });
export const memberOfKey = (member: string, group: string) => ({ pk: `SCIM-MEMBER-OF#${member}`, sk: group });

const common = {
  external_id: z.string().optional(),
  /** Rises with each write. */
  version: z.int().positive(),
  created: z.string(),
  modified: z.string(),
};

export const UserRow = z.object({
  sk: z.string(),
  user_name: z.string(),
  /** The resource's attributes as JSON, without id and meta. */
  resource: z.string(),
  ...common,
});
export type UserRow = z.infer<typeof UserRow>;

export const GroupRow = z.object({
  sk: z.string(),
  display_name: z.string(),
  resource: z.string(),
  /** Which set of members holds; none is nobody. */
  member_set: z.string().optional(),
  member_parts: z.int().nonnegative(),
  member_count: z.int().nonnegative(),
  ...common,
});
export type GroupRow = z.infer<typeof GroupRow>;

export const NameRow = z.object({ id: z.string() });
/** One text of JSON: a list of thousands costs the store and us a value each, and every change of a group reads and writes them all. */
export const MemberPart = z.object({ ids: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))) });
