/** Says whether a failed state is tried again, and after how long. Pure. */
import type { Retrier } from './definition.ts';
import { matches, type StatesFault } from './fault.ts';

/** Milliseconds to wait before the next try, or undefined when no retrier takes the fault or its attempts are used up.
 * `attempts` counts the tries each retrier has already ordered since the state was entered; the one that fires is counted up. */
export function nextRetry(
  retriers: readonly Retrier[] | undefined,
  fault: StatesFault,
  attempts: number[],
  random: () => number,
): number | undefined {
  const index = (retriers ?? []).findIndex((retrier) => matches(retrier.ErrorEquals, fault));
  const retrier = retriers?.[index];
  if (!retrier) return undefined;
  const made = attempts[index] ?? 0;
  if (made >= (retrier.MaxAttempts ?? 3)) return undefined;
  for (let position = attempts.length; position < index; position++) attempts[position] = 0;
  attempts[index] = made + 1;
  const grown = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** made;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random() : 1);
}
