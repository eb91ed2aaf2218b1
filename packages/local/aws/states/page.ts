/** Cuts lists into pages as the Step Functions API does. Knows no list. */
import { AwsError } from '../service.ts';

const defaultPage = 100;
const largestPage = 1000;

/** One page of `items` after the one whose key is in the token. Throws ValidationException, InvalidToken. */
export function page<T>(
  items: readonly T[],
  key: (item: T) => string,
  asked: { maxResults?: unknown; nextToken?: unknown },
): { items: T[]; nextToken?: string } {
  const size = pageSize(asked.maxResults);
  let from = 0;
  if (asked.nextToken !== undefined && asked.nextToken !== null) {
    const last = Buffer.from(String(asked.nextToken), 'base64url').toString();
    from = items.findIndex((item) => key(item) === last) + 1;
    if (from === 0) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
  }
  const taken = items.slice(from, from + size);
  const last = taken.at(-1);
  const more = last !== undefined && from + size < items.length;
  return { items: taken, ...(more && { nextToken: Buffer.from(key(last)).toString('base64url') }) };
}

function pageSize(maxResults: unknown): number {
  if (maxResults === undefined || maxResults === null || maxResults === 0) return defaultPage;
  const size = Number(maxResults);
  const bound = size > largestPage ? `less than or equal to ${largestPage}` : 'greater than or equal to 0';
  if (!Number.isInteger(size) || size < 0 || size > largestPage)
    throw constraint(maxResults, 'maxResults', `Member must have value ${bound}`);
  return size;
}

/** A ValidationException in AWS's words. */
export function constraint(value: unknown, field: string, must: string): AwsError {
  const what = value === undefined || value === null ? 'null' : `'${value}'`;
  const message = `1 validation error detected: Value ${what} at '${field}' failed to satisfy constraint: ${must}`;
  return new AwsError('ValidationException', message);
}
