/** How often something is done in a second, by doing it for a while. */

/** Short, so that what else the machine does falls on both sides of a ratio. */
const roundMs = 50;

/** @param items that one run of `work` does. */
export function perSecond(work: () => unknown, items: number): number {
  const began = performance.now();
  let times = 0;
  while (performance.now() - began < roundMs) {
    work();
    times++;
  }
  return (times * items) / ((performance.now() - began) / 1000);
}
