/** Somebody's workspace is to be built from a newer template: they may do it themselves until the deadline, then it is done for them. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const workspaceDue = fact(
  'workspace-due',
  'workspaces',
  { person: z.string(), rollout: z.string(), workspace: z.string(), template: z.string(), deadline_at: z.iso.datetime() },
  {
    person: 'per_01h00000000000000000000000',
    rollout: 'rol_01h00000000000000000000000',
    workspace: 'claude',
    template: 'claude-code',
    deadline_at: '2026-11-29T09:00:00.000Z',
  },
);
