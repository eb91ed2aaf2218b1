/** What a surface's data becomes in one stage: its alarms for what the profile lists, its patterns with the stage's name. */
import type { Alarm, Pattern } from './surface.ts';

/** The alarms that a surface's one stands for: itself, or one for each value of its list. `part` is the capability's part of the profile. */
export function alarmsOf(alarm: Alarm, part: unknown): Alarm[] {
  const { each, ...one } = alarm;
  if (each === undefined) return [alarm];
  const values = (part as Readonly<Record<string, unknown>> | undefined)?.[each];
  return (Array.isArray(values) ? values : []).map((value, index) => ({
    ...one,
    name: `${alarm.name}-${index + 1}`,
    dimensions: Object.fromEntries(Object.entries(alarm.dimensions ?? {}).map(([name, text]) => [name, text.replace('*', String(value))])),
  }));
}

/** A pattern with the stage's name in its place. */
export function patternIn(stage: string, pattern: Pattern): Pattern {
  return JSON.parse(JSON.stringify(pattern).replaceAll('${stage}', stage)) as Pattern;
}
