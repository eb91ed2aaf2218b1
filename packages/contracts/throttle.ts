/** How many requests each route takes before API Gateway answers 429: the stacks deploy it and the embedded stack counts by it. Counts nothing itself. */
import type { Route } from './surface.ts';

/** A bucket of tokens: `burst` at once, then `perSecond`. */
export interface Throttle {
  perSecond: number;
  burst: number;
}

/** For a route of which nothing else is said. API Gateway counts each method of a stage by itself (Developer Guide, "Throttle requests to your REST APIs"). */
export const usualThrottle: Throttle = { perSecond: 1000, burst: 2000 };

/**
 * For each route that a system outside pushes to, which has a bucket of its own, and a smaller one: what goes wild starves neither another nor people.
 * @param perSecond the profile's on the edge.
 */
export function pushThrottle(perSecond = 200): Throttle {
  return { perSecond, burst: perSecond * 2 };
}

/** Routes that identity providers call, as they do on the edge. */
export function isPushed({ admit }: Pick<Route, 'admit'>): boolean {
  return admit === 'scim' || admit === 'hook';
}

/** A route as the settings of a stage name it: every slash of its path written as `~1` (UpdateStage, "patch operations"). */
export function methodPathOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${path.replaceAll('/', '~1')}/${method}`;
}
