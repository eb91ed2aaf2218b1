/** Waits, from outside of a stack's process, until nothing is in flight there. It moves no clock. */

/** What naps by the stack's clock is done only when that moves, hence a patience in real milliseconds. Resolves in either case. */
export async function settledWithin(aws: string, ms: number): Promise<void> {
  await fetch(`${aws}/_settled`, { signal: AbortSignal.timeout(ms) }).catch(() => undefined);
}
