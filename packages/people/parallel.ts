/** Works on many at once, but not on too many: the first failure ends it. */

const lanes = 10;

export async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < all.length; at = next++) await work(all[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, all.length) }, lane));
}
