/**
 * LiteLLM's management API, as its proxy serves it: lists, marks, blocks, deletes. It claims nothing about effect: a replica's cache outlives
 * each of these answers, /key/delete echoes its request, and an unknown key answers 401 like a wrong master key does.
 */
import { Misconfigured, Unavailable } from '@gatehouse/runtime/fault';
import { type Answer, ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import type { VirtualKey } from './virtual-key.ts';

export interface LiteLLM {
  /** The address that management calls go to. */
  url: string;
  /** ARN of the secret that holds the master key. */
  keyArn: string;
  /** Told to LiteLLM's audit log as the actor. */
  actor: string;
}

const timeoutMs = 5_000;
const pageSize = 100;
/** 10,000 keys of one person are a fault, not a page count. */
const maxPages = 100;

const Key = z.object({
  token: z.string().min(1),
  user_id: z.string().nullish(),
  created_by: z.string().nullish(),
  blocked: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  spend: z.number().nullish(),
});
const KeyPage = z.object({ keys: z.array(Key), total_count: z.int().nullish(), total_pages: z.int() });
const Info = z.object({ info: Key.omit({ token: true }) });
const UserPage = z.object({
  users: z.array(z.object({ user_id: z.string(), user_email: z.string().nullish() })),
  total_pages: z.int().nullish(),
});

/** Every key that belongs to, or was made by, one of the names. */
export async function keysOf(at: LiteLLM, names: readonly string[]): Promise<VirtualKey[]> {
  const found = new Map<string, VirtualKey>();
  for (const name of names)
    for (const key of await pagesOf(at, name))
      if (names.includes(key.userId ?? '') || names.includes(key.createdBy ?? '')) found.set(key.token, key);
  return [...found.values()].sort((a, b) => (a.token < b.token ? -1 : 1));
}

async function pagesOf(at: LiteLLM, name: string): Promise<VirtualKey[]> {
  const keys = new Map<string, VirtualKey>();
  for (let page = 1; page <= maxPages; page++) {
    const query = new URLSearchParams({
      user_id: name,
      include_created_by_keys: 'true',
      return_full_object: 'true',
      page: String(page),
      size: String(pageSize),
    });
    const listed = KeyPage.safeParse(parse(expect(await call(at, `/key/list?${query}`), 200)));
    if (!listed.success) throw new Unavailable(`LiteLLM answered a list of keys that is not one: ${z.prettifyError(listed.error)}`);
    for (const row of listed.data.keys) keys.set(row.token, keyOf(row, row.token));
    if (page < listed.data.total_pages) continue;
    if (keys.size < (listed.data.total_count ?? 0))
      throw new Unavailable(`LiteLLM counted ${listed.data.total_count} keys and listed ${keys.size}: an incomplete list is none`);
    return [...keys.values()];
  }
  throw new Unavailable(`LiteLLM's list of keys did not end after ${maxPages} pages`);
}

/** One page of all keys. Throws Unavailable for a page that is none. */
export async function keyPage(at: LiteLLM, page: number): Promise<{ keys: VirtualKey[]; pages: number }> {
  const query = new URLSearchParams({ return_full_object: 'true', include_team_keys: 'true', page: String(page), size: String(pageSize) });
  const listed = KeyPage.safeParse(parse(expect(await call(at, `/key/list?${query}`), 200)));
  if (!listed.success) throw new Unavailable(`LiteLLM answered a list of keys that is not one: ${z.prettifyError(listed.error)}`);
  return { keys: listed.data.keys.map((row) => keyOf(row, row.token)), pages: listed.data.total_pages };
}

/** The addresses of users, by their ids. */
export async function addressesOf(at: LiteLLM, ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (ids.length === 0) return found;
  const query = new URLSearchParams({ user_ids: ids.join(','), page: '1', page_size: String(pageSize) });
  const listed = UserPage.safeParse(parse(expect(await call(at, `/user/list?${query}`), 200)));
  if (!listed.success) throw new Unavailable(`LiteLLM answered a list of users that is not one: ${z.prettifyError(listed.error)}`);
  for (const { user_id, user_email } of listed.data.users) if (user_email) found.set(user_id, user_email);
  return found;
}

/** Ids of the LiteLLM users that are named so or carry the address. */
export async function usersOf(at: LiteLLM, names: readonly string[], email: string): Promise<string[]> {
  const found = new Set<string>();
  const asked = [new URLSearchParams({ user_ids: names.join(',') }), new URLSearchParams({ user_email: email })];
  for (const query of asked) {
    for (let page = 1, pages = 1; page <= Math.min(pages, maxPages); page++) {
      query.set('page', String(page));
      query.set('page_size', String(pageSize));
      const listed = UserPage.safeParse(parse(expect(await call(at, `/user/list?${query}`), 200)));
      if (!listed.success) throw new Unavailable(`LiteLLM answered a list of users that is not one: ${z.prettifyError(listed.error)}`);
      pages = listed.data.total_pages ?? 1;
      // user_email matches parts of addresses: only the whole one is theirs.
      for (const { user_id, user_email } of listed.data.users)
        if (names.includes(user_id) || user_email?.toLowerCase() === email.toLowerCase()) found.add(user_id);
    }
  }
  return [...found].sort();
}

/** One key as one replica tells it. Undefined: it says that there is no such key. */
export async function keyInfo(at: LiteLLM, token: string, replica: string = at.url): Promise<VirtualKey | undefined> {
  const answer = await call(at, `/key/info?${new URLSearchParams({ key: token })}`, { base: replica });
  if (answer.status === 404) return undefined;
  const read = Info.safeParse(parse(expect(answer, 200)));
  if (!read.success) throw new Unavailable(`LiteLLM answered a key that is not one: ${z.prettifyError(read.error)}`);
  return keyOf(read.data.info, token);
}

/** False: the key is gone. */
export async function blockKey(at: LiteLLM, token: string): Promise<boolean> {
  return onKey(at, '/key/block', token, { key: token });
}
export async function unblockKey(at: LiteLLM, token: string): Promise<boolean> {
  return onKey(at, '/key/unblock', token, { key: token });
}
/** Replaces the key's metadata as a whole: pass all that should stay. */
export async function setMetadata(at: LiteLLM, token: string, metadata: Readonly<Record<string, unknown>>): Promise<boolean> {
  return onKey(at, '/key/update', token, { key: token, metadata });
}

/** Deletes by hash and reads each back: the answer itself echoes the request. */
export async function deleteKeys(at: LiteLLM, tokens: readonly string[]): Promise<void> {
  const answer = await call(at, '/key/delete', { json: { keys: tokens } });
  if (answer.status !== 404) expect(answer, 200);
  for (const token of tokens) if (await keyInfo(at, token)) throw new Unavailable('LiteLLM says that a key is deleted, and still has it');
}

/** Their keys must be gone before: deleting a user leaves its keys in the replicas' caches. */
export async function deleteUser(at: LiteLLM, userId: string): Promise<void> {
  const answer = await call(at, '/user/delete', { json: { user_ids: [userId] } });
  if (answer.status !== 404) expect(answer, 200);
}

async function onKey(at: LiteLLM, path: string, token: string, json: unknown): Promise<boolean> {
  const answer = await call(at, path, { json, mayBeGone: true });
  if (answer.status === 200) return true;
  // Gone, or a wrong master key: /key/info tells them apart, for it answers 404 to the one and 401 to the other.
  if (!(await keyInfo(at, token))) return false;
  return Boolean(expect(answer, 200));
}

interface Options {
  base?: string;
  json?: unknown;
  /** 401 may mean that the key named in the request is unknown. */
  mayBeGone?: boolean;
}

export async function call(at: LiteLLM, path: string, { base = at.url, json, mayBeGone = false }: Options = {}): Promise<Answer> {
  const url = base.replace(/\/$/, '') + path;
  const send = (key: string) =>
    ask(url, {
      ...(json !== undefined && { method: 'POST', json }),
      headers: { authorization: `Bearer ${key}`, 'litellm-changed-by': at.actor },
      timeoutMs,
    });
  const key = await secret(at.keyArn);
  const answer = await send(key);
  if ((answer.status !== 401 && answer.status !== 403) || mayBeGone) return answer;
  const fresh = await secretAgain(at.keyArn);
  const again = fresh === key ? answer : await send(fresh);
  if (again.status === 401 || again.status === 403)
    throw new Misconfigured(
      `LiteLLM answered ${again.status} to the master key: put LiteLLM's master key, or a proxy_admin's, into the secret litellm-key, then redrive`,
    );
  return again;
}

export function expect(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Unavailable(`LiteLLM answered ${answer.status} where ${status} was expected`);
}

function keyOf({ user_id, created_by, blocked, metadata, spend }: Omit<z.infer<typeof Key>, 'token'>, token: string): VirtualKey {
  return {
    token,
    userId: user_id ?? undefined,
    createdBy: created_by ?? undefined,
    blocked: blocked ?? false,
    metadata: metadata ?? {},
    spend: spend ?? 0,
  };
}

export function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}
