/** The workspaces capability's steps over a person's Coder account and workspaces. Dead is: the agent is gone, not: the user is suspended. */
import { grantStep, WorkspaceWish, withdrawStep } from './grant.ts';
import { targetStep } from './step.ts';

export const findWorkspaces = targetStep('find-workspaces', 'workspaces', 60);
export const blockWorkspaces = targetStep('block-workspaces', 'workspaces', 60);
export const unblockWorkspaces = targetStep('unblock-workspaces', 'workspaces', 60);
export const purgeWorkspaces = targetStep('purge-workspaces', 'workspaces', 60);
export const probeWorkspaces = targetStep('probe-workspaces', 'workspaces', 60);
export const grantWorkspaces = grantStep('grant-workspaces', 'workspaces', WorkspaceWish);
export const withdrawWorkspaces = withdrawStep('withdraw-workspaces', 'workspaces');
