/** The steps over one person's Coder account and workspaces: find, block, unblock. Suspending is not the cut: the stopped workspace is. */
import { blockWorkspaces, findWorkspaces, unblockWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { now, pause, timestamp } from '@gatehouse/runtime/clock';
import { forgetBlock, isOurBlock, rememberBlock } from './blocked-account.dynamo.ts';
import { build, failuresOf, setStatus, workspacesOf } from './coder.http.ts';
import { onWorkspaces, type Scene, tell } from './scene.coder.ts';
import { isDown, next, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

export const find = onWorkspaces(findWorkspaces, async ({ coder, account }) => {
  const workspaces = await workspacesOf(coder, account.username);
  const seen = [unchanged(account), ...workspaces.map(untouched)];
  return tell('done', seen, `A Coder account and ${workspaces.length} workspaces found`);
});

/** Below the step's time: the machine comes back while a build is under way. */
const patienceMs = 40_000;
const lookEveryMs = 2_000;

/** First the account, so that nothing is started again; then each workspace, since its agent's token outlives the suspension. */
export const block = onWorkspaces(blockWorkspaces, async (scene) => {
  const { coder, account, input } = scene;
  const found = await workspacesOf(coder, account.username);
  if (input.dry_run)
    return tell(
      'done',
      [unchanged(account), ...found.map(untouched)],
      `A Coder account would be suspended and ${found.length} workspaces stopped`,
    );
  const suspended = await suspend(scene);
  const began = now();
  for (;;) {
    const workspaces = await workspacesOf(coder, account.username);
    const troubles =
      suspended.after === 'suspended' ? [] : ['Coder does not suspend this account: it is an owner, or our own. Suspend it by hand'];
    for (const workspace of workspaces) {
      const trouble = await stop(scene, workspace);
      if (trouble) troubles.push(trouble);
    }
    const before = new Map(found.map((one) => [one.id, stateOf(one)]));
    const seen: Seen[] = workspaces.map((one) => ({
      kind: 'workspace',
      id: one.id,
      before: before.get(one.id) ?? stateOf(one),
      after: stateOf(one),
    }));
    if (troubles.length > 0) return tell('needs_human', [suspended, ...seen], troubles.join('; '));
    const up = workspaces.filter((one) => !isDown(one));
    if (up.length === 0)
      return tell('done', [suspended, ...seen], `The Coder account is suspended and ${workspaces.length} workspaces are stopped`);
    if (now() + lookEveryMs - began > patienceMs) return tell('not_yet', [suspended, ...seen], `${up.length} workspaces are not down yet`);
    await pause(lookEveryMs);
  }
});

async function suspend({ coder, account, table, input }: Scene): Promise<Seen> {
  const seen: Seen = { kind: 'account', id: account.id, before: account.status, after: 'suspended' };
  if (account.status === 'suspended') return seen;
  await rememberBlock(table, input.person, account.id, input.case_id, timestamp());
  const answer = await setStatus(coder, account.id, 'suspend');
  return answer === 'impossible' ? { ...seen, after: account.status } : seen;
}

/** Sees to it that a stop is under way. @returns what a person has to look at, if anything. */
async function stop({ coder }: Scene, workspace: Workspace): Promise<string | undefined> {
  const { name, latest } = workspace;
  const failures = latest.job === 'failed' ? await failuresOf(coder, workspace.id, 'stop') : 0;
  switch (next(workspace, 'stop', failures)) {
    case 'nothing':
      return undefined;
    case 'wait':
      return latest.unmatched ? `No provisioner takes the build of workspace ${name}: start one, or stop the workspace by hand` : undefined;
    case 'give-up':
      return `Stopping workspace ${name} failed twice: look at its build log in Coder, and stop it by hand`;
    case 'build':
      await build(coder, workspace.id, 'stop');
      return undefined;
  }
}

/** Only the suspension that we made; people start their workspaces themselves. */
export const unblock = onWorkspaces(unblockWorkspaces, async ({ coder, account, table, input }) => {
  const ours = await isOurBlock(table, input.person, account.id);
  if (!ours) return tell('nothing_to_do', [unchanged(account)], 'Gatehouse has not suspended this Coder account');
  if (input.dry_run) return tell('done', [unchanged(account)], 'The Coder account would be activated');
  const done = account.status !== 'suspended' || (await setStatus(coder, account.id, 'activate')) === 'done';
  if (!done) return tell('needs_human', [unchanged(account)], 'Coder does not activate this account: activate it by hand');
  await forgetBlock(table, input.person, account.id);
  return tell('done', [{ kind: 'account', id: account.id, before: account.status, after: 'active' }], 'The Coder account is active again');
});

function untouched(workspace: Workspace): Seen {
  return { kind: 'workspace', id: workspace.id, before: stateOf(workspace), after: stateOf(workspace) };
}

function unchanged({ id, status }: Scene['account']): Seen {
  return { kind: 'account', id, before: status, after: status };
}
