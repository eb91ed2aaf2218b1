/** What today's spending is against what is usual on such a weekday. Pure; it bills nobody. */

/** Below it a day has no meaning: one person's morning would be a surge. Micro-dollars. */
const leastUsualMicros = 10_000_000;
const weeks = 4;
const dayMs = 86_400_000;

/** Today, and the four days of the same weekday before it, as `2026-11-22`, UTC. */
export function comparedDays(now: number): { today: string; usual: string[] } {
  const day = (back: number) => new Date(now - back * dayMs).toISOString().slice(0, 10);
  return { today: day(0), usual: Array.from({ length: weeks }, (_, week) => day((week + 1) * 7)) };
}

/**
 * Percent: 100 is a usual day's whole spending, so that a morning is below it. Undefined where nothing is usual yet.
 * @param usual of the four equal weekdays before, micro-dollars; their median counts, so that one holiday or one surge among them does not.
 */
export function spendVsUsual(today: number, usual: readonly number[]): number | undefined {
  const sorted = [...usual].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return median < leastUsualMicros ? undefined : (today / median) * 100;
}
