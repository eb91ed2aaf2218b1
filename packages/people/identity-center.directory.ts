/** Reads people from the Identity Store behind IAM Identity Center as the function's role. A user without a status is unreadable: somebody disabled must not look active. */
import { awsJson } from '@gatehouse/runtime/aws-call';
import * as z from 'zod';
import { instant, troubleOf } from './aws-directory.ts';
import { type Directory, type Found, type Truth, type Unreadable, unreadable } from './truth.ts';

export interface IdentityCenter {
  issuer: string;
  identity_store_id: string;
}

const User = z.object({
  UserId: z.string().min(1),
  UserName: z.string().min(1),
  UserStatus: z.enum(['ENABLED', 'DISABLED']),
  DisplayName: z.string().nullish(),
  UpdatedAt: z.number().optional(),
  Emails: z.array(z.object({ Value: z.string().nullish(), Primary: z.boolean().nullish() })).nullish(),
});
type User = z.infer<typeof User>;
const Users = z.object({ Users: z.array(User), NextToken: z.string().nullish() });
const Memberships = z.object({
  GroupMemberships: z.array(z.object({ GroupId: z.string(), MemberId: z.object({ UserId: z.string() }) })),
  NextToken: z.string().nullish(),
});
type Memberships = z.infer<typeof Memberships>;
const Group = z.object({ GroupId: z.string(), DisplayName: z.string().nullish() });

const pageLimit = 100;
const maxPages = 200;
const absent = ['ResourceNotFoundException'];

export function identityCenterDirectory(center: IdentityCenter): Directory {
  const { identity_store_id: IdentityStoreId } = center;
  return {
    issuer: center.issuer,
    kind: 'identity-center',
    readPerson: (subject) => readPerson(center, subject),
    findPeople: async (wanted) => {
      const input = { IdentityStoreId, Filters: [{ AttributePath: 'UserName', AttributeValue: wanted }], MaxResults: pageLimit };
      const listed = await call('ListUsers', input, Users);
      if ('word' in listed) return listed.word === 'deleted' ? noStore() : listed;
      const people: Found[] = [];
      for (const user of listed.Users) {
        const found = await withGroups(center, user);
        if (found.word === 'unreadable') return found;
        people.push(found);
      }
      return { word: 'listed', people };
    },
    readPage: async (cursor) => {
      const page = await call('ListUsers', { IdentityStoreId, MaxResults: pageLimit, NextToken: cursor }, Users);
      if ('word' in page) return page.word === 'deleted' ? noStore() : page;
      return { word: 'page', people: page.Users.map(foundOf), next: page.NextToken ?? undefined };
    },
    readMembers: async (GroupId) => {
      const all = await everyMembership('ListGroupMemberships', { IdentityStoreId, GroupId });
      if (!Array.isArray(all)) return all.word === 'deleted' ? { word: 'members', subjects: [] } : all;
      return { word: 'members', subjects: all.map(({ MemberId }) => MemberId.UserId) };
    },
  };
}

async function readPerson(center: IdentityCenter, subject: string): Promise<Truth> {
  const user = await call('DescribeUser', { IdentityStoreId: center.identity_store_id, UserId: subject }, User);
  if ('word' in user) return user;
  if (user.UserId !== subject) return unreadable('malformed', `The Identity Store answered ${user.UserId} for ${subject}`);
  return withGroups(center, user);
}

async function withGroups({ identity_store_id: IdentityStoreId }: IdentityCenter, user: User): Promise<Found | Unreadable> {
  const memberships = await everyMembership('ListGroupMembershipsForMember', { IdentityStoreId, MemberId: { UserId: user.UserId } });
  if (!Array.isArray(memberships))
    return memberships.word === 'deleted' ? unreadable('short', 'The Identity Store lost a user while they were read') : memberships;
  const groups = new Set<string>();
  for (const { GroupId } of memberships) {
    const group = await call('DescribeGroup', { IdentityStoreId, GroupId }, Group);
    // Deleted since: then nobody is in it.
    if ('word' in group && group.word === 'deleted') continue;
    if ('word' in group) return group;
    if (group.DisplayName) groups.add(group.DisplayName);
  }
  return { ...foundOf(user), groups: [...groups].sort(), groupIds: memberships.map(({ GroupId }) => GroupId) };
}

async function everyMembership(
  operation: string,
  input: object,
): Promise<Memberships['GroupMemberships'] | { word: 'deleted' } | Unreadable> {
  const all: Memberships['GroupMemberships'] = [];
  let token: string | null | undefined;
  for (let page = 0; page === 0 || token; page++) {
    if (page === maxPages) return unreadable('short', `${operation} did not end after ${maxPages} pages`);
    const answer: Memberships | { word: 'deleted' } | Unreadable = await call(
      operation,
      { ...input, MaxResults: pageLimit, NextToken: token },
      Memberships,
    );
    if ('word' in answer) return answer;
    all.push(...answer.GroupMemberships);
    token = answer.NextToken;
  }
  return all;
}

function foundOf({ UserId, UserName, UserStatus, DisplayName, Emails, UpdatedAt }: User): Found {
  const email = (Emails?.find(({ Primary }) => Primary) ?? Emails?.[0])?.Value || UserName;
  return {
    word: UserStatus === 'ENABLED' ? 'active' : 'deactivated',
    profile: { subject: UserId, email, name: DisplayName || UserName },
    groups: undefined,
    changedAt: instant(UpdatedAt),
  };
}

function noStore(): Unreadable {
  return unreadable('malformed', 'There is no such identity store: check identity_store_id in the profile');
}

async function call<T extends object>(
  operation: string,
  input: object,
  schema: z.ZodType<T>,
): Promise<T | { word: 'deleted' } | Unreadable> {
  try {
    const parsed = schema.safeParse(await awsJson<unknown>('identitystore', operation, input, { timeoutMs: 3_000, attempts: 3 }));
    return parsed.success
      ? parsed.data
      : unreadable(
          'malformed',
          `The Identity Store's ${operation} lacks ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`,
        );
  } catch (error) {
    return troubleOf(error, absent);
  }
}
