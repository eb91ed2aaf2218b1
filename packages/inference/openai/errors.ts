/** Errors of the Messages API in OpenAI's words, so that a client's retries and its reaction to a full context still work; and back. */

export interface OpenAiError {
  message: string;
  type: string;
  param: null;
  code: string | null;
}

interface Kind {
  /** Of the Messages API. */
  type: string;
  status: number;
  openai: string;
  code: string | null;
}

function kind(type: string, status: number, openai: string, code: string | null = null): Kind {
  return { type, status, openai, code };
}

/** platform.openai.com/docs/guides/error-codes; platform.claude.com/docs/en/api/errors. */
const kinds: readonly Kind[] = [
  kind('invalid_request_error', 400, 'invalid_request_error'),
  kind('authentication_error', 401, 'authentication_error', 'invalid_api_key'),
  kind('permission_error', 403, 'permission_error', 'permission_denied'),
  kind('not_found_error', 404, 'invalid_request_error', 'model_not_found'),
  kind('request_too_large', 413, 'invalid_request_error', 'request_too_large'),
  kind('billing_error', 429, 'insufficient_quota', 'insufficient_quota'),
  kind('rate_limit_error', 429, 'rate_limit_error', 'rate_limit_exceeded'),
  kind('timeout_error', 504, 'server_error', 'timeout'),
  kind('overloaded_error', 503, 'server_error', 'overloaded'),
  kind('api_error', 500, 'server_error'),
];
const fallback = kind('api_error', 500, 'server_error');

/** @param type of the Messages API. @returns the status to answer with, and the `error` of the body. */
export function openAiError({ type, message }: { type: string; message: string }): { status: number; error: OpenAiError } {
  const found = kinds.find((one) => one.type === type) ?? fallback;
  const code = type === 'invalid_request_error' && isTooLong(message) ? 'context_length_exceeded' : found.code;
  return { status: found.status, error: { message, type: found.openai, param: null, code } };
}

/** An OpenAI error, by its type and code, in the words of the Messages API. */
export function messagesError({ type, code, message }: { type: string; code?: string | null; message: string }): {
  type: string;
  message: string;
} {
  const alike = kinds.filter((one) => one.openai === type);
  const found = alike.find((one) => one.code === (code ?? null)) ?? alike[0] ?? fallback;
  return { type: found.type, message };
}

/** The sentences by which Anthropic and Bedrock say that a prompt does not fit. */
function isTooLong(message: string): boolean {
  return /prompt is too long|input is too long|exceeds? (?:the )?context/i.test(message);
}
