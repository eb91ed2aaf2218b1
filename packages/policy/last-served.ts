/** What this environment last delivered to whom, for the minutes in which the store is away. Decides who may have it; reads no token and no clock. */
import type { delivery } from './settings.ts';

export type Delivered = ReturnType<typeof delivery>;

/** Whom a verified token speaks for. */
export interface Bearer {
  person: string;
  session: string;
  epoch: number;
}

/** The state: bodies by person, the base, and the sessions that this environment has seen refused. */
export interface LastServed {
  remember(bearer: Bearer, delivered: Delivered): void;
  rememberBase(base: Delivered): void;
  /** The session was refused: neither it nor, until it signs in again, its person is answered from memory. */
  forget(bearer: Bearer): void;
  /** The person's own last body, else the base's; undefined for a session known to be dead, or when nothing is known. */
  recall(bearer: Bearer): { from: 'person' | 'base'; delivered: Delivered } | undefined;
}

/** @param limit people and sessions kept; the oldest go first. A body is 1 to 20 KB. */
export function createLastServed(limit = 2_000): LastServed {
  const bodies = new Map<string, { epoch: number; delivered: Delivered }>();
  const dead = new Set<string>();
  let base: Delivered | undefined;
  return {
    remember({ person, epoch }, delivered) {
      bodies.delete(person);
      bodies.set(person, { epoch, delivered });
      drop(bodies, limit);
    },
    rememberBase(delivered) {
      base = delivered;
    },
    forget({ person, session }) {
      bodies.delete(person);
      dead.add(session);
      drop(dead, limit);
    },
    recall({ person, session, epoch }) {
      if (dead.has(session)) return undefined;
      const own = bodies.get(person);
      if (own && epoch >= own.epoch) return { from: 'person', delivered: own.delivered };
      return own || !base ? undefined : { from: 'base', delivered: base };
    },
  };
}

function drop(kept: Map<string, unknown> | Set<string>, limit: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= limit) return;
    kept.delete(oldest);
  }
}
