/** Puts the stack's clock behind `Date` in this process, so that libraries (the identity provider's) live in stack time too. */
import type { Clock } from './clock.ts';

export function installStackDate(clock: Clock): void {
  const System = Date;
  class StackDate extends System {
    constructor(...values: unknown[]) {
      // A Date without arguments is now; with them it is what they say.
      super(...((values.length === 0 ? [clock.now()] : values) as [number]));
    }
    static override now(): number {
      return clock.now();
    }
  }
  globalThis.Date = StackDate as DateConstructor;
}
