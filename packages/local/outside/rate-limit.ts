/** Calls per minute and bucket, counted on the stack clock, in fixed windows. Decides only; answers nothing. */

export interface RateLimit {
  limit: number;
  remaining: number;
  /** Epoch seconds at which the window ends. */
  reset: number;
  exceeded: boolean;
}

const windowMs = 60_000;

/** @param multiplier raises every limit alike, e.g. to measure our side without waiting for theirs. */
export function createRateLimiter(now: () => number, multiplier: number): (bucket: string, perMinute: number) => RateLimit {
  const windows = new Map<string, { start: number; used: number }>();
  return (bucket, perMinute) => {
    const limit = Math.floor(perMinute * multiplier);
    const known = windows.get(bucket);
    const current = known && now() - known.start < windowMs ? known : { start: now(), used: 0 };
    windows.set(bucket, current);
    current.used += 1;
    return {
      limit,
      remaining: Math.max(0, limit - current.used),
      reset: Math.ceil((current.start + windowMs) / 1000),
      exceeded: current.used > limit,
    };
  };
}
