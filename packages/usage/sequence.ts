/** Which numbers of a client's session have been heard, and which are missing in between. Pure; the same for any order and repetition. */

/** First and last, both heard; ascending, apart. */
export type Ranges = readonly (readonly [number, number])[];

/** Beyond this many holes the oldest are taken for lost for good. */
export const mostRanges = 100;

export interface Heard {
  ranges: Ranges;
  /** Numbers that are given up. */
  lost: number;
}

export function hear({ ranges, lost }: Heard, numbers: readonly number[]): Heard {
  const floor = lost > 0 ? (ranges[0]?.[0] ?? 0) : 0;
  const wider = [...ranges, ...numbers.filter((number) => number >= floor).map((number) => [number, number] as const)].sort(
    (a, b) => a[0] - b[0],
  );
  const joined: [number, number][] = [];
  for (const [from, to] of wider) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  let given = lost;
  while (joined.length > mostRanges) {
    const [, to] = joined.shift() ?? [0, 0];
    given += (joined[0]?.[0] ?? to + 1) - to - 1;
  }
  return { ranges: joined, lost: given };
}

/** Numbers between the first and the last heard that were not heard. */
export function missingOf({ ranges, lost }: Heard): number {
  let missing = lost;
  for (const [index, [from]] of ranges.entries()) if (index > 0) missing += from - (ranges[index - 1]?.[1] ?? from) - 1;
  return missing;
}
