/** What a surface's data becomes in one stage: its alarms for what the profile lists, its patterns and dimensions with the stage's name. */
import { machineName } from './names.ts';
import type { Alarm, Capability, Pattern } from './surface.ts';

/**
 * The alarms that a surface's one stands for: itself, or one for each value of its list.
 * @param part the capability's part of the profile.
 */
export function alarmsOf(stage: string, capability: Capability, alarm: Alarm, part: unknown): Alarm[] {
  const { each, where, ...one } = alarm;
  if (where !== undefined && (part as Readonly<Record<string, unknown>> | undefined)?.[where] === undefined) return [];
  const dimensions = withValues(alarm, (text) => text.replaceAll('${stage}', stage));
  const described = { ...one, ...dimensions, description: describe(alarm.description, alarm.severity, `${capability}-${alarm.name}`) };
  if (each === undefined) return [described];
  const values = (part as Readonly<Record<string, unknown>> | undefined)?.[each];
  return (Array.isArray(values) ? values : []).map((value, index) => ({
    ...described,
    name: `${alarm.name}-${index + 1}`,
    ...withValues(described, (text) => text.replace('*', String(value))),
  }));
}

function withValues({ dimensions }: Pick<Alarm, 'dimensions'>, change: (text: string) => string): Pick<Alarm, 'dimensions'> {
  return dimensions ? { dimensions: Object.fromEntries(Object.entries(dimensions).map(([name, text]) => [name, change(text)])) } : {};
}

/** Who is told reads the urgency and the way to help from the end of an alarm's description, as people do. */
export function describe(description: string, severity: Alarm['severity'], heading: string): string {
  return `${description} [${severity ?? 'notify'}] Runbook: docs/alarms.md#${heading}`;
}

/** A machine's ARN in a pattern, exactly: those of other stages, accounts and regions are none of ours. Executions name it without version or alias. */
export function machineArnInPattern(machine: string): string {
  return `arn:\${partition}:states:\${region}:\${account}:stateMachine:${machineName('${stage}', machine)}`;
}

/** What a pattern's `${...}` stand for. */
export interface Place {
  stage: string;
  partition: string;
  region: string;
  account: string;
}

/** A pattern as it is where the stage is deployed. */
export function patternIn(place: Place, pattern: Pattern): Pattern {
  const values: Readonly<Record<string, string>> = { ...place };
  return JSON.parse(JSON.stringify(pattern).replace(/\$\{(\w+)\}/g, (written, name: string) => values[name] ?? written)) as Pattern;
}

/** @param path `scim`, `directory.*.kind=okta`, `channels.*.*=slack`: whether a capability's part of the profile holds it. */
export function holds(part: unknown, path: string | undefined): boolean {
  if (path === undefined) return true;
  const [members = '', wanted] = path.split('=');
  let found: unknown[] = [part];
  for (const member of members.split('.'))
    found = found.filter(isMembers).flatMap((one) => (member === '*' ? Object.values(one) : [one[member]]));
  return found.some((value) => (wanted === undefined ? value !== undefined : value === wanted));
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
