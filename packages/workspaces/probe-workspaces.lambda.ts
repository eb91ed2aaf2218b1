/** Looks once at one person's Coder workspaces: down is what the data plane shows twice, a build that succeeded and no agent that answers. Changes nothing. */
import { probeWorkspaces } from '@gatehouse/contracts/steps/workspaces';
import { judge } from '@gatehouse/core/watch';
import { now } from '@gatehouse/runtime/clock';
import { type Account, accountById, workspacesOf } from './coder.http.ts';
import { onWorkspaces, tell } from './scene.coder.ts';
import { isDown, type Seen, stateOf, type Workspace } from './workspace.ts';

export { env } from './scene.coder.ts';

/** Between the two looks, so that an answer to our own write is none. How long a build may take is the machine's patience, not this one's. */
const patience = { quietMs: 10_000, aliveMs: Number.POSITIVE_INFINITY };
const whileBuildingSeconds = 30;

export const probe = onWorkspaces(probeWorkspaces, async ({ coder, account, input }) => {
  const user = await accountById(coder, account.id);
  const workspaces = await workspacesOf(coder, account.username);
  const isDead = (!user || user.status === 'suspended') && workspaces.every(isDown);
  const seen = [accountSeen(account, user, isDead), ...workspaces.map(workspaceSeen)];
  const failed = workspaces.filter(({ latest }) => latest.job === 'failed' || latest.job === 'canceled');
  if (failed.length > 0) return tell('needs_human', seen, `Workspaces are not down: ${failed.map(named).join(', ')}. Stop them by hand`);
  const picture = JSON.stringify([user?.status, workspaces.map(({ id, latest }) => [id, latest])]);
  const { verdict, watch, waitSeconds } = judge(input.watch, { state: isDead ? 'dead' : 'alive', picture }, now(), patience);
  if (verdict === 'dead')
    return { ...tell('done', seen, `The Coder account is ${user?.status ?? 'gone'} and ${workspaces.length} workspaces are down`), watch };
  return isDead
    ? { ...tell('not_yet', seen, 'Everything in Coder is down, as seen once'), watch, wait_seconds: waitSeconds }
    : {
        ...tell('not_yet', seen, 'The Coder account is not suspended, or a workspace is not down yet'),
        watch,
        wait_seconds: whileBuildingSeconds,
      };
});

function named({ name, latest }: Workspace): string {
  return `${name} (${latest.transition} ${latest.job})`;
}

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
