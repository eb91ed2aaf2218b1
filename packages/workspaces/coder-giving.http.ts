/** Coder's API, as far as giving somebody an account, a workspace and a secret needs it. Names make each of a kind, so a lost answer is found again. */
import type { WorkspaceSpec } from '@gatehouse/contracts/records/grant';
import { Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { type Account, type Coder, call, read } from './coder.http.ts';

const User = z.object({ id: z.string(), username: z.string(), email: z.string(), status: z.string() });
const Organization = z.object({ id: z.string(), is_default: z.boolean().nullish() });
const Template = z.object({ id: z.string(), name: z.string(), organization_id: z.string() });
const Made = z.object({ id: z.string() });

/** Undefined: the name is taken, by whomever. */
export async function makeAccount(
  coder: Coder,
  { username, email, name }: { username: string; email: string; name: string },
): Promise<Account | undefined> {
  const organizations = read(z.array(Organization), await call(coder, 'GET', '/organizations'), 200);
  const home = organizations.find((one) => one.is_default) ?? organizations[0];
  if (!home) throw new Unavailable('Coder names no organization');
  const answer = await call(coder, 'POST', '/users', {
    username,
    email,
    name,
    login_type: 'oidc',
    user_status: 'active',
    organization_ids: [home.id],
  });
  return answer.status === 409 ? undefined : read(User, answer, 201);
}

/** Undefined: Coder has no template of this name. */
export async function templateNamed(coder: Coder, name: string): Promise<z.infer<typeof Template> | undefined> {
  return read(z.array(Template), await call(coder, 'GET', '/templates'), 200).find((one) => one.name === name);
}

/** @returns its id; undefined when they own one of this name already. */
export async function makeWorkspace(
  coder: Coder,
  account: Account,
  name: string,
  template: z.infer<typeof Template>,
  spec: WorkspaceSpec,
): Promise<string | undefined> {
  const path = `/organizations/${template.organization_id}/members/${account.id}/workspaces`;
  const answer = await call(coder, 'POST', path, {
    name,
    template_id: template.id,
    rich_parameter_values: parametersOf(spec),
    ...(spec.idle_stop_minutes !== undefined && { ttl_ms: spec.idle_stop_minutes * 60_000 }),
  });
  return answer.status === 409 ? undefined : read(Made, answer, 201).id;
}

export async function workspaceNamed(coder: Coder, account: Account, name: string): Promise<string | undefined> {
  const answer = await call(coder, 'GET', `/users/${account.id}/workspace/${name}`);
  return answer.status === 404 || answer.status === 410 ? undefined : read(Made, answer, 200).id;
}

/** A secret of the user that every workspace of theirs has in its environment. False: this Coder knows no such secrets, or not for others. */
export async function giveSecret(
  coder: Coder,
  account: Account,
  secret: { name: string; variable: string; value: string },
): Promise<boolean> {
  const { name, variable, value } = secret;
  const base = `/users/${account.id}/secrets`;
  const changed = await call(coder, 'PATCH', `${base}/${name}`, { value, env_name: variable });
  if (changed.status === 200) return true;
  const answer = await call(coder, 'POST', base, { name, value, env_name: variable, description: 'A LiteLLM key that Gatehouse made' });
  if (answer.status === 403 || answer.status === 404) return false;
  read(z.unknown(), answer, 201);
  return true;
}

export async function takeSecret(coder: Coder, account: Account, name: string): Promise<void> {
  const answer = await call(coder, 'DELETE', `/users/${account.id}/secrets/${name}`);
  if (answer.status !== 204 && answer.status !== 404 && answer.status !== 403) read(z.unknown(), answer, 200);
}

/** The names that the template's parameters have, when it has them: what it does not know, Coder refuses. */
function parametersOf({ cpu, memory_gb, disk_gb }: WorkspaceSpec): { name: string; value: string }[] {
  const values = { cpu, memory_gb, disk_gb };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
}
