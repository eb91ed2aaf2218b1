/** Tears down one person's Coder workspaces, then deletes the account. Never orphans: a build that cannot destroy its resources is a person's matter. */
import { purgeWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { now } from '@gatehouse/runtime/clock';
import { forgetBlock } from './blocked-account.dynamo.ts';
import { firstFound, workspacesFound } from './case-target.dynamo.ts';
import { build, deleteAccount, failuresOf, workspace, workspacesOf } from './coder.http.ts';
import { onWorkspaces, type Scene, tell } from './scene.coder.ts';
import { next, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

export const purge = onWorkspaces(purgeWorkspaces, async (scene) => {
  const { coder, account, input, table } = scene;
  const listed = await workspacesOf(coder, account.username);
  if (input.dry_run)
    return tell(
      'done',
      [...listed.map(untouched), { kind: 'account', id: account.id, before: account.status, after: account.status }],
      `${listed.length} workspaces and the Coder account would be deleted`,
    );
  for (const one of listed) await firstFound(table, input.case_id, { kind: 'workspace', id: one.id, state: stateOf(one) }, now());
  const found = await workspacesFound(table, input.case_id);
  const left = new Set<string>();
  const troubles: string[] = [];
  for (const id of found.keys()) {
    // 410 is looked for first: Coder takes a delete of what is deleted, and builds again.
    const one = await workspace(coder, id);
    if (!one) continue;
    left.add(id);
    const trouble = await tearDown(scene, one);
    if (trouble) troubles.push(trouble);
  }
  const seen = (accountAfter: string): Seen[] => [
    ...[...found].map(([id, before]) => ({ kind: 'workspace' as const, id, before, after: left.has(id) ? 'deleting' : 'deleted' })),
    { kind: 'account', id: account.id, before: account.status, after: accountAfter },
  ];
  if (troubles.length > 0) return tell('needs_human', seen(account.status), troubles.join('; '));
  if (left.size > 0) return tell('not_yet', seen(account.status), `${left.size} workspaces are still being deleted`);
  const answer = await deleteAccount(coder, account.id);
  if (answer === 'occupied')
    return tell('not_yet', seen(account.status), 'The account owns another workspace by now; the next try takes it too');
  if (answer === 'impossible') return tell('needs_human', seen(account.status), 'Coder does not delete this account: delete it by hand');
  await forgetBlock(table, input.person, account.id);
  return tell('done', seen('deleted'), `${found.size} workspaces and the Coder account are deleted`);
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

function untouched(one: Workspace): Seen {
  return { kind: 'workspace', id: one.id, before: stateOf(one), after: stateOf(one) };
}
