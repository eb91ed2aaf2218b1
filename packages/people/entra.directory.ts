/**
 * Reads people from Microsoft Graph as an application of the tenant. A soft-deleted user is not found, as a deleted one is not. Groups are those that
 * somebody is in directly or through another, by name. A read that fails, ends early or makes no sense answers `unreadable`.
 */
import { now } from '@gatehouse/runtime/clock';
import { type Answer, ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { type Directory, type Found, type Truth, type Unreadable, unreadable } from './truth.ts';

export interface Entra {
  issuer: string;
  tenant: string;
  client_id: string;
  /** Graph's origin. */
  url: string;
  login_url: string;
  /** ARN of the application's client secret. */
  secretArn: string;
}

const timeoutMs = 3_000;
const attempts = 2;
const maxPages = 50;
const select = '$select=id,accountEnabled,displayName,mail,userPrincipalName';

const User = z.object({
  id: z.string().min(1),
  accountEnabled: z.boolean(),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userPrincipalName: z.string().min(1),
});
const Users = z.object({ value: z.array(User), '@odata.nextLink': z.url().optional() });
const Groups = z.object({
  value: z.array(z.object({ id: z.string(), displayName: z.string().nullish() })),
  '@odata.nextLink': z.url().optional(),
});
const Ids = z.object({ value: z.array(z.object({ id: z.string().min(1) })), '@odata.nextLink': z.url().optional() });
/** Graph's own word for an object that is not there, as against any other 404 on the way. */
const NotFound = z.object({ error: z.object({ code: z.literal('Request_ResourceNotFound') }) });
const Token = z.object({ access_token: z.string().min(1), expires_in: z.number() });

export function entraDirectory(entra: Entra): Directory {
  return {
    issuer: entra.issuer,
    kind: 'entra',
    readPerson: (subject) => readPerson(entra, subject),
    findPeople: async (wanted) => {
      const quoted = `'${wanted.replaceAll("'", "''")}'`;
      const matches = [`mail eq ${quoted}`, `userPrincipalName eq ${quoted}`].join(' or ');
      const answer = await read(entra, `${entra.url}/v1.0/users?${select}&$filter=${encodeURIComponent(matches)}`, Users);
      if ('word' in answer) return answer.word === 'deleted' ? noList() : answer;
      const people: Found[] = [];
      for (const user of answer.value) {
        const found = await withGroups(entra, user);
        if (found.word === 'unreadable') return found;
        people.push(found);
      }
      return { word: 'listed', people };
    },
    readPage: async (cursor) => {
      const answer = await read(entra, cursor ?? `${entra.url}/v1.0/users?${select}&$top=999`, Users);
      if ('word' in answer) return answer.word === 'deleted' ? noList() : answer;
      const next = answer['@odata.nextLink'];
      return isElsewhere(entra, next) ? elsewhere() : { word: 'page', people: answer.value.map((user) => foundOf(entra, user)), next };
    },
    readMembers: async (group) => {
      const url = `${entra.url}/v1.0/groups/${encodeURIComponent(group)}/transitiveMembers/microsoft.graph.user?$select=id&$top=999`;
      const ids = await everyPage(entra, url, Ids);
      if (!Array.isArray(ids)) return ids.word === 'deleted' ? { word: 'members', subjects: [] } : ids;
      return { word: 'members', subjects: ids.map(({ id }) => `${entra.tenant}/${id}`) };
    },
  };
}

/** @param subject `<tenant>/<object id>`, as access joins them. */
async function readPerson(entra: Entra, subject: string): Promise<Truth> {
  const [tenant, object = ''] = subject.split('/');
  if (tenant !== entra.tenant || object === '') return { word: 'deleted' };
  const user = await read(entra, `${entra.url}/v1.0/users/${encodeURIComponent(object)}?${select}`, User);
  if ('word' in user) return user;
  if (user.id !== object) return unreadable('malformed', `Graph answered ${user.id} for ${object}`);
  return withGroups(entra, user);
}

async function withGroups(entra: Entra, user: z.infer<typeof User>): Promise<Found | Unreadable> {
  const url = `${entra.url}/v1.0/users/${encodeURIComponent(user.id)}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$top=999`;
  const groups = await everyPage(entra, url, Groups);
  if (!Array.isArray(groups)) return groups.word === 'deleted' ? unreadable('short', `Graph lost ${user.id} while it was read`) : groups;
  const names = groups.map(({ displayName }) => displayName).filter((name): name is string => Boolean(name));
  return { ...foundOf(entra, user), groups: [...new Set(names)].sort() };
}

function foundOf({ tenant }: Entra, { id, accountEnabled, displayName, mail, userPrincipalName }: z.infer<typeof User>): Found {
  return {
    word: accountEnabled ? 'active' : 'deactivated',
    profile: { subject: `${tenant}/${id}`, email: mail || userPrincipalName, name: displayName || userPrincipalName },
    groups: undefined,
    changedAt: undefined,
  };
}

type Absent = { word: 'deleted' } | Unreadable;

async function everyPage<T>(
  entra: Entra,
  first: string,
  schema: z.ZodType<{ value: T[]; '@odata.nextLink'?: string | undefined }>,
): Promise<T[] | Absent> {
  const all: T[] = [];
  let url: string | undefined = first;
  for (let page = 1; url; page++) {
    if (page > maxPages) return unreadable('short', `Graph did not end after ${maxPages} pages`);
    const answer: { value: T[]; '@odata.nextLink'?: string | undefined } | Absent = await read(entra, url, schema);
    if ('word' in answer) return answer.word === 'deleted' && page > 1 ? unreadable('short', 'Graph lost a page') : answer;
    all.push(...answer.value);
    if (isElsewhere(entra, answer['@odata.nextLink'])) return elsewhere();
    url = answer['@odata.nextLink'];
  }
  return all;
}

async function read<T extends object>(entra: Entra, url: string, schema: z.ZodType<T>): Promise<T | Absent> {
  try {
    const first = await asked(url, await bearer(entra));
    const answer = first.status === 401 ? await asked(url, await bearer(entra, true)) : first;
    const json = parse(answer);
    if (answer.status === 404 && NotFound.safeParse(json).success) return { word: 'deleted' };
    if (answer.status === 401 || answer.status === 403)
      return unreadable('refused', `Graph answered ${answer.status}: grant the application User.Read.All and GroupMember.Read.All`);
    if (answer.status !== 200)
      return unreadable('malformed', `Graph answered ${answer.status}: check the directory's address in the profile`);
    const parsed = schema.safeParse(json);
    return parsed.success
      ? parsed.data
      : unreadable('malformed', `Graph's answer lacks ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'Throttled') return unreadable('throttled', error.message);
    if (error.name === 'Unavailable') return unreadable('unreachable', error.message);
    if (error.name === 'Misconfigured') return unreadable('refused', error.message);
    throw error;
  }
}

function asked(url: string, token: string): Promise<Answer> {
  return ask(url, { headers: { authorization: `Bearer ${token}` }, timeoutMs, attempts });
}

const kept = new Map<string, { token: string; until: number }>();
/** A token is renewed while it is still good for this long. */
const earlyMs = 5 * 60_000;

/** The application's token, by the client credentials grant. */
async function bearer({ tenant, client_id, login_url, url, secretArn }: Entra, again = false): Promise<string> {
  const key = `${login_url} ${tenant} ${client_id}`;
  const known = kept.get(key);
  if (known && known.until > now() && !again) return known.token;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id,
    client_secret: await (again ? secretAgain(secretArn) : secret(secretArn)),
    scope: `${new URL(url).origin}/.default`,
  });
  const answer = await ask(`${login_url}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    timeoutMs,
    attempts,
  });
  const token = Token.safeParse(answer.status === 200 ? parse(answer) : undefined);
  if (!token.success) {
    const refusal = new Error(
      `Entra ID gave the application no token (${answer.status}): put its client secret into the secret graph-client`,
    );
    throw Object.assign(refusal, { name: 'Misconfigured' });
  }
  kept.set(key, { token: token.data.access_token, until: now() + token.data.expires_in * 1000 - earlyMs });
  return token.data.access_token;
}

function isElsewhere({ url }: Entra, next: string | undefined): boolean {
  return next !== undefined && new URL(next).origin !== new URL(url).origin;
}

function elsewhere(): Unreadable {
  return unreadable('malformed', 'Graph sent us to another origin for the next page: the token does not go there');
}

function noList(): Unreadable {
  return unreadable('malformed', 'Graph has no list of users: check the address in the profile');
}

/** Undefined stands for what is not JSON: every schema refuses it. */
function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}
