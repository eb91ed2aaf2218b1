/** Watches one person's Coder workspaces until the data plane shows that they are down: the build succeeded and no agent answers. Changes nothing. */
import { probeWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { now, pause } from '@gatehouse/runtime/clock';
import { type Account, accountById, workspacesOf } from './coder.http.ts';
import { onWorkspaces, tell } from './scene.coder.ts';
import { isDown, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

const lookEveryMs = 10_000;
/** A probe polls inside for at most this long, then answers `not_yet`. */
const watchMs = 240_000;

export const probe = onWorkspaces(probeWorkspaces, async ({ coder, account }) => {
  const began = now();
  // An answer to our own write is none: what counts was read in two looks apart.
  for (let quiet = 0; ; ) {
    const user = await accountById(coder, account.id);
    const workspaces = await workspacesOf(coder, account.username);
    const dead = (!user || user.status === 'suspended') && workspaces.every(isDown);
    quiet = dead ? quiet + 1 : 0;
    const seen = [accountSeen(account, user, dead), ...workspaces.map(workspaceSeen)];
    if (quiet === 2)
      return tell('done', seen, `The Coder account is ${user?.status ?? 'gone'} and ${workspaces.length} workspaces are down`);
    const failed = workspaces.filter(({ latest }) => latest.job === 'failed' || latest.job === 'canceled');
    if (failed.length > 0)
      return tell(
        'needs_human',
        seen,
        `Workspaces are not down: ${failed.map(({ name, latest }) => `${name} (${latest.transition} ${latest.job})`).join(', ')}. Stop them by hand`,
      );
    if (now() + lookEveryMs - began > watchMs)
      return tell('not_yet', seen, 'The Coder account is not suspended, or a workspace is not down yet');
    await pause(lookEveryMs);
  }
});

function accountSeen(before: Account, user: Account | undefined, dead: boolean): Seen {
  return {
    kind: 'account',
    id: before.id,
    before: before.status,
    after: user?.status ?? 'gone',
    ...(dead && { grade: 'attested' as const }),
  };
}

function workspaceSeen(workspace: Workspace): Seen {
  const state = stateOf(workspace);
  return { kind: 'workspace', id: workspace.id, before: state, after: state, ...(isDown(workspace) && { grade: 'observed' as const }) };
}
