/**
 * Decides when blocked keys count as dead: every replica says so, and nothing has moved for twice the cache's life. A replica serves a blocked
 * key from its own cache until that ends, so neither one answer nor one replica proves anything.
 */

/** One look at one key on one replica. `spend` standing still is part of the silence: a key in use grows it. */
export type Look = { at: 'blocked'; spend: number } | { at: 'gone' } | { at: 'live' } | { at: 'unknown' };

export interface Watch {
  /** Since when the same dead picture stands, ms. */
  quietSince: number | undefined;
  /** Since when some key has been seen live without a break, ms. */
  liveSince: number | undefined;
  picture: string;
}

export const unwatched: Watch = { quietSince: undefined, liveSince: undefined, picture: '' };

/** @param looks by replica and key. @param now when the looks ended, ms. */
export function watch(before: Watch, looks: ReadonlyMap<string, Look>, now: number): Watch {
  const picture = JSON.stringify([...looks]);
  const all = [...looks.values()];
  if (all.some(({ at }) => at === 'live')) return { quietSince: undefined, liveSince: before.liveSince ?? now, picture };
  if (all.some(({ at }) => at === 'unknown')) return { quietSince: undefined, liveSince: before.liveSince, picture };
  const same = before.quietSince !== undefined && before.picture === picture;
  return { quietSince: same ? before.quietSince : now, liveSince: undefined, picture };
}

export type Verdict = 'dead' | 'alive' | 'watching';

/** @param quietMs twice the cache's life. */
export function verdict({ quietSince, liveSince }: Watch, now: number, quietMs: number): Verdict {
  if (quietSince !== undefined && now - quietSince >= quietMs) return 'dead';
  return liveSince !== undefined && now - liveSince >= quietMs ? 'alive' : 'watching';
}
