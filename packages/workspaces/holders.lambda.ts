/** The step that lists every Coder account and workspace with its owner's names. It knows nobody itself. */
import { type Holder, type Listed, listWorkspaceHolders } from '@gatehouse/contracts/steps/orphans';
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { json } from '@gatehouse/runtime/environment';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { everyAccount, everyOwned } from './coder-holders.http.ts';
import { atCoder } from './scene.coder.ts';

export const env = z.object({ TABLE_WORKSPACES: z.string(), CONFIG: json(WorkspacesConfig), SECRET_CODER_TOKEN_ARN: z.string() });

export const list = onStep(listWorkspaceHolders, env, async (_, { env }): Promise<Listed> => {
  const listed = await atCoder(env, 'first', async (coder) => ({ accounts: await everyAccount(coder), owned: await everyOwned(coder) }));
  if (!listed) return { holders: [] };
  const { accounts, owned } = listed;
  const emails = new Map(accounts.map(({ id, email }) => [id, email]));
  const people = accounts.map(
    ({ id, email, status }): Holder => ({ system: 'coder', kind: 'account', ref: id, names: [email], live: status !== 'suspended' }),
  );
  const workspaces = owned.map(({ id, ownerId, ownerName, live }): Holder => {
    return { system: 'coder', kind: 'workspace', ref: id, names: [emails.get(ownerId) ?? ownerName], live };
  });
  return { holders: [...people, ...workspaces] };
});
