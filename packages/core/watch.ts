/** Judges a death from single looks at it: dead is what was seen dead, and unstirring, for long enough. It looks at nothing itself and never waits. */
import type { Watch } from '@gatehouse/contracts/steps/step';
import { idHash } from './id-hash.ts';

export interface Sight {
  state: Watch['state'];
  /** All that was seen, as text. It may name credentials: only its hash is kept. */
  picture: string;
}

export interface Patience {
  /** How long dead must stay dead: twice the longest cache. */
  quietMs: number;
  /** After how long something that goes on living is a person's matter. */
  aliveMs: number;
}

export interface Judgement {
  watch: Watch;
  verdict: 'dead' | 'alive' | 'watching';
  /** How long `watch.state` has been seen. */
  lastedMs: number;
  /** Until the next look can tell more: what is left of the quiet for the dead, at most the longest cache for what lives. */
  waitSeconds: number;
}

/** @param before of the last look, if there was one. @param nowMs when this look ended. */
export function judge(
  before: Watch | null | undefined,
  { state, picture }: Sight,
  nowMs: number,
  { quietMs, aliveMs }: Patience,
): Judgement {
  const hash = idHash(picture);
  const same = before?.state === state && (state !== 'dead' || before.picture === hash);
  const since = same ? Date.parse(before.since) : nowMs;
  const lastedMs = nowMs - since;
  const neededMs = state === 'dead' ? quietMs : aliveMs;
  const cacheMs = quietMs / 2;
  const restMs = Math.max(0, neededMs - lastedMs);
  // The dead are looked at once more when their time is over; what lives may die with every cache that ends.
  const leftMs = state === 'unknown' ? cacheMs : state === 'dead' ? restMs : Math.min(cacheMs, restMs);
  return {
    watch: { state, since: new Date(since).toISOString(), picture: hash },
    verdict: state !== 'unknown' && lastedMs >= neededMs ? state : 'watching',
    lastedMs,
    waitSeconds: Math.max(1, Math.ceil(leftMs / 1000)),
  };
}
