/** What EventBridge's control plane asks of an input and how it pages its lists. It knows no bus, rule or archive. */
import { AwsError } from '../service.ts';

const maxPage = 100;

/** The value when it is a text that fits `pattern`; else AWS's sentence about `field`. */
export function checkName(field: string, value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${field.toLowerCase()}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`,
  );
}

export function listOf(value: unknown, field: string): Record<string, unknown>[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw new AwsError('ValidationException', `${field} must have at least one member.`);
}

/** A date of the wire: seconds since the epoch. Milliseconds. */
export function timeOf(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  throw new AwsError('ValidationException', `Parameter ${field} is not valid. Reason: it is required and must be a time.`);
}

/** NamePrefix, Limit and NextToken, in order of name. The token is the last name of the page before. */
export function paged<T>(
  all: T[],
  input: { NamePrefix?: string; Limit?: number; NextToken?: string },
  nameOf: (one: T) => string,
): { page: T[]; NextToken?: string } {
  const rest = all
    .filter((one) => nameOf(one).startsWith(input.NamePrefix ?? '') && nameOf(one) > (input.NextToken ?? ''))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = rest.slice(0, Math.min(input.Limit ?? maxPage, maxPage));
  const last = page.at(-1);
  return { page, ...(last && rest.length > page.length && { NextToken: nameOf(last) }) };
}
