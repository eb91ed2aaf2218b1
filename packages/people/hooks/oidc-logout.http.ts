/**
 * Answers a provider's back-channel logout (OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8): 200 once the end of the person's
 * sessions is written down, 400 with the reason otherwise. It ends no session itself.
 */
import type { Transmitter } from '@gatehouse/core/people-profile';
import type { Reply, Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { accept } from './accept.dynamo.ts';
import { logoutTypes, readLogout } from './logout-token.ts';
import { readSigned } from './signed.http.ts';

const noStore = { 'cache-control': 'no-store' };

/** Of a provider that is heard and a person who is not known the answer is 200 as well: nobody is signed in as them. */
export async function hearLogout(request: Request, table: string, transmitters: readonly Transmitter[], nowMs: number): Promise<Reply> {
  const token = tokenOf(request);
  if (token === undefined) return refused('The body is a form with the field logout_token, once');
  const signed = await readSigned(token, logoutTypes, transmitters, nowMs);
  if (!signed.ok) {
    log.info('logout token refused', { refusal: signed.refusal });
    return refused(wordsOf(signed.refusal.reason));
  }
  const { claims, jti, transmitter } = signed.value;
  const logout = readLogout(claims, nowMs / 1000);
  if (!logout.ok) {
    log.info('logout token refused', { refusal: { reason: 'malformed', detail: logout.refusal } });
    return refused(logout.refusal);
  }
  const { subject, ends } = logout.value;
  const issuer = transmitter.people ?? transmitter.issuer;
  const source = `oidc-logout ${transmitter.issuer}`;
  const who = { by: 'subject' as const, issuer, subject };
  const wish = { issuer, who, leaving: false, signOut: true, source, cause: jti };
  const { found, fresh } = await accept(table, wish, { kind: 'oidc-logout', issuer: transmitter.issuer, jti, ends });
  if (!fresh) return refused('A token with this jti has been used before');
  if (!found) log.info('event is about nobody known here', { source, cause: jti });
  return { status: 200, headers: noStore };
}

function tokenOf(request: Request): string | undefined {
  const type = (request.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return undefined;
  const [token, ...others] = request.form().getAll('logout_token');
  return token && others.length === 0 ? token.trim() : undefined;
}

function refused(description: string): Reply {
  return { status: 400, headers: noStore, body: { error: 'invalid_request', error_description: description } };
}

function wordsOf(reason: string): string {
  switch (reason) {
    case 'wrong_issuer':
      return 'This issuer is not one that is listened to';
    case 'wrong_audience':
      return 'The token is meant for somebody else';
    case 'unknown_key':
    case 'bad_signature':
      return 'The signature is not by a key of the issuer';
    default:
      return 'The token cannot be read, or is no logout token';
  }
}
