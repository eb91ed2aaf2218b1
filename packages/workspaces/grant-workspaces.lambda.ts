/**
 * Gives a person a Coder account and the workspaces that the policy wants them to have, with their LiteLLM key in the environment; takes back by name.
 * What an undone onboarding made is deleted; what a move takes is stopped and kept, for a home is in it. Somebody who has a workspace is given none.
 */
import { Person, person } from '@gatehouse/contracts/records/person';
import { contextOf, VirtualKeySecret, virtualKeySecret } from '@gatehouse/contracts/records/virtual-key-secret';
import type { Given, GrantOutput, WorkspaceWish } from '@gatehouse/contracts/steps/grant';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { grantWorkspaces, withdrawWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { timestamp } from '@gatehouse/runtime/clock';
import { opened } from '@gatehouse/runtime/envelope';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get, query } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { forgetBlock, isOurBlock, rememberBlock } from './blocked-account.dynamo.ts';
import {
  type Account,
  accountById,
  accountOf,
  build,
  type Coder,
  deleteAccount,
  failuresOf,
  setStatus,
  workspace,
  workspacesOf,
} from './coder.http.ts';
import { giveSecret, makeAccount, makeWorkspace, takeSecret, templateNamed, workspaceNamed } from './coder-giving.http.ts';
import { forgetGiven, givenBy, rememberGiven } from './given-workspace.dynamo.ts';
import { atCoder, env as lookingEnv, notYet, tell } from './scene.coder.ts';
import { usernamesFor } from './username.ts';
import { next, type Seen, stateOf, type Workspace } from './workspace.ts';

export const env = lookingEnv.extend({ TABLE_KEYS: z.string(), KEY_VIRTUAL_KEYS_ARN: z.string() });
type Env = z.infer<typeof env>;
type Wished = z.infer<typeof grantWorkspaces.input>;

const noCoder = 'This company uses no Coder (profile: workspaces.coder)';
const buildingSeconds = 10;
/** What the tools in a workspace read LiteLLM's key from. */
const secret = { name: 'litellm-api-key', variable: 'LITELLM_API_KEY' };

interface Scene {
  env: Env;
  coder: Coder;
  whom: Person;
  caseId: string;
}

export const grant = onStep(grantWorkspaces, env, async (input, { env }): Promise<GrantOutput> => {
  const who = { id: input.case_id, kind: grantWorkspaces.name };
  try {
    return (await atCoder(env, who, (coder) => give(env, coder, input))) ?? answer('nothing_to_do', refusedAll(input), [], noCoder);
  } catch (error) {
    return { ...notYet(error, {}), given: [] };
  }
});

function refusedAll({ wanted }: Wished): Given[] {
  return wanted.map(({ alias }) => ({ alias, state: 'refused' as const }));
}

async function give(env: Env, coder: Coder, input: Wished): Promise<GrantOutput> {
  const all = (state: Given['state']) => input.wanted.map(({ alias }) => ({ alias, state }));
  if (input.wanted.length === 0) return answer('nothing_to_do', all('refused'), [], 'No workspace is wanted');
  const whom = await whomOf(env, input.person);
  if (whom.status !== 'active' || whom.generation !== input.generation)
    return answer('nothing_to_do', all('refused'), [], 'They are no longer here, or have left and come back since: nothing was given');
  const scene: Scene = { env, coder, whom, caseId: input.case_id };
  const known = await accountOf(scene.coder, whom.email);
  if (input.dry_run) return answer('done', all('given'), [], known ? 'They have a Coder account' : 'A Coder account would be made');
  const account = known ?? (await newAccount(scene));
  if (!account)
    return answer('needs_human', all('refused'), [], 'Every name that they could have in Coder is taken: make their account by hand');
  const barred = await activated(scene, account);
  if (barred) return answer('needs_human', all('refused'), [], barred);
  const owned = await workspacesOf(scene.coder, account.username);
  const handed = await handKeyOver(scene, account);
  const results = [];
  for (const wish of input.wanted) results.push(await giveOne(scene, account, wish, owned));
  const seen: Seen[] = [
    { kind: 'account', id: account.id, before: known?.status ?? 'none', after: 'active' },
    ...results.flatMap(({ seen }) => seen ?? []),
  ];
  const states = results.map(({ state }) => state);
  const troubles = results.flatMap(({ trouble }) => trouble ?? []);
  if (troubles.length > 0) return answer('needs_human', states, seen, troubles.join('; '));
  if (results.some(({ waiting }) => waiting)) return answer('not_yet', states, seen, 'A workspace is being built', buildingSeconds);
  const done = states.some(({ state }) => state === 'given') ? 'done' : 'nothing_to_do';
  return answer(done, states, seen, `Their Coder account is active, and their workspace is there${handed}`);
}

