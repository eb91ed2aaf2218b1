/** What the readers of AWS's own directories share: an AWS refusal in the words of a directory. Decides nothing about anybody. */
import { type Unreadable, unreadable } from './truth.ts';

/** @param absent AWS's names for "there is no such one". */
export function troubleOf(error: unknown, absent: readonly string[]): { word: 'deleted' } | Unreadable {
  if (!(error instanceof Error)) throw error;
  const { name, message } = error;
  if (absent.includes(name)) return { word: 'deleted' };
  if (/Throttl|TooManyRequests|LimitExceeded/.test(name)) return unreadable('throttled', message);
  if (/AccessDenied|NotAuthorized|UnrecognizedClient|Misconfigured/.test(name)) return unreadable('refused', message);
  if (/Validation|InvalidParameter|ResourceNotFound/.test(name))
    return unreadable('malformed', `${message}: check the directory in the profile`);
  if (error instanceof TypeError && error.name === 'TypeError' && !('cause' in error)) throw error;
  return unreadable('unreachable', message);
}

/** AWS's JSON writes times as seconds. */
export function instant(seconds: unknown): string | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : undefined;
}
