/** OAuth's answers: RFC 6749 s5, RFC 8628 s3.5, RFC 8693 s2.2. Never echoes what was sent. */

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'access_denied'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  | 'temporarily_unavailable';

export interface OAuthError {
  error: OAuthErrorCode;
  /** A fixed sentence of ours. */
  description: string;
  /** 400 unless the code says otherwise. */
  status?: 400 | 401 | 429 | 503;
}

/** What the shell's reply takes. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

/** No cache may keep a token or the news about one (RFC 6749 s5.1). */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

export function oauthError({ error, description, status = 400 }: OAuthError): Answer {
  const soon = status === 429 || status === 503 ? { 'retry-after': '1' } : {};
  return { status, headers: { ...noStore, ...soon }, body: { error, error_description: description } };
}

export function oauthAnswer(body: Readonly<Record<string, unknown>>): Answer {
  return { status: 200, headers: noStore, body };
}
