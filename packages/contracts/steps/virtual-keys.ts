/** The keys capability's steps over a person's LiteLLM virtual keys. A probe looks once; the machine has it look again, for twice the longest cache. */
import { grantStep, KeyWish, withdrawStep } from './grant.ts';
import { targetStep } from './step.ts';

export const findVirtualKeys = targetStep('find-virtual-keys', 'keys', 60);
export const blockVirtualKeys = targetStep('block-virtual-keys', 'keys', 60);
export const unblockVirtualKeys = targetStep('unblock-virtual-keys', 'keys', 60);
export const purgeVirtualKeys = targetStep('purge-virtual-keys', 'keys', 60);
export const probeVirtualKeys = targetStep('probe-virtual-keys', 'keys', 60);
export const grantVirtualKeys = grantStep('grant-virtual-keys', 'keys', KeyWish);
export const withdrawVirtualKeys = withdrawStep('withdraw-virtual-keys', 'keys');
