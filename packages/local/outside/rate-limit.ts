/** Calls per minute and bucket, counted on the stack clock, in fixed windows. Decides only; answers nothing but what it counted. */
import { route, type System } from './http.ts';

export interface RateLimit {
  limit: number;
  remaining: number;
  /** Epoch seconds at which the window ends. */
  reset: number;
  exceeded: boolean;
}

/** What a vendor has counted since it started: `refused` are the calls beyond the limit. */
export type Tally = Map<string, { limit: number; calls: number; refused: number }>;

const windowMs = 60_000;

/** @param multiplier raises every limit alike, e.g. to measure our side without waiting for theirs. */
export function createRateLimiter(
  now: () => number,
  multiplier: number,
  tally: Tally = new Map(),
): (bucket: string, perMinute: number) => RateLimit {
  const windows = new Map<string, { start: number; used: number }>();
  return (bucket, perMinute) => {
    const limit = Math.floor(perMinute * multiplier);
    const known = windows.get(bucket);
    const current = known && now() - known.start < windowMs ? known : { start: now(), used: 0 };
    windows.set(bucket, current);
    current.used += 1;
    const exceeded = current.used > limit;
    const counted = tally.get(bucket) ?? { limit, calls: 0, refused: 0 };
    tally.set(bucket, { limit, calls: counted.calls + 1, refused: counted.refused + (exceeded ? 1 : 0) });
    return {
      limit,
      remaining: Math.max(0, limit - current.used),
      reset: Math.ceil((current.start + windowMs) / 1000),
      exceeded,
    };
  };
}

/** `GET /_limits`: each bucket's limit a minute, its calls, and how many were beyond it. */
export function limitsSystem(tally: Tally): System {
  return {
    prefix: '/_limits',
    refuse: (status, message) => ({ status, body: { error: message } }),
    routes: [route('GET', '', () => ({ status: 200, body: { limits: Object.fromEntries(tally) } }))],
  };
}
