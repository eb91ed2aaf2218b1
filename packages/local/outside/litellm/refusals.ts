/** How LiteLLM words its refusals: its proxy's own error shape, and FastAPI's for what never reaches a handler. */
import { type Answer, Refused } from '../http.ts';
import { abbreviated, tokenOf } from './records.ts';

export function proxyError(status: number, message: string, type: string, param = 'None'): Answer {
  return { status, body: { error: { message, type, param, code: String(status) } } };
}

/** What FastAPI answers to a request that does not fit its model. */
export function unprocessable(where: 'body' | 'query', field: string, message: string, input: unknown): Refused {
  return new Refused({ status: 422, body: { detail: [{ type: 'value_error', loc: [where, field], msg: message, input }] } });
}

export function routerRefusal(status: number, message: string): Answer {
  if (status === 404) return { status, body: { detail: 'Not Found' } };
  if (status === 405) return { status, body: { detail: 'Method Not Allowed' } };
  return proxyError(status, message, status === 429 ? 'throttling_error' : 'internal_server_error');
}

export function noKey(): Answer {
  return proxyError(401, 'Authentication Error, No api key passed in.', 'auth_error');
}

export function unknownKey(key: string): Answer {
  const message = `Authentication Error, Invalid proxy server token passed. Received API Key = ${abbreviated(key)}, Key Hash (Token) =${tokenOf(key)}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\``;
  return proxyError(401, message, 'token_not_found_in_db', 'key');
}

export function malformedKey(): Answer {
  return proxyError(401, "Authentication Error, LiteLLM Virtual Key expected, expected to start with 'sk-'.", 'auth_error');
}

export function blockedKey(): Answer {
  return proxyError(401, "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.", 'auth_error');
}

export function expiredKey(expires: string, now: number): Answer {
  const message = `Authentication Error - Expired Key. Key Expiry time ${expires} and current time ${new Date(now).toISOString()}`;
  return proxyError(401, message, 'expired_key');
}

export function notAdmin(route: string): Answer {
  const message = `Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${route}. Your role=internal_user`;
  return proxyError(401, message, 'auth_error');
}
