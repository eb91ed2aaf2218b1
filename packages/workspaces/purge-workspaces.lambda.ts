/** Tears down one person's Coder workspaces, then deletes the account. Never orphans: a build that cannot destroy its resources is a person's matter. */
import { purgeWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { now, pause } from '@gatehouse/runtime/clock';
import { forgetBlock } from './blocked-account.dynamo.ts';
import { build, deleteAccount, failuresOf, workspace, workspacesOf } from './coder.http.ts';
import { onWorkspaces, type Scene, tell } from './scene.coder.ts';
import { next, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

const lookEveryMs = 5_000;
/** Below the step's time; then the machine comes back. */
const patienceMs = 240_000;

export const purge = onWorkspaces(purgeWorkspaces, async (scene) => {
  const { coder, account, input, table } = scene;
  const found = await workspacesOf(coder, account.username);
  const seen = (after: (one: Workspace) => string, accountAfter: string): Seen[] => [
    ...found.map((one) => ({ kind: 'workspace' as const, id: one.id, before: stateOf(one), after: after(one) })),
    { kind: 'account', id: account.id, before: account.status, after: accountAfter },
  ];
  if (input.dry_run)
    return tell('done', seen(stateOf, account.status), `${found.length} workspaces and the Coder account would be deleted`);
  const began = now();
  for (;;) {
    const left: Workspace[] = [];
    for (const { id } of found) {
      // 410 is looked for first: Coder takes a delete of what is deleted, and builds again.
      const one = await workspace(coder, id);
      if (!one) continue;
      const trouble = await tearDown(scene, one);
      if (trouble) return tell('needs_human', seen(stateOf, account.status), trouble);
      left.push(one);
    }
    if (left.length === 0) break;
    if (now() + lookEveryMs - began > patienceMs)
      return tell(
        'not_yet',
        seen((one) => (left.some(({ id }) => id === one.id) ? 'deleting' : 'deleted'), account.status),
        `${left.length} workspaces are still being deleted`,
      );
    await pause(lookEveryMs);
  }
  const answer = await deleteAccount(coder, account.id);
  if (answer === 'occupied')
    return tell(
      'not_yet',
      seen(() => 'deleted', account.status),
      'The account owns another workspace by now; the next try takes it too',
    );
  if (answer === 'impossible')
    return tell(
      'needs_human',
      seen(() => 'deleted', account.status),
      'Coder does not delete this account: delete it by hand',
    );
  await forgetBlock(table, input.person, account.id);
  return tell(
    'done',
    seen(() => 'deleted', 'deleted'),
    `${found.length} workspaces and the Coder account are deleted`,
  );
});

async function tearDown({ coder }: Scene, one: Workspace): Promise<string | undefined> {
  const failures = one.latest.job === 'failed' ? await failuresOf(coder, one.id, 'delete') : 0;
  switch (next(one, 'delete', failures)) {
    case 'nothing':
      return undefined;
    case 'wait':
      return one.latest.unmatched
        ? `No provisioner takes the build of workspace ${one.name}: start one, then start the offboarding again`
        : undefined;
    case 'give-up':
      return `Deleting workspace ${one.name} failed twice: look at its build log in Coder and delete it by hand, without orphaning`;
    case 'build':
      await build(coder, one.id, 'delete');
      return undefined;
  }
}
