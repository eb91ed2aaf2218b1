/** What a rollout does with each workspace, when it goes on, and when it stops by itself. A home is never deleted: a workspace is stopped and started anew. Decides, calls nobody. */
import * as z from 'zod';

export const Rollout = z.object({
  id: z.string(),
  template: z.string(),
  /** Coder's id of the version that all are to be built from. */
  version: z.string(),
  status: z.enum(['open', 'paused', 'done', 'aborted', 'needs_human']),
  wish: z.enum(['go', 'pause', 'abort']),
  reason: z.string(),
  ticket: z.string().optional(),
  wave: z.int().positive(),
  started_at: z.string(),
  deadline_at: z.string(),
  closed_at: z.string().optional(),
  execution_arn: z.string(),
  message: z.string().optional(),
});
export type Rollout = z.infer<typeof Rollout>;

/** stale: as it was found; stopping, starting: our build is under way; next_start: stopped, and Coder builds it anew when its owner starts it. */
export const DueState = z.enum(['stale', 'stopping', 'starting', 'updated', 'next_start', 'parked']);
export const Due = z.object({
  workspace: z.string(),
  name: z.string(),
  owner: z.string(),
  state: DueState,
  /** Why it is parked. */
  because: z.string().optional(),
});
export type Due = z.infer<typeof Due>;

/** A workspace as Coder shows it now; undefined: it is gone. */
export interface Shown {
  outdated: boolean;
  transition: 'start' | 'stop' | 'delete';
  job: string;
  error: string | undefined;
}

export type Move = { act: 'none' | 'stop' | 'start' | 'start-later'; state: z.infer<typeof DueState>; because?: string };

const active = ['pending', 'running', 'canceling'];

/** What the workspace is now, whoever did it, and what is next. @param mayBegin whether the wave has room and the deadline has passed. */
export function moveOf({ state }: Due, now: Shown | undefined, mayBegin: boolean): Move {
  if (!now) return { act: 'none', state: 'updated' };
  if (!now.outdated && now.job === 'succeeded') return { act: 'none', state: 'updated' };
  if (state === 'parked' || state === 'next_start') return { act: 'none', state };
  if (active.includes(now.job)) return { act: 'none', state };
  if (now.job === 'failed' || now.job === 'canceled') {
    const began = state === 'stopping' || state === 'starting';
    if (began) return { act: 'none', state: 'parked', because: `its ${now.transition} ${now.job}: ${now.error ?? 'no reason given'}` };
    return mayBegin ? { act: 'start', state: 'starting' } : { act: 'none', state };
  }
  if (state === 'stopping' && now.transition === 'stop') return { act: 'start', state: 'starting' };
  // The build that was asked for has not been seen: it is asked for again.
  if (state === 'starting') return { act: 'start', state };
  if (!mayBegin) return { act: 'none', state };
  return now.transition === 'start' ? { act: 'stop', state: 'stopping' } : { act: 'start-later', state: 'next_start' };
}

export interface Counts {
  stale: number;
  working: number;
  updated: number;
  parked: number;
}

export function countsOf(all: readonly Pick<Due, 'state'>[]): Counts {
  const of = (...states: Due['state'][]) => all.filter(({ state }) => states.includes(state)).length;
  return { stale: of('stale'), working: of('stopping', 'starting'), updated: of('updated', 'next_start'), parked: of('parked') };
}

/** A template that breaks workspaces must not break all of them. */
export function isFailing({ updated, parked }: Counts): boolean {
  return parked >= 3 && parked > updated;
}
