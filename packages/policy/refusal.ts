/** How policy's own refusals look on the wire. One switch, exhaustive; the wording is the caller's to read. */
import type { Problem } from '@gatehouse/rules/problems';

export type Refusal =
  | { reason: 'malformed'; detail: string }
  | { reason: 'too_large'; bytes: number; maxBytes: number }
  | { reason: 'invalid'; problems: readonly Problem[] }
  | { reason: 'no_condition' }
  | { reason: 'stale'; version: number }
  | { reason: 'no_version'; version: string }
  | { reason: 'unknown'; lookup: string }
  | { reason: 'ambiguous'; lookup: string; people: readonly string[] }
  | { reason: 'not_yours' }
  | { reason: 'no_rendering'; kind: string; known: readonly string[] }
  | { reason: 'gives_up_administration' };

export interface Told {
  status: number;
  type: string;
  message: string;
  /** Joins `error`. */
  more?: Readonly<Record<string, unknown>>;
}

export function tell(refusal: Refusal): Told {
  switch (refusal.reason) {
    case 'malformed':
      return { status: 400, type: 'invalid_request_error', message: refusal.detail };
    case 'too_large':
      return {
        status: 413,
        type: 'request_too_large',
        message: `The body has ${refusal.bytes} bytes; a policy document may have ${refusal.maxBytes}.`,
      };
    case 'invalid': {
      const [first, ...others] = refusal.problems;
      const where = first ? `${first.path || 'the document'}: ${first.message}` : 'not a policy document';
      const message = `The document is not valid: ${where}${others.length > 0 ? `, and ${others.length} more` : ''}.`;
      return { status: 400, type: 'invalid_request_error', message, more: { problems: refusal.problems } };
    }
    case 'no_condition':
      return { status: 428, type: 'precondition_required', message: 'Send If-Match with the ETag of the version that you changed.' };
    case 'stale':
      return {
        status: 412,
        type: 'precondition_failed',
        message: `Version ${refusal.version} is in force now: read it, apply your change to it, and send its ETag.`,
        more: { version: refusal.version },
      };
    case 'no_version':
      return { status: 404, type: 'not_found_error', message: `There is no version ${refusal.version}.` };
    case 'unknown':
      return {
        status: 404,
        type: 'not_found_error',
        message: `Nobody is known as "${refusal.lookup}": give a per_... id or an e-mail address.`,
      };
    case 'ambiguous':
      return {
        status: 409,
        type: 'conflict_error',
        message: `"${refusal.lookup}" is the address of several people: say which by id.`,
        more: { people: refusal.people },
      };
    case 'not_yours':
      return { status: 403, type: 'permission_error', message: 'Only administrators may ask about other people.' };
    case 'no_rendering':
      return {
        status: 404,
        type: 'not_found_error',
        message: `There is no rendering "${refusal.kind}": known are ${refusal.known.join(', ')}.`,
      };
    case 'gives_up_administration':
      return {
        status: 409,
        type: 'conflict_error',
        message:
          'Under this document you would no longer administer and could not take it back. Send "give_up_administration": true if that is meant.',
      };
  }
}
