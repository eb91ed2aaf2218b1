/**
 * Anthropic's Admin API, as far as seats need it: members, invites, API keys. Every call takes a turn, for the limit is the organization's.
 * What it answers to our own write is no proof. (platform.claude.com, "Admin API".)
 */
import type { SeatsConfig } from '@gatehouse/core/seats-profile';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';
import { type Answer, ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import type { TakeTurn } from '@gatehouse/runtime/turn';
import * as z from 'zod';
import type { ApiKey, Holding, Member } from './seat.ts';

export interface Anthropic {
  config: SeatsConfig;
  /** ARN of the secret that holds the admin key. */
  keyArn: string;
  /** Awaited before each call: the limit is the organization's. */
  takeTurn: TakeTurn;
}

const timeoutMs = 5_000;
const pageSize = 100;
const maxPages = 50;

const MemberRow = z.object({ id: z.string(), email: z.string(), role: z.string() });
const InviteRow = z.object({ id: z.string(), email: z.string(), role: z.string(), status: z.string() });
const KeyRow = z.object({ id: z.string(), status: z.enum(['active', 'inactive', 'archived', 'expired']) });
const MadeKeyRow = KeyRow.extend({ created_by: z.object({ id: z.string() }).nullish() });
const pageOf = <T extends z.ZodType>(row: T) => z.object({ data: z.array(row), has_more: z.boolean(), last_id: z.string().nullish() });
const Problem = z.object({
  error: z.object({ message: z.string(), details: z.object({ error_code: z.string() }).partial().nullish() }),
});

/** @param makers ids that the person is or was a member under: their keys are found by them. */
export async function holdingOf(at: Anthropic, email: string, makers: readonly string[]): Promise<Holding> {
  // The filter looks past case and plus-tags: only the whole address is theirs.
  const isTheirs = (row: { email: string }) => row.email.toLowerCase() === email.toLowerCase();
  const members = (await paged(at, '/users', { email }, MemberRow)).filter(isTheirs);
  const invites = (await paged(at, '/invites', { email }, InviteRow)).filter((row) => isTheirs(row) && row.status === 'pending');
  const keys: ApiKey[] = [];
  if (at.config.kind === 'console')
    for (const id of new Set([...makers, ...members.map((member) => member.id)]))
      keys.push(...(await paged(at, '/api_keys', { created_by_user_id: id }, KeyRow)));
  return { members, invites, keys };
}

export interface Page<T> {
  rows: T[];
  /** Where the next page begins. */
  after: string | undefined;
}

export function memberPage(at: Anthropic, after: string | undefined): Promise<Page<Member>> {
  return readPage(at, '/users', {}, MemberRow, after);
}

/** With who made each. Only organizations of the Console have such keys. */
export async function keyPage(at: Anthropic, after: string | undefined): Promise<Page<ApiKey & { maker: string | undefined }>> {
  if (at.config.kind !== 'console') return { rows: [], after: undefined };
  const page = await readPage(at, '/api_keys', {}, MadeKeyRow, after);
  return { ...page, rows: page.rows.map(({ id, status, created_by: maker }) => ({ id, status, maker: maker?.id })) };
}

/** managed: an identity provider gives and takes membership here; last: nobody else would be left; busy: another change is under way. */
export type Removal = 'removed' | 'gone' | 'managed' | 'last' | 'busy';

export async function removeMember(at: Anthropic, { id }: Member): Promise<Removal> {
  const answer = await call(at, 'DELETE', `/users/${id}`);
  if (answer.status === 200) return 'removed';
  if (answer.status === 404) return 'gone';
  if (answer.status === 409) return 'busy';
  if (answer.status === 400) return codeOf(answer) === 'cannot_remove_last_member' ? 'last' : 'managed';
  throw unexpected(answer);
}

export async function withdrawInvite(at: Anthropic, id: string): Promise<void> {
  const answer = await call(at, 'DELETE', `/invites/${id}`);
  if (answer.status !== 200 && answer.status !== 404) throw unexpected(answer);
}

/** Archived is the end: false, and the key changes no more. */
export async function setKeyStatus(at: Anthropic, id: string, status: 'active' | 'inactive' | 'archived'): Promise<boolean> {
  const answer = await call(at, 'POST', `/api_keys/${id}`, { status });
  if (answer.status === 400 || answer.status === 404) return false;
  if (answer.status !== 200) throw unexpected(answer);
  return true;
}

/** Who is a member or invited already is told by `there`; a refusal carries Anthropic's own sentence. */
export type Invited = { outcome: 'invited' | 'there' } | { outcome: 'full' | 'managed' | 'refused'; message: string };

export async function invite(at: Anthropic, email: string, role: string): Promise<Invited> {
  const answer = await call(at, 'POST', '/invites', { email, role });
  if (answer.status === 200 || answer.status === 201) return { outcome: 'invited' };
  if (answer.status !== 400) throw unexpected(answer);
  const [code, message] = [codeOf(answer), messageOf(answer)];
  if (code === 'already_member' || code === 'invite_already_exists') return { outcome: 'there' };
  if (code === 'org_member_limit_exceeded' || /\bseats?\b/i.test(message)) return { outcome: 'full', message };
  // Nothing but the sentence says that membership comes from an identity provider.
  return /identity provider|SCIM|single sign-on|just-in-time/i.test(message)
    ? { outcome: 'managed', message }
    : { outcome: 'refused', message };
}

async function paged<T extends { id: string }>(
  at: Anthropic,
  path: string,
  query: Record<string, string>,
  row: z.ZodType<T>,
): Promise<T[]> {
  const rows: T[] = [];
  let after: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const read: Page<T> = await readPage(at, path, query, row, after);
    rows.push(...read.rows);
    if (read.after === undefined) return rows;
    after = read.after;
  }
  throw new Unavailable(`Anthropic's list at ${path} did not end after ${maxPages} pages`);
}

