/** Sets the scene of a step over one person's Coder account: who they are there and what they own. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepContract, StepInput, StepOutput } from '@gatehouse/contracts/steps/step';
import type { HostsConfig } from '@gatehouse/core/homes-profile';
import { WorkspacesConfig } from '@gatehouse/core/profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { type Account, accountOf, type Coder } from './coder.http.ts';
import { report, type Seen } from './workspace.ts';

export const env = z.object({
  TABLE_WORKSPACES: z.string(),
  TABLE_PEOPLE: z.string(),
  CONFIG: json(WorkspacesConfig),
  SECRET_CODER_TOKEN_ARN: z.string(),
});

export interface Scene {
  input: z.infer<typeof StepInput>;
  table: string;
  coder: Coder;
  account: Account;
  ecs: HostsConfig | undefined;
}

export function onWorkspaces(contract: StepContract<typeof StepInput, typeof StepOutput>, run: (scene: Scene) => Promise<StepOutput>) {
  return onStep(contract, env, async (input, { env }) => {
    const { coder: config, ecs } = env.CONFIG;
    if (!config)
      return { outcome: 'nothing_to_do' as const, targets: [], message: 'This company uses no Coder (profile: workspaces.coder)' };
    const row = await get(env.TABLE_PEOPLE, person.key(input.person));
    if (!row) throw new Misconfigured(`${input.person} is nobody here: the case names a person that was never admitted`);
    const coder = { url: config.url, tokenArn: env.SECRET_CODER_TOKEN_ARN };
    const account = await accountOf(coder, Person.parse(row).email);
    if (!account) return { outcome: 'nothing_to_do' as const, targets: [], message: 'Coder has no user of this address' };
    return run({ input, table: env.TABLE_WORKSPACES, coder, account, ecs });
  });
}

export function tell(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string): StepOutput {
  return report(outcome, seen, message, timestamp());
}