async function whomOf({ TABLE_PEOPLE }: Env, id: string): Promise<Person> {
  const row = await get(TABLE_PEOPLE, person.key(id));
  if (!row) throw new Misconfigured(`${id} is nobody here: the case names a person that was never admitted`);
  return Person.parse(row);
}

async function newAccount({ env, coder, whom, caseId }: Scene): Promise<Account | undefined> {
  await rememberGiven(env.TABLE_WORKSPACES, whom.id, 'ACCOUNT', caseId);
  for (const username of usernamesFor(whom)) {
    const made = await makeAccount(coder, { username, email: whom.email, name: whom.name });
    // Taken by somebody else, or by a try of ours whose answer was lost.
    const account = made ?? (await accountOf(coder, whom.email));
    if (account) return account;
  }
  await forgetGiven(env.TABLE_WORKSPACES, whom.id, 'ACCOUNT');
  return undefined;
}

/** Only our own suspension is lifted. @returns what keeps them out. */
async function activated({ env, coder, whom }: Scene, account: Account): Promise<string | undefined> {
  if (account.status !== 'suspended') return undefined;
  if (!(await isOurBlock(env.TABLE_WORKSPACES, whom.id, account.id)))
    return 'Their Coder account is suspended, and not by Gatehouse: activate it by hand, then start again';
  if ((await setStatus(coder, account.id, 'activate')) !== 'done') return 'Coder does not activate their account: activate it by hand';
  await forgetBlock(env.TABLE_WORKSPACES, whom.id, account.id);
  return undefined;
}

/** @returns what to say about it. The key goes from its envelope to Coder and nowhere else. */
async function handKeyOver({ env, coder, whom }: Scene, account: Account): Promise<string> {
  const [row] = await query(env.TABLE_KEYS, virtualKeySecret.key(whom.id, '').pk);
  if (!row) return '';
  const { alias, envelope } = VirtualKeySecret.parse(row);
  const value = await opened(env.KEY_VIRTUAL_KEYS_ARN, envelope, contextOf(whom.id, alias));
  return (await giveSecret(coder, account, { ...secret, value }))
    ? ` with their LiteLLM key in ${secret.variable}`
    : '; this Coder takes no secrets for others, so the LiteLLM key is not in it';
}

interface GivenOne {
  state: Given;
  seen?: Seen;
  trouble?: string;
  waiting?: boolean;
}

async function giveOne(
  { env, coder, whom, caseId }: Scene,
  account: Account,
  { alias, spec }: z.infer<typeof WorkspaceWish>,
  owned: readonly Workspace[],
): Promise<GivenOne> {
  const table = env.TABLE_WORKSPACES;
  const ours = await givenBy(table, whom.id, `WORKSPACE#${alias}`);
  const there = owned.find(({ name }) => name === alias);
  if (!ours && owned.length > 0) return { state: { alias, state: 'found' } };
  if (!there) {
    const template = await templateNamed(coder, spec.template);
    if (!template)
      return {
        state: { alias, state: 'refused' },
        trouble: `Coder has no template ${spec.template}: push it, or name another one in the policy`,
      };
    await rememberGiven(table, whom.id, `WORKSPACE#${alias}`, caseId);
    const id = (await makeWorkspace(coder, account, alias, template, spec)) ?? (await workspaceNamed(coder, account, alias));
    return {
      state: { alias, state: 'given' },
      waiting: true,
      ...(id && { seen: { kind: 'workspace', id, before: 'none', after: 'building' } }),
    };
  }
  const seen: Seen = { kind: 'workspace', id: there.id, before: stateOf(there), after: stateOf(there) };
  const state: Given = { alias, state: 'given' };
  const failures = there.latest.job === 'failed' ? await failuresOf(coder, there.id, 'start') : 0;
  // Stopped by its owner or by its template: it is theirs, and they start it.
  if (there.latest.transition !== 'start' && there.latest.job === 'succeeded') return { state, seen };
  switch (next(there, 'start', failures)) {
    case 'nothing':
      return there.agentConnected ? { state, seen } : { state, seen, waiting: true };
    case 'wait':
      return there.latest.unmatched
        ? { state, seen, trouble: `No provisioner takes the build of workspace ${alias}: start one` }
        : { state, seen, waiting: true };
    case 'give-up':
      return { state, seen, trouble: `Building workspace ${alias} failed twice: look at its build log in Coder` };
    case 'build':
      await build(coder, there.id, 'start');
      return { state, seen, waiting: true };
  }
}

