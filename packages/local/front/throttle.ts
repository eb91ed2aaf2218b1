/** A throttle as API Gateway counts it: a bucket of tokens that fills up in real time. It answers nobody. */
import type { Throttle } from '@gatehouse/contracts/throttle';

/** The function answers whether one more request passes. `now` in real milliseconds, monotonic. */
export function createBucket({ perSecond, burst }: Throttle, now: () => number = () => performance.now()): () => boolean {
  let tokens = burst;
  let filled = now();
  return () => {
    const at = now();
    tokens = Math.min(burst, tokens + ((at - filled) / 1000) * perSecond);
    filled = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
