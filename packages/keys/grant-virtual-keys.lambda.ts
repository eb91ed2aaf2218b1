/**
 * Gives a person the LiteLLM keys that the policy wants them to have, changes those that they have from us, and takes back by name. The key itself
 * is sealed in our table and told to nobody here. Somebody who has a key that is not of ours is given none.
 */
import type { Person } from '@gatehouse/contracts/records/person';
import type { Given, GrantOutput, KeyWish } from '@gatehouse/contracts/steps/grant';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { grantVirtualKeys, withdrawVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { timestamp } from '@gatehouse/runtime/clock';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { given, isTheirTurn, notTheirTurn } from './giving.ts';
import { limitsOf, modelsFor } from './key-models.ts';
import { chooseSecret, forgetSecret, openSecret, type Place, readSecret } from './key-secret.dynamo.ts';
import { deleteKeys, deleteUser, keyInfo, keysOf, type LiteLLM, usersOf } from './litellm.http.ts';
import { changeKey, isTaken, makeKey, makeUser, offeredModels } from './litellm-giving.http.ts';
import { whomOf } from './scene.anthropic.ts';
import { env as lookingEnv } from './scene.litellm.ts';
import { namesOf, report, type Seen } from './virtual-key.ts';

export const env = lookingEnv.extend({ KEY_VIRTUAL_KEYS_ARN: z.string() });
type Env = z.infer<typeof env>;

const noLiteLLM = 'This company uses no LiteLLM (profile: keys.litellm)';
const soonSeconds = 5;

interface Scene {
  env: Env;
  litellm: LiteLLM;
  replicas: readonly string[];
  whom: Person;
  caseId: string;
}

export const grant = onStep(grantVirtualKeys, env, async (input, { env }): Promise<GrantOutput> => {
  const { litellm: config } = env.CONFIG;
  const refusedAll = (message: string) =>
    given(
      'nothing_to_do',
      input.wanted.map(({ alias }) => ({ alias, state: 'refused' as const })),
      [],
      message,
    );
  if (!config) return refusedAll(noLiteLLM);
  const whom = await whomOf(env, input.person);
  if (!isTheirTurn(whom, input)) return refusedAll(notTheirTurn);
  const litellm = { url: config.url, keyArn: env.SECRET_LITELLM_KEY_ARN, actor: `gatehouse ${input.case_id}` };
  const scene: Scene = { env, litellm, replicas: config.replicas, whom, caseId: input.case_id };
  const answers = [];
  for (const wish of input.wanted) answers.push(await giveOne(scene, wish, input.dry_run));
  const targets = tell(
    'done',
    answers.flatMap(({ seen }) => seen ?? []),
    '',
    input.case_id,
  ).targets;
  const states = answers.map(({ state }) => state);
  const troubles = answers.flatMap(({ trouble }) => trouble ?? []);
  if (troubles.length > 0) return given('needs_human', states, targets, troubles.join('; '));
  if (answers.some(({ waiting }) => waiting))
    return given('not_yet', states, targets, 'Not every replica of LiteLLM takes the key yet', soonSeconds);
  const outcome = states.some(({ state }) => state === 'given') ? 'done' : 'nothing_to_do';
  return given(outcome, states, targets, `${states.filter(({ state }) => state === 'given').length} LiteLLM keys are theirs and work`);
});

interface GivenOne {
  state: Given;
  seen?: Seen;
  trouble?: string;
  waiting?: boolean;
}

async function giveOne(scene: Scene, { alias, spec }: z.infer<typeof KeyWish>, dryRun: boolean): Promise<GivenOne> {
  const { env, litellm, whom, caseId } = scene;
  const place: Place = { table: env.TABLE_KEYS, keyArn: env.KEY_VIRTUAL_KEYS_ARN, person: whom.id, alias };
  const kept = await readSecret(place);
  const ours = kept && (await keyInfo(litellm, kept.token));
  const known = namesOf(whom);
  const names = [...new Set([...known, ...(await usersOf(litellm, known, whom.email))])];
  const others = (await keysOf(litellm, names)).filter(({ token }) => token !== kept?.token);
  if (!ours && others.length > 0) return { state: { alias, state: 'found' } };
  const models = modelsFor(spec, await offeredModels(litellm));
  if (!models.all && models.names.length === 0)
    return { state: { alias, state: 'refused' }, trouble: 'LiteLLM offers none of the models that the policy allows them: add one there' };
  if (dryRun) return { state: { alias, state: 'given' } };
  const limits = { models: models.all ? [] : models.names, ...limitsOf(spec) };
  const user = names.find((name) => !known.includes(name)) ?? whom.id;
  const made = !ours && (await makeUser(litellm, { userId: user, email: whom.email, name: whom.name })) === 'made';
  // A key of an earlier case that is gone was deleted: whoever comes back gets another one.
  const row = kept && (ours || kept.case_id === caseId) ? kept : await chooseSecret(place, { case_id: caseId, made_user: made });
  const key = await openSecret(place, row);
  if (ours) await changeKey(litellm, row.token, limits);
  else await makeKey(litellm, { key, token: row.token, alias, userId: user, caseId, limits });
  const seen: Seen = { kind: 'virtual-key', id: row.token, before: ours ? 'there' : 'none', after: 'live' };
  if (ours?.blocked)
    return { state: { alias, state: 'refused' }, seen, trouble: 'LiteLLM holds their key blocked: unblock it there, or delete it' };
  const taken = await Promise.all(scene.replicas.map((replica) => isTaken(replica, key)));
  return { state: { alias, state: 'given' }, seen, waiting: taken.includes(false) };
}

/** Only what bears these names and came from us; the user goes with the last key where it came from us too. */
export const withdraw = onStep(withdrawVirtualKeys, env, async (input, { env }): Promise<StepOutput> => {
  const { litellm: config } = env.CONFIG;
  if (!config) return { outcome: 'nothing_to_do', targets: [], message: noLiteLLM };
  const litellm = { url: config.url, keyArn: env.SECRET_LITELLM_KEY_ARN, actor: `gatehouse ${input.case_id}` };
  const seen: Seen[] = [];
  for (const alias of input.aliases) {
    const place = { table: env.TABLE_KEYS, person: input.person, alias };
    const kept = await readSecret(place);
    if (!kept || (input.scope === 'this_case' && kept.case_id !== input.case_id)) continue;
    const there = await keyInfo(litellm, kept.token);
    if (there && !input.dry_run) await deleteKeys(litellm, [kept.token]);
    seen.push({ kind: 'virtual-key', id: kept.token, before: there ? 'live' : 'gone', after: 'deleted' });
    if (input.dry_run) continue;
    if (kept.made_user && (await keysOf(litellm, [input.person])).length === 0) await deleteUser(litellm, input.person);
    await forgetSecret(place);
  }
  const message = `${seen.length} LiteLLM keys of ours are deleted; a replica may take one until its cache ends`;
  return tell(seen.length > 0 ? 'done' : 'nothing_to_do', seen, message, input.case_id);
});

function tell(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string, caseId: string): StepOutput {
  return report(outcome, seen, message, timestamp(), `keys CASE#${caseId}`);
}
