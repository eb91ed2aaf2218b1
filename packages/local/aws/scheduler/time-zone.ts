/** Wall clocks of time zones, by the data that Node brings. A wall time is written as the milliseconds that would show it in UTC. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** An IANA name that Node knows, e.g. `Europe/Berlin`. */
export function isTimeZone(zone: string): boolean {
  try {
    return formatOf(zone) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What the clocks of `zone` show at `utc`, to the second. */
export function wallTime(utc: number, zone: string): number {
  if (zone === 'UTC') return utc;
  const parts = new Map(
    formatOf(zone)
      .formatToParts(utc)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** The first moment at which the clocks show `wall`; undefined where they jump over it. */
export function momentOf(wall: number, zone: string): number | undefined {
  if (zone === 'UTC') return wall;
  // Clocks of one day differ from UTC by at most what they show a day before and after.
  const offsets = [-86_400_000, 86_400_000].map((away) => wallTime(wall + away, zone) - (wall + away));
  const moments = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
  return moments.find((moment) => wallTime(moment, zone) === wall);
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(zone, format);
  return format;
}
