/** The steps over one person's Coder account and workspaces: find, block, unblock. Suspending is not the cut: the stopped workspace is. */
import { blockWorkspaces, findWorkspaces, unblockWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { forgetBlock, isOurBlock, rememberBlock } from './blocked-account.dynamo.ts';
import { firstFound } from './case-target.dynamo.ts';
import { accountById, build, failuresOf, setStatus, workspacesOf } from './coder.http.ts';
import { onWorkspaces, type Scene, tell } from './scene.coder.ts';
import { isDown, next, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

export const find = onWorkspaces(
  findWorkspaces,
  async ({ coder, account }) => {
    const workspaces = await workspacesOf(coder, account.username);
    const seen = [unchanged(account), ...workspaces.map(untouched)];
    return tell('done', seen, `A Coder account and ${workspaces.length} workspaces found`);
  },
  { patient: false },
);

/**
 * First the account, so that nothing is started again; then each workspace, since its agent's token outlives the suspension. It looks once:
 * while a build is under way the machine waits and comes back.
 */
export const block = onWorkspaces(blockWorkspaces, async (scene) => {
  const { coder, account, input, table } = scene;
  const workspaces = await workspacesOf(coder, account.username);
  if (input.dry_run)
    return tell(
      'done',
      [unchanged(account), ...workspaces.map(untouched)],
      `A Coder account would be suspended and ${workspaces.length} workspaces stopped`,
    );
  const suspended = await suspend(scene);
  const troubles =
    suspended.after === 'suspended' ? [] : ['Coder does not suspend this account: it is an owner, or our own. Suspend it by hand'];
  const seen: Seen[] = [suspended];
  for (const one of workspaces) {
    const { id } = one;
    const after = stateOf(one);
    const before = await firstFound(table, input.case_id, { kind: 'workspace', id, state: after }, now());
    seen.push({ kind: 'workspace', id, before, after });
    const trouble = await stop(scene, one);
    if (trouble) troubles.push(trouble);
  }
  if (troubles.length > 0) return tell('needs_human', seen, troubles.join('; '));
  const up = workspaces.filter((one) => !isDown(one));
  return up.length === 0
    ? tell('done', seen, `The Coder account is suspended and ${workspaces.length} workspaces are stopped`)
    : tell('not_yet', seen, `${up.length} workspaces are not down yet`);
});

async function suspend({ coder, account, table, input }: Scene): Promise<Seen> {
  const before = await firstFound(table, input.case_id, { kind: 'account', id: account.id, state: account.status }, now());
  const seen: Seen = { kind: 'account', id: account.id, before, after: 'suspended' };
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
  // The answer to our own write is no proof.
  const done =
    account.status !== 'suspended' ||
    ((await setStatus(coder, account.id, 'activate')) === 'done' && (await accountById(coder, account.id))?.status !== 'suspended');
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
