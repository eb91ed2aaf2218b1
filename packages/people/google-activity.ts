/**
 * Finds in one activity of Google Workspace's admin audit log whom it happened to. It names people by address, as they were called then; `actor` is who did
 * it. An activity holds several events (Admin SDK Reports API, Admin activity events: User Settings, Group Settings).
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

/** What is heard, and whether it says that somebody is leaving. */
const ofUsers: Readonly<Record<string, boolean>> = {
  CREATE_USER: false,
  DELETE_USER: true,
  UNDELETE_USER: false,
  SUSPEND_USER: true,
  UNSUSPEND_USER: false,
  ARCHIVE_USER: true,
  UNARCHIVE_USER: false,
  RENAME_USER: false,
  CHANGE_FIRST_NAME: false,
  CHANGE_LAST_NAME: false,
  ADD_GROUP_MEMBER: false,
  REMOVE_GROUP_MEMBER: false,
};
const ofGroups: readonly string[] = ['DELETE_GROUP', 'CHANGE_GROUP_EMAIL'];

const Parameter = z.looseObject({ name: z.string(), value: z.string().nullish() });
export const Activity = z.object({
  id: z.object({ time: z.iso.datetime(), uniqueQualifier: z.string().min(1) }),
  events: z.array(z.object({ name: z.string(), parameters: z.array(Parameter).nullish() })),
});
export type Activity = z.infer<typeof Activity>;

export interface Heard {
  /** Addresses, one of which is theirs now and one was. */
  emails: readonly string[];
  /** The address of a group that is no more. */
  group: string | undefined;
  leaving: boolean;
}

export type Unheard = { reason: 'not_ours' | 'nobody'; detail: string };

export function hear({ events }: Activity): Result<Heard, Unheard>[] {
  return events.map(({ name, parameters }) => {
    const value = (wanted: string) => parameters?.find((one) => one.name === wanted)?.value || undefined;
    if (ofGroups.includes(name)) {
      const group = value('GROUP_EMAIL')?.toLowerCase();
      return group ? ok({ emails: [], group, leaving: false }) : refuse({ reason: 'nobody', detail: `${name} names no group` });
    }
    const leaving = Object.hasOwn(ofUsers, name) ? ofUsers[name] : undefined;
    if (leaving === undefined) return refuse({ reason: 'not_ours', detail: name });
    const named = [value('USER_EMAIL'), name === 'RENAME_USER' ? value('NEW_VALUE') : undefined].filter((one) => one !== undefined);
    return named.length > 0
      ? ok({ emails: named, group: undefined, leaving })
      : refuse({ reason: 'nobody', detail: `${name} names nobody` });
  });
}
