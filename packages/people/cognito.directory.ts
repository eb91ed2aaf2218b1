/** Reads people from a Cognito user pool as the function's role. Somebody disabled is deactivated; federated users come back by themselves unless their own provider stops them. */
import { awsJson } from '@gatehouse/runtime/aws-call';
import * as z from 'zod';
import { instant, troubleOf } from './aws-directory.ts';
import { type Directory, type Found, type Truth, type Unreadable, unreadable } from './truth.ts';

export interface Cognito {
  issuer: string;
  user_pool_id: string;
}

const User = z.object({
  Username: z.string().min(1),
  Enabled: z.boolean(),
  UserStatus: z.string(),
  UserLastModifiedDate: z.number().optional(),
  Attributes: z.array(z.object({ Name: z.string(), Value: z.string().optional() })),
});
type User = z.infer<typeof User>;
const Users = z.object({ Users: z.array(User), PaginationToken: z.string().optional(), NextToken: z.string().optional() });
const Groups = z.object({ Groups: z.array(z.object({ GroupName: z.string() })), NextToken: z.string().optional() });

/** The service's own limit. */
const pageLimit = 60;
const maxPages = 200;
const absent = ['UserNotFoundException'];

export function cognitoDirectory(pool: Cognito): Directory {
  return {
    issuer: pool.issuer,
    kind: 'cognito',
    readPerson: (subject) => readPerson(pool, subject),
    findPeople: async (wanted) => {
      const listed = await search(pool, `email = ${JSON.stringify(wanted)}`);
      if ('word' in listed) return listed.word === 'deleted' ? { word: 'listed', people: [] } : listed;
      const people: Found[] = [];
      for (const user of listed.Users) {
        const found = await withGroups(pool, user);
        if (found.word === 'unreadable') return found;
        people.push(found);
      }
      return { word: 'listed', people };
    },
    readPage: async (cursor) => {
      const page = await call('ListUsers', { UserPoolId: pool.user_pool_id, Limit: pageLimit, PaginationToken: cursor }, Users);
      if ('word' in page) return page.word === 'deleted' ? unreadable('malformed', 'Cognito has no such user pool') : page;
      const people = page.Users.map(foundOf);
      if (people.some((one) => one === undefined)) return unreadable('malformed', 'Cognito listed a user without a sub');
      return { word: 'page', people: people.filter((one) => one !== undefined), next: page.PaginationToken };
    },
    readMembers: async (group) => {
      const subjects: string[] = [];
      let token: string | undefined;
      for (let page = 0; page === 0 || token !== undefined; page++) {
        if (page === maxPages) return unreadable('short', `The members of ${group} did not end after ${maxPages} pages`);
        const answer: z.infer<typeof Users> | { word: 'deleted' } | Unreadable = await call(
          'ListUsersInGroup',
          { UserPoolId: pool.user_pool_id, GroupName: group, Limit: pageLimit, NextToken: token },
          Users,
          ['ResourceNotFoundException'],
        );
        if ('word' in answer) return answer.word === 'deleted' ? { word: 'members', subjects: [] } : answer;
        subjects.push(...answer.Users.map(subOf).filter((sub) => sub !== undefined));
        token = answer.NextToken;
      }
      return { word: 'members', subjects };
    },
  };
}

/** @param subject the `sub` of tokens, which is not always the username. */
async function readPerson(pool: Cognito, subject: string): Promise<Truth> {
  const listed = await search(pool, `sub = ${JSON.stringify(subject)}`);
  if ('word' in listed) return listed;
  const [user, ...others] = listed.Users;
  if (others.length > 0) return unreadable('malformed', `Cognito answered ${others.length + 1} users for one sub`);
  if (!user) return { word: 'deleted' };
  if (subOf(user) !== subject) return unreadable('malformed', `Cognito answered another user for ${subject}`);
  return withGroups(pool, user);
}

function search({ user_pool_id: UserPoolId }: Cognito, Filter: string) {
  return call('ListUsers', { UserPoolId, Filter, Limit: pageLimit }, Users);
}

async function withGroups({ user_pool_id: UserPoolId }: Cognito, user: User): Promise<Found | Unreadable> {
  const found = foundOf(user);
  if (!found) return unreadable('malformed', 'Cognito answered a user without a sub');
  const groups: string[] = [];
  let token: string | undefined;
  for (let page = 0; page === 0 || token !== undefined; page++) {
    if (page === maxPages) return unreadable('short', `The groups of ${found.profile.subject} did not end after ${maxPages} pages`);
    const answer: z.infer<typeof Groups> | { word: 'deleted' } | Unreadable = await call(
      'AdminListGroupsForUser',
      { UserPoolId, Username: user.Username, Limit: pageLimit, NextToken: token },
      Groups,
    );
    if ('word' in answer) return answer.word === 'deleted' ? unreadable('short', 'Cognito lost a user while they were read') : answer;
    groups.push(...answer.Groups.map(({ GroupName }) => GroupName));
    token = answer.NextToken;
  }
  return { ...found, groups: [...new Set(groups)].sort() };
}

function foundOf(user: User): Found | undefined {
  const subject = subOf(user);
  if (subject === undefined) return undefined;
  const email = attributeOf(user, 'email') ?? user.Username;
  return {
    word: !user.Enabled ? 'deactivated' : user.UserStatus === 'UNCONFIRMED' ? 'staged' : 'active',
    profile: { subject, email, name: attributeOf(user, 'name') ?? email },
    groups: undefined,
    changedAt: instant(user.UserLastModifiedDate),
  };
}

function subOf(user: User): string | undefined {
  return attributeOf(user, 'sub');
}

function attributeOf({ Attributes }: User, name: string): string | undefined {
  return Attributes.find(({ Name }) => Name === name)?.Value || undefined;
}

async function call<T extends object>(
  operation: string,
  input: object,
  schema: z.ZodType<T>,
  gone = absent,
): Promise<T | { word: 'deleted' } | Unreadable> {
  try {
    const parsed = schema.safeParse(await awsJson<unknown>('cognito-idp', operation, input, { timeoutMs: 3_000, attempts: 3 }));
    return parsed.success
      ? parsed.data
      : unreadable('malformed', `Cognito's ${operation} lacks ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  } catch (error) {
    return troubleOf(error, gone);
  }
}
