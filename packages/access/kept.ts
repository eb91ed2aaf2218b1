/**
 * A document fetched from outside and kept: fresh for a while, then asked for again, and when nobody answers, good for a while longer. Never asked
 * more than once in ten seconds, whoever wants it; concurrent callers share one fetch.
 */

interface Keeping {
  /** Younger than this needs no fetch. */
  softMs: number;
  /** Older than this is not used any more. */
  hardMs: number;
  /** Between two fetches, failed ones too. */
  apartMs: number;
}

const keeping: Keeping = { softMs: 10 * 60_000, hardMs: 24 * 3_600_000, apartMs: 10_000 };

export interface Kept<T> {
  /** The document, undefined when there is none that may be used. `fresher`: ask again if that is allowed now. */
  read(nowMs: number, options?: { fresher?: boolean }): Promise<T | undefined>;
}

/** @param fetchIt throws when there is no answer; gets what was kept before, and the time of the call. */
export function keep<T>(
  fetchIt: (before: T | undefined, nowMs: number) => Promise<T>,
  { softMs, hardMs, apartMs }: Keeping = keeping,
): Kept<T> {
  let value: T | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  async function fetchNow(nowMs: number): Promise<void> {
    triedAt = nowMs;
    try {
      value = await fetchIt(value, nowMs);
      fetchedAt = nowMs;
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError) throw error;
      // The last good answer stays in use until it is too old.
    }
  }

  return {
    async read(nowMs, { fresher = false } = {}) {
      const old = nowMs - fetchedAt >= softMs;
      if ((old || fresher) && nowMs - triedAt >= apartMs) {
        running ??= fetchNow(nowMs).finally(() => {
          running = undefined;
        });
      }
      if (running && (old || fresher)) await running;
      return nowMs - fetchedAt < hardMs ? value : undefined;
    },
  };
}
