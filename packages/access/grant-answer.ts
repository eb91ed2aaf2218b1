/** A refusal as the token endpoint words it: OAuth's code for the grant, one fixed sentence, nothing of what is known inside (RFC 6749 s5.2, 8628 s3.5, 8693 s2.2.2). */

import type { Grant } from './audit.ts';
import type { OAuthError } from './oauth-answer.ts';
import { classOf, type SignInRefusal } from './refusal.ts';

const badToken: OAuthError = { error: 'invalid_request', description: 'The subject token is not acceptable.' };
const denied: OAuthError = { error: 'access_denied', description: 'You may not sign in here. Ask whoever runs Gatehouse in your company.' };

/**
 * @param named whether the request carried a client_id. The stock client's refresh carries none, and drops a dead session only on 401
 * (the one deviation from RFC 6749 s5.2 here).
 */
export function wireError(grant: Grant, refusal: SignInRefusal, named: boolean): OAuthError {
  if (grant === 'refresh_token') {
    return { error: 'invalid_grant', description: 'The refresh token is no longer accepted: sign in again.', status: named ? 400 : 401 };
  }
  if (classOf(refusal) === 'standing') return denied;
  if (grant === 'token_exchange') return badToken;
  return { error: 'expired_token', description: 'The device code is no longer accepted: start again.' };
}