export const withdraw = onStep(withdrawWorkspaces, env, async (input, { env }): Promise<StepOutput> => {
  if (input.aliases.length === 0) return tell('nothing_to_do', [], 'No workspace is to be taken');
  const who = { id: input.case_id, kind: withdrawWorkspaces.name };
  try {
    return (await atCoder(env, who, (coder) => takeBack(env, coder, input))) ?? tell('nothing_to_do', [], noCoder);
  } catch (error) {
    return notYet(error, {});
  }
});

async function takeBack(env: Env, coder: Coder, input: z.infer<typeof withdrawWorkspaces.input>): Promise<StepOutput> {
  const whom = await whomOf(env, input.person);
  const scene: Scene = { env, coder, whom, caseId: input.case_id };
  const account = await accountOf(scene.coder, whom.email);
  if (!account) return tell('nothing_to_do', [], 'Coder has no user of this address');
  const seen: Seen[] = [];
  const troubles: string[] = [];
  let busy = 0;
  for (const alias of input.aliases) {
    const by = await givenBy(env.TABLE_WORKSPACES, whom.id, `WORKSPACE#${alias}`);
    if (input.scope === 'this_case' && by !== input.case_id) continue;
    const id = by && (await workspaceNamed(scene.coder, account, alias));
    const one = id ? await workspace(scene.coder, id) : undefined;
    const wanted = input.scope === 'this_case' ? 'delete' : 'stop';
    if (one) {
      seen.push({ kind: 'workspace', id: one.id, before: stateOf(one), after: wanted });
      const failures = one.latest.job === 'failed' ? await failuresOf(scene.coder, one.id, wanted) : 0;
      const step = next(one, wanted, failures);
      if (step === 'give-up') troubles.push(`Workspace ${alias} does not ${wanted}: look at its build log in Coder`);
      if (step === 'wait' && one.latest.unmatched)
        troubles.push(`No provisioner takes the build of workspace ${alias}: start one, or cancel it in Coder`);
      else if (step === 'wait' || step === 'build') busy++;
      if (step === 'build' && !input.dry_run) await build(scene.coder, one.id, wanted);
    }
    if (!one && by && !input.dry_run) await forgetGiven(env.TABLE_WORKSPACES, whom.id, `WORKSPACE#${alias}`);
  }
  if (input.dry_run) return tell('done', seen, `${seen.length} workspaces of ours would be taken back`);
  if (troubles.length > 0) return tell('needs_human', seen, troubles.join('; '));
  if (busy > 0) return { ...tell('not_yet', seen, `${busy} workspaces are not taken back yet`), wait_seconds: buildingSeconds };
  const ended = await endAccount(scene, account, input.scope);
  if (ended === 'still there')
    return { ...tell('not_yet', seen, 'Coder says that the account is ended, and still shows it'), wait_seconds: buildingSeconds };
  if (ended) seen.push({ kind: 'account', id: account.id, before: account.status, after: ended });
  return tell(seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${seen.length} things of ours in Coder are taken back`);
}

/** An account that this case made goes with it; one that was given earlier is suspended, and ours to activate again. */
async function endAccount({ env, coder, whom, caseId }: Scene, account: Account, scope: 'this_case' | 'all'): Promise<string | undefined> {
  const table = env.TABLE_WORKSPACES;
  const by = await givenBy(table, whom.id, 'ACCOUNT');
  if (!by || (scope === 'this_case' && by !== caseId)) return undefined;
  await takeSecret(coder, account, secret.name);
  if (scope === 'this_case') {
    if ((await deleteAccount(coder, account.id)) !== 'done') return undefined;
    // The answer to our own write is no proof.
    if (await accountOf(coder, whom.email)) return 'still there';
    await forgetGiven(table, whom.id, 'ACCOUNT');
    return 'deleted';
  }
  if (account.status === 'suspended') return undefined;
  await rememberBlock(table, whom.id, account.id, caseId, timestamp());
  if ((await setStatus(coder, account.id, 'suspend')) !== 'done') return undefined;
  return (await accountById(coder, account.id))?.status === 'active' ? 'still there' : 'suspended';
}

function answer(
  outcome: GrantOutput['outcome'],
  given: readonly Given[],
  seen: readonly Seen[],
  message: string,
  waitSeconds?: number,
): GrantOutput {
  const { targets } = tell(outcome, seen, message);
  return { outcome, targets, message, given: [...given], ...(waitSeconds !== undefined && { wait_seconds: waitSeconds }) };
}
