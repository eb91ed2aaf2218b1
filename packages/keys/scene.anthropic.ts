/** Sets the scene of a step over one person's seat at Anthropic: where the organization answers, and what was taken from them before. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepContract, StepInput, StepOutput } from '@gatehouse/contracts/steps/step';
import { KeysConfig } from '@gatehouse/core/profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
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

/** Undefined: the company has none. */
export function anthropicOf({ CONFIG, TABLE_KEYS, SECRET_ANTHROPIC_ADMIN_KEY_ARN }: Omit<Env, 'TABLE_PEOPLE'>): Anthropic | undefined {
  return CONFIG.anthropic && { config: CONFIG.anthropic, keyArn: SECRET_ANTHROPIC_ADMIN_KEY_ARN, table: TABLE_KEYS };
}

export async function whomOf({ TABLE_PEOPLE }: Pick<Env, 'TABLE_PEOPLE'>, id: string): Promise<Person> {
  const row = await get(TABLE_PEOPLE, person.key(id));
  if (!row) throw new Misconfigured(`${id} is nobody here: the case names a person that was never admitted`);
  return Person.parse(row);
}

const busySeconds = 30;

/** @param patient The machine comes back to this step when the organization's limit is used up, instead of trying again at once. */
export function onSeats(
  contract: StepContract<typeof StepInput, typeof StepOutput>,
  run: (scene: Scene) => Promise<StepOutput>,
  { patient = false } = {},
) {
  return onStep(contract, env, async (input, { env }) => {
    const anthropic = anthropicOf(env);
    if (!anthropic) return { outcome: 'nothing_to_do' as const, targets: [], message: noOrganization };
    const whom = await whomOf(env, input.person);
    const taken = await takenFrom(env.TABLE_KEYS, input.person);
    try {
      return await run({ input, table: env.TABLE_KEYS, anthropic, whom, taken });
    } catch (error) {
      if (!patient || !(error instanceof Error) || error.name !== 'Throttled') throw error;
      return { ...tell('not_yet', [], error.message), ...(input.watch && { watch: input.watch }), wait_seconds: busySeconds };
    }
  });
}

export function tell(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string): StepOutput {
  return report(outcome, seen, message, timestamp());
}
