/** How refusals and faults look on the wire: vague there, exact in the log. OTLP and SCIM have wires of their own. */
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Reply, Request } from './http.ts';

export interface Wire {
  refuse(refusal: AdmissionRefusal, request: Request): Reply;
  fault(error: unknown, request: Request): Reply;
}

/** The HTTP meaning of a refusal, for every wire: 401 asks to sign in again, 403 says that it would not help, 503 that it is our trouble. */
export function statusOf(refusal: AdmissionRefusal): 401 | 403 | 503 {
  switch (refusal.reason) {
    case 'state_unknown':
      return 503;
    case 'insufficient_scope':
    case 'not_entitled':
    case 'not_admin':
      return 403;
    case 'no_token':
    case 'too_large':
    case 'malformed':
    case 'unknown_key':
    case 'bad_signature':
    case 'expired':
    case 'not_yet_valid':
    case 'wrong_issuer':
    case 'wrong_audience':
    case 'gate_shut':
    case 'stale_epoch':
    case 'session_ended':
      return 401;
  }
}

/**
 * RFC 6750 section 3: no error code when nothing was sent. RFC 9728 section 5.1: where this origin says who gives tokens for it.
 * @param origin the gateway's, which every function carries.
 */
export function challengeOf(refusal: AdmissionRefusal, origin: string = process.env.PUBLIC_URL ?? ''): string {
  const error = statusOf(refusal) === 403 ? 'insufficient_scope' : 'invalid_token';
  const parts = [
    ...(refusal.reason === 'no_token' ? [] : [`error="${error}"`]),
    ...(origin === '' ? [] : [`resource_metadata="${origin}/.well-known/oauth-protected-resource"`]),
  ];
  return ['Bearer', parts.join(', ')].join(' ').trim();
}

/** The status of a fault: trouble that passes is 429 or 503 and says when to come back, a bug is 500. */
export function faultStatus(error: unknown): 429 | 500 | 503 {
  const name = error instanceof Error ? error.name : '';
  if (name === 'Throttled') return 429;
  return name === 'Unavailable' ? 503 : 500;
}

const soon = { 'retry-after': '1' };
const sentences = {
  401: 'The access token is missing, expired or no longer accepted: sign in again.',
  403: 'You are signed in, but your policy does not allow this.',
  429: 'Too many requests just now: try again in a second.',
  500: 'Something went wrong on our side; the request id finds it in the log.',
  503: 'Gatehouse cannot answer just now: try again in a second.',
} as const;
const types = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'overloaded_error',
} as const;

/** `{type: "error", error: {type, message}, request_id}`: admin, self service and inference. */
export function apiError(status: number, type: string, message: string, requestId: string, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { type: 'error', error: { type, message }, request_id: requestId } };
}

export const apiWire: Wire = {
  refuse(refusal, request) {
    const status = statusOf(refusal);
    const headers: Record<string, string> = status === 503 ? soon : { 'www-authenticate': challengeOf(refusal), 'x-should-retry': 'false' };
    return apiError(status, types[status], sentences[status], request.requestId, headers);
  },
  fault(error, request) {
    const status = faultStatus(error);
    return apiError(status, types[status], sentences[status], request.requestId, status === 500 ? {} : soon);
  },
};

/** `{error, error_description}` (RFC 6749 section 5.2). */
export const oauthWire: Wire = {
  refuse(refusal) {
    const status = statusOf(refusal);
    const error = status === 503 ? 'temporarily_unavailable' : status === 403 ? 'insufficient_scope' : 'invalid_token';
    return {
      status,
      headers: { 'cache-control': 'no-store', ...(status === 503 ? soon : { 'www-authenticate': challengeOf(refusal) }) },
      body: { error, error_description: sentences[status] },
    };
  },
  fault(error) {
    const status = faultStatus(error);
    return {
      status,
      headers: { 'cache-control': 'no-store', ...(status === 500 ? {} : soon) },
      body: { error: status === 500 ? 'server_error' : 'temporarily_unavailable', error_description: sentences[status] },
    };
  },
};
