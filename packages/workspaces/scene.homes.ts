/** Sets the scene of a step over one person's homes: which file system, and by which ids its access points may call them their owner. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import type { HomesConfig } from '@gatehouse/core/homes-profile';
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { get } from '@gatehouse/runtime/table';
import type { Allowance } from '@gatehouse/runtime/turn';
import * as z from 'zod';
import { type Home, homesOf } from './access-points.efs.ts';
import { found } from './case-target.dynamo.ts';
import { accountOf, workspacesOf } from './coder.http.ts';
import { atCoder, tell } from './scene.coder.ts';
import type { Workspace } from './workspace.ts';

export const env = z.object({
  TABLE_WORKSPACES: z.string(),
  TABLE_PEOPLE: z.string(),
  CONFIG: json(WorkspacesConfig),
  SECRET_CODER_TOKEN_ARN: z.string(),
});
export type Env = z.infer<typeof env>;

export interface Scene {
  homes: HomesConfig;
  table: string;
  listed: Home[];
  /** What Coder shows of them now. */
  workspaces: Workspace[];
}

/** @param who books a turn at Coder. */
export async function sceneOf(env: Env, personId: string, caseId: string, who?: Allowance['who']): Promise<Scene | undefined> {
  const { homes } = env.CONFIG;
  if (!homes) return undefined;
  const row = await get(env.TABLE_PEOPLE, person.key(personId));
  if (!row) throw new Misconfigured(`${personId} is nobody here: the case names a person that was never admitted`);
  const table = env.TABLE_WORKSPACES;
  const inCoder = await atCoder(env, who, async (coder) => {
    const account = await accountOf(coder, Person.parse(row).email);
    return account && { account, workspaces: await workspacesOf(coder, account.username) };
  });
  // Once Coder has deleted the account, what the case wrote down still names it.
  const known = [...(await found(table, caseId, 'account')).keys()];
  const owners = [...new Set([personId, ...(inCoder ? [inCoder.account.id] : []), ...known])];
  return {
    homes,
    table,
    listed: await homesOf(homes, owners),
    workspaces: inCoder?.workspaces ?? [],
  };
}

export function noHomes(): StepOutput {
  return tell('nothing_to_do', [], 'This company keeps no homes on EFS (profile: workspaces.homes)');
}
