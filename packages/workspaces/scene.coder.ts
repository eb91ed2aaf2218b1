/** Sets the scene of a step over one person's Coder account: who they are there and what they own. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepContract, StepInput, StepOutput } from '@gatehouse/contracts/steps/step';
import type { HostsConfig } from '@gatehouse/core/homes-profile';
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
import { type Allowance, inTurn, TurnAhead } from '@gatehouse/runtime/turn';
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

type Place = Pick<z.infer<typeof env>, 'CONFIG' | 'TABLE_WORKSPACES' | 'SECRET_CODER_TOKEN_ARN'>;

/** Runs with Coder at hand; all calls of it take turns. Undefined: the company has none. */
export async function atCoder<T>(
  { CONFIG, TABLE_WORKSPACES, SECRET_CODER_TOKEN_ARN }: Place,
  who: Allowance['who'],
  run: (coder: Coder) => Promise<T>,
): Promise<T | undefined> {
  const { coder: config } = CONFIG;
  if (!config) return undefined;
  return inTurn({ table: TABLE_WORKSPACES, vendor: 'coder', perMinute: config.requests_per_minute, who }, (takeTurn) =>
    run({ url: config.url, tokenArn: SECRET_CODER_TOKEN_ARN, takeTurn }),
  );
}

/** What a step answers whose turn at Coder is to come: the machine waits for it. Throws every other error again. */
export function notYet(error: unknown, { watch }: Pick<StepInput, 'watch'>): StepOutput & { outcome: 'not_yet' } {
  if (!(error instanceof TurnAhead)) throw error;
  return { outcome: 'not_yet', targets: [], message: error.message, ...(watch && { watch }), wait_seconds: error.waitSeconds };
}

const none = (): StepOutput => tell('nothing_to_do', [], 'This company uses no Coder (profile: workspaces.coder)');

/** @param patient The machine comes back to this step for its turn; otherwise the step waits a little, and then fails. */
export function onWorkspaces(
  contract: StepContract<typeof StepInput, typeof StepOutput>,
  run: (scene: Scene) => Promise<StepOutput>,
  { patient = true } = {},
) {
  return onStep(contract, env, async (input, { env }) => {
    if (!env.CONFIG.coder) return none();
    if (input.proven) return input.proven;
    const row = await get(env.TABLE_PEOPLE, person.key(input.person));
    if (!row) throw new Misconfigured(`${input.person} is nobody here: the case names a person that was never admitted`);
    const who = patient ? { id: input.case_id, kind: contract.name } : undefined;
    const visit = async (coder: Coder) => {
      const account = await accountOf(coder, Person.parse(row).email);
      if (!account) return tell('nothing_to_do', [], 'Coder has no user of this address');
      return run({ input, table: env.TABLE_WORKSPACES, coder, account, ecs: env.CONFIG.ecs });
    };
    try {
      return (await atCoder(env, who, visit)) ?? none();
    } catch (error) {
      return notYet(error, input);
    }
  });
}

export function tell(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string): StepOutput {
  return report(outcome, seen, message, timestamp());
}
