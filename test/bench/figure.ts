/** One figure: the median of several runs with its spread, and whether it holds. */

export interface Figure {
  value: number;
  min: number;
  max: number;
  unit: string;
  hold: string;
  holds: boolean;
}

/** Measures the figures of one file; several parts carry letters, `B8a`, `B8b`. */
export type Measure = (say: (line: string) => void) => Promise<Record<string, Figure>>;

/** A figure that must not be above `atMost`. */
export function atMost(limit: number, unit: string, values: readonly number[]): Figure {
  const figure = spread(values);
  return { ...figure, unit, hold: `<= ${limit} ${unit}`, holds: figure.value <= limit };
}

/** A figure that must not be below `limit`. */
export function atLeast(limit: number, unit: string, values: readonly number[]): Figure {
  const figure = spread(values);
  return { ...figure, unit, hold: `>= ${limit} ${unit}`, holds: figure.value >= limit };
}

function spread(values: readonly number[]): { value: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value: number | undefined) => Number((value ?? Number.NaN).toPrecision(4));
  return { value: round(sorted[Math.floor((sorted.length - 1) / 2)]), min: round(sorted[0]), max: round(sorted.at(-1)) };
}
