/** What this environment last delivered to whom, for the minutes in which the store is away. Decides who may have it; reads no token and no clock. */
import type { Bearer } from './bearer.ts';
import type { Delivered } from './settings.ts';

/** The state: bodies by person, and the sessions that this environment has seen refused. */
export interface LastServed {
  /** True when it is not what was delivered to this person before. */
  remember(bearer: Bearer, delivered: Delivered): boolean;
  /** The session was refused: neither it nor, until it signs in again, its person is answered from memory. */
  forget(bearer: Bearer): void;
  isDead(bearer: Bearer): boolean;
  /** The person's own last body, for a token that is not older than the one it was delivered to. */
  recall(bearer: Bearer): Delivered | undefined;
}

/** @param limit people and sessions kept; the oldest go first. A body is 1 to 20 KB. */
export function createLastServed(limit = 2_000): LastServed {
  const bodies = new Map<string, { epoch: number; delivered: Delivered }>();
  const dead = new Set<string>();
  return {
    remember({ person, epoch }, delivered) {
      const known = bodies.get(person);
      bodies.delete(person);
      bodies.set(person, { epoch, delivered });
      drop(bodies, limit);
      return known?.delivered.etag !== delivered.etag || known.epoch !== epoch;
    },
    forget({ person, session }) {
      bodies.delete(person);
      dead.add(session);
      drop(dead, limit);
    },
    isDead: ({ session }) => dead.has(session),
    recall({ person, session, epoch }) {
      const own = bodies.get(person);
      return own && epoch >= own.epoch && !dead.has(session) ? own.delivered : undefined;
    },
  };
}

/** What was written down of each session, so that the same is written once an hour and not with every call. */
export interface Noted {
  isNew(session: string, content: string, nowMs: number): boolean;
  forget(session: string): void;
}

const noteAgainMs = 3_600_000;

export function createNoted(limit = 5_000): Noted {
  const notes = new Map<string, { content: string; at: number }>();
  return {
    isNew(session, content, nowMs) {
      const last = notes.get(session);
      if (last && last.content === content && nowMs - last.at < noteAgainMs) return false;
      notes.delete(session);
      notes.set(session, { content, at: nowMs });
      drop(notes, limit);
      return true;
    },
    forget(session) {
      notes.delete(session);
    },
  };
}

function drop(kept: Map<string, unknown> | Set<string>, limit: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= limit) return;
    kept.delete(oldest);
  }
}
