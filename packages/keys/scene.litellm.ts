/** Sets the scene of a step over one person's LiteLLM keys: who they are there, where it answers, how long its caches live. */
import { Person, person } from '@gatehouse/contracts/records/person';
import type { StepContract, StepInput, StepOutput } from '@gatehouse/contracts/steps/step';
import { KeysConfig } from '@gatehouse/core/keys-profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { type LiteLLM, usersOf } from './litellm.http.ts';
import { namesOf, report, type Seen } from './virtual-key.ts';

export const env = z.object({
  TABLE_KEYS: z.string(),
  TABLE_PEOPLE: z.string(),
  CONFIG: json(KeysConfig),
  SECRET_LITELLM_KEY_ARN: z.string(),
});

export interface Scene {
  input: z.infer<typeof StepInput>;
  table: string;
  litellm: LiteLLM;
  replicas: readonly string[];
  /** Twice a replica's cache. */
  quietMs: number;
  /** Every name that LiteLLM may know the person by, its own user ids among them. */
  names: readonly string[];
  users: readonly string[];
  email: string;
}

export function tell({ input }: Scene, outcome: StepOutput['outcome'], seen: readonly Seen[], message: string): StepOutput {
  return report(outcome, seen, message, timestamp(), `keys CASE#${input.case_id}`);
}

export function onKeys(contract: StepContract<typeof StepInput, typeof StepOutput>, run: (scene: Scene) => Promise<StepOutput>) {
  return onStep(contract, env, async (input, { env }) => {
    const { litellm: config } = env.CONFIG;
    if (!config) return { outcome: 'nothing_to_do' as const, targets: [], message: 'This company uses no LiteLLM (profile: keys.litellm)' };
    const row = await get(env.TABLE_PEOPLE, person.key(input.person));
    if (!row) throw new Misconfigured(`${input.person} is nobody here: the case names a person that was never admitted`);
    const litellm = { url: config.url, keyArn: env.SECRET_LITELLM_KEY_ARN, actor: `gatehouse ${input.case_id}` };
    const whom = Person.parse(row);
    const known = namesOf(whom);
    const users = await usersOf(litellm, known, whom.email);
    const quietMs = 2_000 * config.cache_ttl_seconds;
    const names = [...new Set([...known, ...users])];
    return run({ input, table: env.TABLE_KEYS, litellm, replicas: config.replicas, quietMs, names, users, email: whom.email });
  });
}
