/**
 * What one look at a person's keys on every replica amounts to. A replica serves a blocked key from its own cache until that ends, so neither
 * one answer nor one replica proves anything; how long it must stay so is judged elsewhere.
 */
import type { Sight } from '@gatehouse/core/watch';

/** One look at one key on one replica. `spend` standing still is part of the silence: a key in use grows it. */
export type Look = { at: 'blocked'; spend: number } | { at: 'gone' } | { at: 'live' } | { at: 'unknown' };

/** @param looks by key and replica. Keys are as dead as their liveliest look, and unknown while one replica is. */
export function sightOf(looks: ReadonlyMap<string, Look>): Sight {
  const all = [...looks.values()].map(({ at }) => at);
  const state = all.includes('live') ? 'alive' : all.includes('unknown') ? 'unknown' : 'dead';
  return { state, picture: JSON.stringify([...looks]) };
}
