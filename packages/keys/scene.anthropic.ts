/** Sets the scene of a step over one person's seat at Anthropic: where the organization answers, and what was taken from them before. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepContract, StepInput, StepOutput } from '@gatehouse/contracts/steps/step';
import { KeysConfig } from '@gatehouse/core/keys-profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
import { type Allowance, inTurn, TurnAhead } from '@gatehouse/runtime/turn';
import * as z from 'zod';
import type { Anthropic } from './anthropic.http.ts';
import { report, type Seen } from './seat.ts';
import { type Taken, takenFrom } from './taken-seat.dynamo.ts';

export const env = z.object({
  TABLE_KEYS: z.string(),
  TABLE_PEOPLE: z.string(),
  CONFIG: json(KeysConfig),
  SECRET_ANTHROPIC_ADMIN_KEY_ARN: z.string(),
});
type Env = z.infer<typeof env>;

export interface Scene {
  input: z.infer<typeof StepInput>;
  table: string;
  anthropic: Anthropic;
  whom: Person;
  taken: Taken;
}

export const noOrganization = 'This company has no organization at Anthropic (profile: keys.anthropic)';

/** Runs with the organization at hand; all calls of it take turns. Undefined: the company has none. */
export async function atAnthropic<T>(
  { CONFIG, TABLE_KEYS, SECRET_ANTHROPIC_ADMIN_KEY_ARN }: Omit<Env, 'TABLE_PEOPLE'>,
  who: Allowance['who'],
  run: (anthropic: Anthropic) => Promise<T>,
): Promise<T | undefined> {
  const { anthropic: config } = CONFIG;
  if (!config) return undefined;
  return inTurn({ table: TABLE_KEYS, vendor: 'anthropic', perMinute: config.requests_per_minute, who }, (takeTurn) =>
    run({ config, keyArn: SECRET_ANTHROPIC_ADMIN_KEY_ARN, takeTurn }),
  );
}

export async function whomOf({ TABLE_PEOPLE }: Pick<Env, 'TABLE_PEOPLE'>, id: string): Promise<Person> {
  const row = await get(TABLE_PEOPLE, person.key(id));
  if (!row) throw new Misconfigured(`${id} is nobody here: the case names a person that was never admitted`);
  return Person.parse(row);
}

const busySeconds = 30;

/** When asking again can tell more, after an error that says only that it is not the time. Undefined: it says something else. */
export function waitAfter(error: unknown): number | undefined {
  if (error instanceof TurnAhead) return error.waitSeconds;
  return error instanceof Error && error.name === 'Throttled' ? busySeconds : undefined;
}

const none = (): StepOutput => tell('nothing_to_do', [], noOrganization);

/** @param patient The machine comes back to this step for its turn; otherwise the step waits a little, and then fails. */
export function onSeats(
  contract: StepContract<typeof StepInput, typeof StepOutput>,
  run: (scene: Scene) => Promise<StepOutput>,
  { patient = false } = {},
) {
  return onStep(contract, env, async (input, { env }) => {
    if (!env.CONFIG.anthropic) return none();
    if (input.proven) return input.proven;
    const whom = await whomOf(env, input.person);
    const taken = await takenFrom(env.TABLE_KEYS, input.person);
    try {
      const who = patient ? { id: input.case_id, kind: contract.name } : undefined;
      return (await atAnthropic(env, who, (anthropic) => run({ input, table: env.TABLE_KEYS, anthropic, whom, taken }))) ?? none();
    } catch (error) {
      const wait = patient ? waitAfter(error) : undefined;
      if (wait === undefined) throw error;
      return { ...tell('not_yet', [], (error as Error).message), ...(input.watch && { watch: input.watch }), wait_seconds: wait };
    }
  });
}

export function tell(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string): StepOutput {
  return report(outcome, seen, message, timestamp());
}
