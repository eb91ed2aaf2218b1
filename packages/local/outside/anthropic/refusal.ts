/** Anthropic's refusals: one envelope, a type by status, and the request's id in body and header. */
import type { Answer } from '../http.ts';
import { taggedId } from './state.ts';

/** The documented type of each status (platform.claude.com/docs/en/api/errors). */
export function errorType(status: number): string {
  return (
    {
      401: 'authentication_error',
      402: 'billing_error',
      403: 'permission_error',
      404: 'not_found_error',
      409: 'conflict_error',
      413: 'request_too_large',
      429: 'rate_limit_error',
      504: 'timeout_error',
      529: 'overloaded_error',
    }[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  );
}

export function problem(status: number, type: string, message: string, errorCode?: string): Answer {
  const details = errorCode === undefined ? {} : { details: { error_code: errorCode } };
  const id = taggedId('req');
  return { status, headers: { 'request-id': id }, body: { type: 'error', error: { type, message, ...details }, request_id: id } };
}
