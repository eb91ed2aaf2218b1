/** Coder's workspaces by how their builds went and by what they were built from. It starts nothing. */
import { Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { type Coder, call, read } from './coder.http.ts';

const pageSize = 100;
const maxPages = 100;

const Row = z.object({
  id: z.string(),
  name: z.string(),
  owner_id: z.string(),
  owner_name: z.string(),
  outdated: z.boolean(),
  latest_build: z.object({
    transition: z.enum(['start', 'stop', 'delete']),
    template_version_id: z.string(),
    job: z.object({ status: z.string(), completed_at: z.string().nullish(), error: z.string().nullish() }),
  }),
});
export type Row = z.infer<typeof Row>;
const Page = z.object({ workspaces: z.array(Row), count: z.int() });

/** @param query as Coder's search takes it, e.g. `status:failed`, `template:claude-code`. */
export async function searched(coder: Coder, query: string): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (let page = 0; page < maxPages; page++) {
    const search = new URLSearchParams({ q: query, limit: String(pageSize), offset: String(page * pageSize) });
    const { workspaces, count } = read(Page, await call(coder, 'GET', `/workspaces?${search}`), 200);
    for (const row of workspaces) rows.set(row.id, row);
    if (workspaces.length < pageSize || rows.size >= count) return [...rows.values()];
  }
  throw new Unavailable(`Coder's list of workspaces did not end after ${maxPages} pages`);
}

export interface Failed {
  workspace: string;
  owner: string;
  error: string;
}

/** Latest builds that failed after `since` and not after `until`, both RFC 3339. */
export async function failedSince(coder: Coder, since: string, until: string): Promise<Failed[]> {
  const from = Date.parse(since);
  const to = Date.parse(until);
  return (await searched(coder, 'status:failed')).flatMap(({ name, owner_name, latest_build: { job } }) => {
    const at = Date.parse(job.completed_at ?? '');
    return at > from && at <= to ? [{ workspace: name, owner: owner_name, error: (job.error ?? 'no reason given').slice(0, 200) }] : [];
  });
}
