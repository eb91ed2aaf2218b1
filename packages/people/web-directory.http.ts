/**
 * What the readers of directories on the web share: one JSON answer, or every page of it, in the words of a directory. Half an answer, an error, or
 * a page at another origin is `unreadable`. Decides nothing about anybody.
 */
import { now } from '@gatehouse/runtime/clock';
import { type Answer, ask } from '@gatehouse/runtime/outside';
import type * as z from 'zod';
import { type Unreadable, unreadable } from './truth.ts';

export interface WebDirectory {
  /** In messages: Graph, Auth0, Google. */
  name: string;
  /** The origin that the token may go to. */
  url: string;
  /** @param again asks for a new one, after the directory refused the last. @throws Misconfigured when there is none to be had. */
  bearer(again?: boolean): Promise<string>;
  /** The directory's own word for an object that is not there, as against any other 404 on the way. */
  saysNotFound(status: number, json: unknown): boolean;
  /** What to grant whoever reads, for a message. */
  grant: string;
}

export type Absent = { word: 'deleted' } | Unreadable;

const timeoutMs = 3_000;
const attempts = 2;
const maxPages = 50;

export async function readWeb<T extends object>(web: WebDirectory, url: string, schema: z.ZodType<T>): Promise<T | Absent> {
  const answer = await answerOf(web, url);
  return 'word' in answer ? answer : understood(web, answer, schema);
}

/** The bare answer: for what a status alone says. */
export async function answerOf(web: WebDirectory, url: string, headers: Headers = {}): Promise<Answer | Unreadable> {
  if (new URL(url).origin !== new URL(web.url).origin)
    return unreadable('malformed', `${web.name} sent us to another origin for the next page: the token does not go there`);
  try {
    const first = await asked(url, await web.bearer(), headers);
    return first.status === 401 ? await asked(url, await web.bearer(true), headers) : first;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'Throttled') return unreadable('throttled', error.message);
    if (error.name === 'Unavailable') return unreadable('unreachable', error.message);
    if (error.name === 'Misconfigured') return unreadable('refused', error.message);
    throw error;
  }
}

export function understood<T extends object>(web: WebDirectory, answer: Answer, schema: z.ZodType<T>): T | Absent {
  const json = parse(answer);
  if (web.saysNotFound(answer.status, json)) return { word: 'deleted' };
  if (answer.status === 401 || answer.status === 403)
    return unreadable('refused', `${web.name} answered ${answer.status}: grant ${web.grant}`);
  if (answer.status !== 200)
    return unreadable('malformed', `${web.name} answered ${answer.status}: check the directory's address in the profile`);
  const parsed = schema.safeParse(json);
  return parsed.success
    ? parsed.data
    : unreadable('malformed', `${web.name}'s answer lacks ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
}

/** @param next the address of the page after, which an answer names. */
export async function everyPage<P extends object, T>(
  web: WebDirectory,
  first: string,
  schema: z.ZodType<P>,
  items: (page: P) => readonly T[],
  next: (page: P, url: string) => string | undefined,
): Promise<T[] | Absent> {
  const all: T[] = [];
  let url: string | undefined = first;
  for (let page = 1; url !== undefined; page++) {
    if (page > maxPages) return unreadable('short', `${web.name} did not end after ${maxPages} pages`);
    const answer: P | Absent = await readWeb(web, url, schema);
    if (isAbsent(answer)) return answer.word === 'deleted' && page > 1 ? unreadable('short', `${web.name} lost a page`) : answer;
    all.push(...items(answer));
    url = next(answer, url);
  }
  return all;
}

export function isAbsent(answer: object): answer is Absent {
  return 'word' in answer;
}

/** For a list that the directory says it has not got: then the address is wrong. */
export function noList(web: WebDirectory, absent: Absent): Unreadable {
  return absent.word === 'deleted' ? unreadable('malformed', `${web.name} has no such list: check the profile`) : absent;
}

const kept = new Map<string, { token: string; until: number }>();
/** A token is renewed while it is still good for this long. */
const earlyMs = 5 * 60_000;

/** An access token, kept while it lasts. @param key whose it is. @param fetchOne asks for one. */
export async function keptToken(
  key: string,
  again: boolean,
  fetchOne: () => Promise<{ access_token: string; expires_in: number }>,
): Promise<string> {
  const known = kept.get(key);
  if (known && known.until > now() && !again) return known.token;
  const { access_token: token, expires_in: seconds } = await fetchOne();
  kept.set(key, { token, until: now() + seconds * 1000 - earlyMs });
  return token;
}

type Headers = Readonly<Record<string, string>>;

function asked(url: string, token: string, headers: Headers): Promise<Answer> {
  return ask(url, { headers: { ...headers, authorization: `Bearer ${token}` }, timeoutMs, attempts });
}

/** Undefined stands for what is not JSON: every schema refuses it. */
export function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}
