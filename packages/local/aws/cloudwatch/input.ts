/** Reads the parts that CloudWatch's operations share: dimensions, units, periods, times and pages. It keeps nothing. */
import { AwsError } from '../service.ts';
import { invalidValue, missing } from './refusal.ts';

const mostDimensions = 30;
/** API_MetricDatum, member Unit. */
const units: ReadonlySet<unknown> = new Set([
  'None',
  'Seconds',
  'Microseconds',
  'Milliseconds',
  ...['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes', 'Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Count'].flatMap(
    (unit) => [unit, `${unit}/Second`],
  ),
  'Percent',
]);

export function text(value: unknown, parameter: string, longest: number): string {
  if (value === undefined || value === null) throw missing(parameter);
  if (typeof value !== 'string' || value.length === 0 || value.length > longest)
    throw invalidValue(`The parameter ${parameter} must be a text of 1 to ${longest} characters.`);
  return value;
}

/** Undefined stays undefined: a filter that was not given. */
export function optionalText(value: unknown, parameter: string, longest: number): string | undefined {
  return value === undefined || value === null ? undefined : text(value, parameter, longest);
}

export function finite(value: unknown, parameter: string): number {
  if (value === undefined || value === null) throw missing(parameter);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidValue(`The value ${value} for parameter ${parameter} is invalid.`);
  return value;
}

export function oneOf<T extends string>(value: unknown, parameter: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  if (value === undefined || value === null) throw missing(parameter);
  throw invalidValue(`The value ${value} for parameter ${parameter} is invalid: it must be one of ${known.join(', ')}.`);
}

export function list(value: unknown, parameter: string, most: number): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidValue(`The parameter ${parameter} must be a list.`);
  if (value.length > most) throw invalidValue(`The collection ${parameter} must not have a size greater than ${most}.`);
  return value;
}

export function texts(value: unknown, parameter: string, most: number): string[] {
  return list(value, parameter, most).map((item, index) => text(item, `${parameter}.member.${index + 1}`, 1024));
}

/** A JSON object's member, whatever the client sent in its place. */
export function record(value: unknown, parameter: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw value === undefined || value === null ? missing(parameter) : invalidValue(`The parameter ${parameter} must be a structure.`);
}

export function dimensions(value: unknown, parameter = 'Dimensions'): Record<string, string> {
  const found: Record<string, string> = {};
  list(value, parameter, mostDimensions).forEach((item, index) => {
    const where = `${parameter}.member.${index + 1}`;
    const { Name, Value } = record(item, where);
    const name = text(Name, `${where}.Name`, 255);
    if (Object.hasOwn(found, name)) throw invalidValue(`The dimension ${name} of ${parameter} is there twice.`);
    found[name] = text(Value, `${where}.Value`, 1024);
  });
  return found;
}

export function dimensionList(of: Readonly<Record<string, string>>): { Name: string; Value: string }[] {
  return Object.entries(of).map(([Name, Value]) => ({ Name, Value }));
}

export function unit(value: unknown, parameter = 'Unit'): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !units.has(value)) throw invalidValue(`The value ${value} for parameter ${parameter} is invalid.`);
  return value;
}

/** Seconds: 1, 5, 10, 20, 30 or a multiple of 60. */
export function period(value: unknown, parameter = 'Period'): number {
  const seconds = finite(value, parameter);
  if ([1, 5, 10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0)) return seconds;
  throw invalidValue(`The parameter ${parameter} must be 1, 5, 10, 20, 30 or a multiple of 60, not ${seconds}.`);
}

/** AWS JSON carries seconds; the query protocol's ISO 8601 is read too. Answers milliseconds. */
export function time(value: unknown, parameter: string): number {
  const ms = typeof value === 'string' ? Date.parse(value) : finite(value, parameter) * 1000;
  if (!Number.isFinite(ms)) throw invalidValue(`The value ${value} for parameter ${parameter} is invalid.`);
  return Math.round(ms);
}

/** One page of `items`; the token is a position. Throws InvalidNextToken. */
export function page<T>(items: readonly T[], size: number, token: unknown): { items: T[]; NextToken?: string } {
  const position = token === undefined || token === null ? '0' : Buffer.from(String(token), 'base64url').toString();
  if (!/^\d{1,15}$/.test(position)) throw new AwsError('InvalidNextToken', 'The NextToken value is invalid.');
  const from = Number(position);
  const next = from + size;
  return {
    items: items.slice(from, next),
    ...(next < items.length && { NextToken: Buffer.from(String(next)).toString('base64url') }),
  };
}

export function pageSize(value: unknown, usual: number, most: number): number {
  if (value === undefined || value === null) return usual;
  const size = finite(value, 'MaxRecords');
  if (!Number.isInteger(size) || size < 1 || size > most) throw invalidValue(`MaxRecords must be between 1 and ${most}, not ${size}.`);
  return size;
}
