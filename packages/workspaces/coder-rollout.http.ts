/** Coder's API, as far as a rollout needs it: a template's active version, workspaces that lag behind it, and builds from it. */
import * as z from 'zod';
import { type Coder, call, read } from './coder.http.ts';
import { type Row, searched } from './coder-builds.http.ts';
import type { Shown } from './rollout.ts';

const Template = z.object({ id: z.string(), name: z.string(), active_version_id: z.string() });

/** Undefined: Coder has no template of this name. */
export async function activeVersion(coder: Coder, template: string): Promise<string | undefined> {
  const templates = read(z.array(Template), await call(coder, 'GET', '/templates'), 200);
  return templates.find(({ name }) => name === template)?.active_version_id;
}

/** All of the template, by id. */
export async function workspacesFrom(coder: Coder, template: string): Promise<Map<string, Row>> {
  return new Map((await searched(coder, `template:${template}`)).map((row) => [row.id, row]));
}

/** @param version of the rollout: what is built from it is not outdated for it, though a newer one was pushed meanwhile. */
export function shownOf({ outdated, latest_build: { transition, job, template_version_id: built } }: Row, version: string): Shown {
  return { outdated: outdated && built !== version, transition, job: job.status, error: job.error?.slice(0, 200) };
}

/** `busy`: another build is active (409). The home is on a volume that no build of a start or a stop deletes. */
export async function buildFrom(
  coder: Coder,
  id: string,
  transition: 'start' | 'stop',
  version?: string,
): Promise<'queued' | 'busy' | 'gone'> {
  const wish = { transition, ...(version !== undefined && { template_version_id: version }) };
  const answer = await call(coder, 'POST', `/workspaces/${id}/builds`, wish);
  if (answer.status === 409) return 'busy';
  if (answer.status === 410 || answer.status === 404) return 'gone';
  read(z.unknown(), answer, 201);
  return 'queued';
}

/** Its next start, by whomever, takes the active version. */
export async function updateAtStart(coder: Coder, id: string): Promise<void> {
  const answer = await call(coder, 'PUT', `/workspaces/${id}/autoupdates`, { automatic_updates: 'always' });
  if (answer.status !== 204 && answer.status !== 404 && answer.status !== 410) read(z.unknown(), answer, 200);
}

const Address = z.object({ email: z.string() });

export async function addressOf(coder: Coder, userId: string): Promise<string | undefined> {
  const answer = await call(coder, 'GET', `/users/${userId}`);
  return answer.status === 404 ? undefined : read(Address, answer, 200).email;
}
