/** The keys capability's steps over a person's seat at Anthropic: membership, invites, and the API keys that they made. */
import { grantStep, SeatWish, withdrawStep } from './grant.ts';
import { targetStep } from './step.ts';

export const findSeats = targetStep('find-seats', 'keys', 60);
export const blockSeats = targetStep('block-seats', 'keys', 60);
export const unblockSeats = targetStep('unblock-seats', 'keys', 60);
export const purgeSeats = targetStep('purge-seats', 'keys', 60);
export const probeSeats = targetStep('probe-seats', 'keys', 60);
export const grantSeats = grantStep('grant-seats', 'keys', SeatWish);
export const withdrawSeats = withdrawStep('withdraw-seats', 'keys');
