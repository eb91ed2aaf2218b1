/** Reads people from Okta's Users API. A read that fails, ends early or makes no sense answers `unreadable`; it never makes a leaver. */
import { type Answer, ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import { type Account, nextPage, readGroups, readUser, saysNotFound } from './okta-user.ts';
import { type Directory, type Found, type Page, type Search, type Truth, type Unreadable, unreadable } from './truth.ts';

export interface Okta {
  issuer: string;
  /** The org's origin. */
  url: string;
  /** ARN of the secret that holds the API token. */
  tokenArn: string;
}

const timeoutMs = 3_000;
const attempts = 2;
/** Okta pages groups by 200 at most; nobody is in this many pages of them. */
const maxPages = 50;
/** More people than this under one address is not an address. */
const maxMatches = 20;

export function oktaDirectory(okta: Okta): Directory {
  return {
    issuer: okta.issuer,
    kind: 'okta',
    readPerson: (subject) => readPerson(okta, subject),
    findPeople: (wanted) => findPeople(okta, wanted),
    readPage: (cursor) => readPage(okta, cursor),
    readMembers: (group) => readMembers(okta, group),
  };
}

/** @param subject Okta's id of the user. */
async function readPerson(okta: Okta, subject: string): Promise<Truth> {
  const answer = await call(okta, `${base(okta)}/users/${encodeURIComponent(subject)}`);
  if ('word' in answer) return answer;
  const json = parse(answer);
  if (answer.status === 404 && saysNotFound(json)) return { word: 'deleted' };
  if (answer.status !== 200) return refused(answer);
  const user = readUser(json);
  if (!user.ok) return unreadable('malformed', `Okta answered ${user.refusal} for ${subject}`);
  if (user.value.profile.subject !== subject) return unreadable('malformed', `Okta answered ${user.value.profile.subject} for ${subject}`);
  return withGroups(okta, user.value);
}

async function findPeople(okta: Okta, wanted: string): Promise<Search> {
  const quoted = `"${wanted.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const search = ['id', 'profile.login', 'profile.email'].map((name) => `${name} eq ${quoted}`).join(' or ');
  const answer = await call(okta, `${base(okta)}/users?${new URLSearchParams({ search, limit: String(maxMatches) })}`);
  if ('word' in answer) return answer;
  if (answer.status !== 200) return refused(answer);
  const json = parse(answer);
  if (!Array.isArray(json)) return unreadable('malformed', 'Okta answered a search for users with something that is not a list');
  const people: Found[] = [];
  for (const one of json) {
    const user = readUser(one);
    if (!user.ok) return unreadable('malformed', `Okta answered ${user.refusal} in a search`);
    const found = await withGroups(okta, user.value);
    if (found.word === 'unreadable') return found;
    people.push(found);
  }
  return { word: 'listed', people };
}

const pageLimit = 200;

/**
 * A page of everybody, deprovisioned ones too: only a search shows those. Groups are not in it: a person whose groups may have changed is
 * read alone. @param cursor address of the page, as Okta gave it.
 */
async function readPage(okta: Okta, cursor: string | undefined): Promise<Page> {
  const query = new URLSearchParams({ search: 'lastUpdated gt "1970-01-01T00:00:00.000Z"', limit: String(pageLimit) });
  const answer = await call(okta, cursor ?? `${base(okta)}/users?${query}`);
  if ('word' in answer) return answer;
  if (answer.status !== 200) return refused(answer);
  const json = parse(answer);
  if (!Array.isArray(json)) return unreadable('malformed', 'Okta answered a list of users with something that is not one');
  const people: Found[] = [];
  for (const one of json) {
    const user = readUser(one);
    if (!user.ok) return unreadable('malformed', `Okta answered ${user.refusal} in a list`);
    people.push({ ...user.value, groups: undefined });
  }
  const next = nextPage(answer.header('link'));
  return isElsewhere(okta, next) ? elsewhere() : { word: 'page', people, next };
}

async function readMembers(okta: Okta, group: string) {
  const subjects: string[] = [];
  let url: string | undefined = `${base(okta)}/groups/${encodeURIComponent(group)}/users?limit=1000`;
  for (let page = 1; url; page++) {
    if (page > maxPages * 4) return unreadable('short', `The members of ${group} did not end after ${maxPages * 4} pages`);
    const answer: Answer | Unreadable = await call(okta, url);
    if ('word' in answer) return answer;
    if (answer.status === 404 && saysNotFound(parse(answer))) return { word: 'members' as const, subjects: [] };
    if (answer.status !== 200) return refused(answer, 'short');
    const json = parse(answer);
    if (!Array.isArray(json)) return unreadable('malformed', 'Okta answered the members of a group with something that is not a list');
    for (const one of json) {
      const user = readUser(one);
      if (!user.ok) return unreadable('malformed', `Okta answered ${user.refusal} among the members of a group`);
      subjects.push(user.value.profile.subject);
    }
    const next = nextPage(answer.header('link'));
    if (isElsewhere(okta, next)) return elsewhere();
    url = next;
  }
  return { word: 'members' as const, subjects };
}

function isElsewhere(okta: Okta, next: string | undefined): boolean {
  return next !== undefined && new URL(next).origin !== new URL(okta.url).origin;
}

function elsewhere(): Unreadable {
  return unreadable('malformed', 'Okta sent us to another origin for the next page: the token does not go there');
}

async function withGroups(okta: Okta, account: Account): Promise<Found | Unreadable> {
  const groups: { id: string; name: string }[] = [];
  let url: string | undefined = `${base(okta)}/users/${encodeURIComponent(account.profile.subject)}/groups`;
  for (let page = 1; url; page++) {
    if (page > maxPages) return unreadable('short', `The groups of ${account.profile.subject} did not end after ${maxPages} pages`);
    const answer: Answer | Unreadable = await call(okta, url);
    if ('word' in answer) return answer;
    if (answer.status !== 200) return refused(answer, 'short');
    const listed = readGroups(parse(answer));
    if (!listed.ok) return unreadable('malformed', `Okta answered ${listed.refusal} for ${account.profile.subject}`);
    groups.push(...listed.value);
    const next = nextPage(answer.header('link'));
    if (isElsewhere(okta, next)) return elsewhere();
    url = next;
  }
  return { ...account, groups: [...new Set(groups.map(({ name }) => name))].sort(), groupIds: groups.map(({ id }) => id) };
}

async function call(okta: Okta, url: string): Promise<Answer | Unreadable> {
  try {
    const first = await asked(url, await secret(okta.tokenArn));
    return first.status === 401 ? await asked(url, await secretAgain(okta.tokenArn)) : first;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'Throttled') return unreadable('throttled', error.message);
    if (error.name === 'Unavailable') return unreadable('unreachable', error.message);
    throw error;
  }
}

function asked(url: string, token: string): Promise<Answer> {
  return ask(url, { headers: { authorization: `SSWS ${token}` }, timeoutMs, attempts });
}

function refused({ status }: Answer, otherwise: Unreadable['reason'] = 'malformed'): Unreadable {
  if (status === 401 || status === 403)
    return unreadable(
      'refused',
      `Okta answered ${status}: put an API token that may read users and groups into the secret directory-token`,
    );
  return unreadable(otherwise, `Okta answered ${status}: check the directory's address in the profile`);
}

/** Undefined stands for what is not JSON: every reader refuses it. */
function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}

function base(okta: Okta): string {
  return new URL('/api/v1', okta.url).href;
}