async function readPage<T extends { id: string }>(
  at: Anthropic,
  path: string,
  query: Record<string, string>,
  row: z.ZodType<T>,
  after: string | undefined,
): Promise<Page<T>> {
  const search = new URLSearchParams({ ...query, limit: String(pageSize), ...(after && { after_id: after }) });
  const answer = await call(at, 'GET', `${path}?${search}`);
  if (answer.status !== 200) throw unexpected(answer);
  const read = pageOf(row).safeParse(parse(answer));
  if (!read.success) throw new Unavailable(`Anthropic answered a list at ${path} that is not one: ${z.prettifyError(read.error)}`);
  const { data: rows, has_more: more, last_id: last } = read.data;
  if (more && !last) throw new Unavailable(`Anthropic's list at ${path} has more, and does not say where`);
  return { rows, after: more ? (last ?? undefined) : undefined };
}

/** One try a turn: Anthropic counts each, and the machine comes again. */
async function call(at: Anthropic, method: string, path: string, json?: unknown): Promise<Answer> {
  const url = `${at.config.url.replace(/\/$/, '')}/v1/organizations${path}`;
  const send = async (key: string) => {
    await at.takeTurn();
    const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    return ask(url, { method, headers, ...(json !== undefined && { json }), timeoutMs, attempts: 1 });
  };
  const key = await secret(at.keyArn);
  const answer = await send(key);
  if (answer.status !== 401 && answer.status !== 403) return answer;
  const fresh = await secretAgain(at.keyArn);
  const again = fresh === key ? answer : await send(fresh);
  if (again.status === 401 || again.status === 403)
    throw new Misconfigured(
      `Anthropic answered ${again.status} to the admin key: put one of this organization that may read and write members into the secret anthropic-admin-key, then redrive`,
    );
  return again;
}

function unexpected({ status }: Answer): Error {
  return status === 409
    ? new Throttled("Another change of the organization's members is under way; the next try goes on")
    : new Unavailable(`Anthropic answered ${status}, which is not expected here`);
}

function codeOf(answer: Answer): string | undefined {
  return Problem.safeParse(parse(answer)).data?.error.details?.error_code;
}

function messageOf(answer: Answer): string {
  return (Problem.safeParse(parse(answer)).data?.error.message ?? 'no reason given').slice(0, 300);
}

function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}
