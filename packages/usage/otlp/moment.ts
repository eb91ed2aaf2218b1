/** Nanoseconds since the epoch as OTLP writes them, kept exactly in two numbers: a double holds only 256 ns at today's dates. */

export interface Moment {
  /** Whole milliseconds. */
  ms: number;
  /** The rest, 0 to 999,999 ns. */
  ns: number;
}

export const never: Moment = { ms: 0, ns: 0 };

/** A fixed64 from its two halves. 2^32 ns are 4,294 ms and 967,296 ns, so no step below leaves the safe integers. */
export function momentOfHalves(low: number, high: number): Moment {
  const rest = high * 967_296 + low;
  return { ms: high * 4_294 + Math.floor(rest / 1_000_000), ns: rest % 1_000_000 };
}

const decimal = /^\d{1,20}$/;

/** Proto3 JSON: a decimal string, or a bare number, whose digits below a microsecond are gone. Undefined when it is neither. */
export function momentOfJson(value: unknown): Moment | undefined {
  if (value === undefined || value === null) return never;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || value < 0) return undefined;
    const micros = Math.round(value / 1_000);
    return { ms: Math.floor(micros / 1_000), ns: (micros % 1_000) * 1_000 };
  }
  if (typeof value !== 'string' || !decimal.test(value)) return undefined;
  return value.length <= 6 ? { ms: 0, ns: Number(value) } : { ms: Number(value.slice(0, -6)), ns: Number(value.slice(-6)) };
}

export function isNever({ ms, ns }: Moment): boolean {
  return ms === 0 && ns === 0;
}
