/** Access's steps: shut and reopen a person's gate, list what is live, and prove that it is dead on every surface. */
import { targetStep } from './step.ts';

export const findSessions = targetStep('find-sessions', 'access', 20);
export const cutSessions = targetStep('cut-sessions', 'access', 20);
export const restoreSessions = targetStep('restore-sessions', 'access', 20);
export const probeSessions = targetStep('probe-sessions', 'access', 30);
