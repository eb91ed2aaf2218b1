/** Reads Okta's user and group JSON into the directory's word. An answer that is not quite one is `malformed`, never a leaver. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import type { Found } from './truth.ts';

const User = z.object({
  id: z.string().min(1),
  status: z.string(),
  lastUpdated: z.string().nullish(),
  profile: z.object({
    login: z.string().min(1),
    email: z.string().nullish(),
    firstName: z.string().nullish(),
    lastName: z.string().nullish(),
    displayName: z.string().nullish(),
  }),
});

/** Okta's user states (Users API, "User status"). Whoever may still sign in, once they have a new password, is active. */
const words: Readonly<Record<string, Found['word']>> = {
  ACTIVE: 'active',
  PROVISIONED: 'active',
  RECOVERY: 'active',
  LOCKED_OUT: 'active',
  PASSWORD_EXPIRED: 'active',
  SUSPENDED: 'suspended',
  DEPROVISIONED: 'deactivated',
  STAGED: 'staged',
};

export type Account = Omit<Found, 'groups'>;

export function readUser(json: unknown): Result<Account, string> {
  const user = User.safeParse(json);
  if (!user.success) return refuse(`a user without ${user.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  const { id, status, lastUpdated, profile } = user.data;
  const word = Object.hasOwn(words, status) ? words[status] : undefined;
  if (!word) return refuse(`an unknown user status ${JSON.stringify(status)}`);
  const names = [profile.firstName, profile.lastName].filter(Boolean).join(' ');
  return ok({
    word,
    profile: { subject: id, email: profile.email || profile.login, name: profile.displayName || names || profile.login },
    changedAt: instant(lastUpdated),
  });
}

const Group = z.object({ id: z.string().min(1), profile: z.object({ name: z.string().min(1) }) });

/** One page of groups. */
export function readGroups(json: unknown): Result<{ id: string; name: string }[], string> {
  const groups = z.array(Group).safeParse(json);
  return groups.success
    ? ok(groups.data.map(({ id, profile }) => ({ id, name: profile.name })))
    : refuse('a list of groups that is not one');
}

const NotFound = z.object({ errorCode: z.literal('E0000007') });

/** Okta's own "Resource not found", as against any other 404 on the way there. */
export function saysNotFound(json: unknown): boolean {
  return NotFound.safeParse(json).success;
}

/** The address of the next page in a Link header (RFC 8288). */
export function nextPage(link: string | null): string | undefined {
  return link?.match(/<([^>]+)>\s*;\s*rel="next"/)?.[1];
}

function instant(text: string | null | undefined): string | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
