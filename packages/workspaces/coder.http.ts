/**
 * Coder's API, as far as a leaver needs it. It never asks for an orphaned delete: that reports success and destroys nothing.
 * A build is asked for once a call (no retry: a lost answer is found again as the latest build).
 */
import { Misconfigured, Unavailable } from '@gatehouse/runtime/fault';
import { type Answer, ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import type { TakeTurn } from '@gatehouse/runtime/turn';
import * as z from 'zod';
import type { Build, Workspace } from './workspace.ts';

export interface Coder {
  url: string;
  /** ARN of the secret that holds the service account's token. */
  tokenArn: string;
  /** Awaited before each call: Coder counts how often one user calls one path. */
  takeTurn: TakeTurn;
}

export interface Account {
  id: string;
  username: string;
  status: string;
}

const timeoutMs = 5_000;
const pageSize = 100;
const maxPages = 100;

const User = z.object({ id: z.string(), username: z.string(), email: z.string(), status: z.string() });
const UserPage = z.object({ users: z.array(User), count: z.int() });
const BuildRow = z.object({
  id: z.string(),
  transition: z.enum(['start', 'stop', 'delete']),
  job: z.object({ status: z.enum(['pending', 'running', 'succeeded', 'canceling', 'canceled', 'failed', 'unknown']) }),
  matched_provisioners: z.object({ count: z.int() }).nullish(),
  resources: z.array(z.object({ agents: z.array(z.object({ status: z.string() })).nullish() })).nullish(),
});
const WorkspaceRow = z.object({ id: z.string(), name: z.string(), latest_build: BuildRow });
const WorkspacePage = z.object({ workspaces: z.array(WorkspaceRow), count: z.int() });

/** Whoever has this address in Coder, whatever their state. Search matches parts of addresses: only the whole one counts. */
export async function accountOf(coder: Coder, email: string): Promise<Account | undefined> {
  const rows = await paged(coder, '/users', { q: email }, UserPage, (page) => [page.users, page.count]);
  return rows.find((row) => row.email.toLowerCase() === email.toLowerCase());
}

/** Undefined: Coder has no such user, or deleted them. */
export async function accountById(coder: Coder, id: string): Promise<Account | undefined> {
  const answer = await call(coder, 'GET', `/users/${id}`);
  if (answer.status === 404 || answer.status === 410) return undefined;
  return read(User, answer, 200);
}

/** `impossible`: the account is an owner's or our own; Coder never suspends those (400). */
export async function setStatus(coder: Coder, id: string, status: 'suspend' | 'activate'): Promise<'done' | 'gone' | 'impossible'> {
  const answer = await call(coder, 'PUT', `/users/${id}/status/${status}`);
  if (answer.status === 404) return 'gone';
  if (answer.status === 400) return 'impossible';
  read(z.unknown(), answer, 200);
  return 'done';
}

export async function workspacesOf(coder: Coder, username: string): Promise<Workspace[]> {
  const q = `owner:${username.toLowerCase()}`;
  const rows = await paged(coder, '/workspaces', { q }, WorkspacePage, (page) => [page.workspaces, page.count]);
  return rows.map(workspaceOf);
}

/** Undefined: deleted (410; older texts say 404). */
export async function workspace(coder: Coder, id: string): Promise<Workspace | undefined> {
  const answer = await call(coder, 'GET', `/workspaces/${id}`);
  if (answer.status === 410 || answer.status === 404) return undefined;
  return workspaceOf(read(WorkspaceRow, answer, 200));
}

/** `busy`: another build is active (409). The answer says that the build is queued, and nothing of its effect. */
export async function build(coder: Coder, id: string, transition: 'start' | 'stop' | 'delete'): Promise<'queued' | 'busy' | 'gone'> {
  const answer = await call(coder, 'POST', `/workspaces/${id}/builds`, { transition });
  if (answer.status === 409) return 'busy';
  if (answer.status === 410 || answer.status === 404) return 'gone';
  if (answer.status !== 200) read(z.unknown(), answer, 201);
  return 'queued';
}

/** How many builds of the transition have failed in a row, up to the latest. */
export async function failuresOf(coder: Coder, id: string, transition: Build['transition']): Promise<number> {
  const builds = read(z.array(BuildRow), await call(coder, 'GET', `/workspaces/${id}/builds?limit=10`), 200);
  const other = builds.findIndex((one) => one.transition !== transition || one.job.status !== 'failed');
  return other < 0 ? builds.length : other;
}

/** `occupied`: they still own a workspace (417). */
export async function deleteAccount(coder: Coder, id: string): Promise<'done' | 'occupied' | 'impossible'> {
  const answer = await call(coder, 'DELETE', `/users/${id}`);
  if (answer.status === 404) return 'done';
  if (answer.status === 417) return 'occupied';
  if (answer.status === 403 || answer.status === 400) return 'impossible';
  read(z.unknown(), answer, 200);
  return 'done';
}

/** Every row of a list. Throws Unavailable for one that ends early. */
export async function paged<P, T extends { id: string }>(
  coder: Coder,
  path: string,
  query: Record<string, string>,
  schema: z.ZodType<P>,
  pick: (page: P) => [readonly T[], number],
): Promise<T[]> {
  const rows = new Map<string, T>();
  for (let page = 0; page < maxPages; page++) {
    const search = new URLSearchParams({ ...query, limit: String(pageSize), offset: String(page * pageSize) });
    const [shown, count] = pick(read(schema, await call(coder, 'GET', `${path}?${search}`), 200));
    for (const row of shown) rows.set(row.id, row);
    if (shown.length === pageSize && rows.size < count) continue;
    if (rows.size < count) throw new Unavailable(`Coder counted ${count} at ${path} and listed ${rows.size}: an incomplete list is none`);
    return [...rows.values()];
  }
  throw new Unavailable(`Coder's list at ${path} did not end after ${maxPages} pages`);
}

export async function call(coder: Coder, method: string, path: string, json?: unknown): Promise<Answer> {
  const url = `${coder.url.replace(/\/$/, '')}/api/v2${path}`;
  const send = async (token: string) => {
    await coder.takeTurn(path.split('?')[0]);
    return ask(url, {
      method,
      ...(json !== undefined && { json }),
      headers: { 'coder-session-token': token },
      timeoutMs,
      attempts: method === 'POST' ? 1 : 3,
    });
  };
  const token = await secret(coder.tokenArn);
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  const fresh = await secretAgain(coder.tokenArn);
  const again = fresh === token ? answer : await send(fresh);
  if (again.status === 401)
    throw new Misconfigured('Coder answered 401: put the token of an active service account into the secret coder-token, then redrive');
  return again;
}

export function read<T>(schema: z.ZodType<T>, answer: Answer, status: number): T {
  if (answer.status === 403)
    throw new Misconfigured(
      'Coder answered 403: the service account of coder-token may not manage users and all workspaces; give it the role',
    );
  if (answer.status !== status) throw new Unavailable(`Coder answered ${answer.status} where ${status} was expected`);
  const parsed = schema.safeParse(parse(answer));
  if (parsed.success) return parsed.data;
  throw new Unavailable(`Coder answered something else than was asked for: ${z.prettifyError(parsed.error)}`);
}

function parse(answer: Answer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}

function workspaceOf({ id, name, latest_build: latest }: z.infer<typeof WorkspaceRow>): Workspace {
  const agents = (latest.resources ?? []).flatMap(({ agents }) => agents ?? []);
  return {
    id,
    name,
    latest: buildOf(latest),
    agentConnected: agents.some(({ status }) => status === 'connected' || status === 'connecting'),
  };
}

function buildOf({ id, transition, job, matched_provisioners: matched }: z.infer<typeof BuildRow>): Build {
  return { id, transition, job: job.status, unmatched: job.status === 'pending' && matched?.count === 0 };
}
