/** Trades the code that a browser brought back for the person's ID token, at the endpoint that the issuer's own discovery document names, once. */
import type { AccessConfig } from '@gatehouse/core/access-profile';
import { type Result, refuse } from '@gatehouse/core/result';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { ask } from '@gatehouse/runtime/outside';
import * as z from 'zod';
import type { Issuers } from './issuers.http.ts';
import { partOf } from './login.ts';
import type { SignInRefusal } from './refusal.ts';
import { type VerifiedSubject, verifySubjectToken } from './subject-token.verify.ts';

const Answer = z.looseObject({ id_token: z.string() });

/** @throws Unavailable when the identity provider does not answer. */
export async function redeemCode(
  code: string,
  secret: string,
  { config, redirectUri, issuers }: { config: AccessConfig; redirectUri: string; issuers: Issuers },
  nowMs: number,
): Promise<Result<VerifiedSubject, SignInRefusal>> {
  const { issuer, client_id } = config.login;
  const trusted = config.issuers.filter((one) => one.issuer === issuer);
  if (trusted.length === 0) throw new Misconfigured(`login.issuer ${issuer} is not one of the issuers: add it to access.issuers`);
  const { token_endpoint } = await issuers.discoveryOf(issuer, nowMs);
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id,
    code_verifier: partOf(secret, 'verifier'),
  });
  const answer = await ask(token_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    // A code is good once: a second try could only spoil the first.
    attempts: 1,
    timeoutMs: 5_000,
  });
  const parsed = answer.status === 200 ? Answer.safeParse(answer.json()) : undefined;
  if (!parsed?.success) {
    log.warn('the identity provider gave no ID token for a code', { issuer, status: answer.status });
    return refuse({ reason: 'malformed', detail: `the token endpoint answered ${answer.status} without an ID token` });
  }
  const expected = { issuers: trusted, types: [undefined, 'jwt'], audience: client_id, nonce: partOf(secret, 'nonce') };
  return verifySubjectToken(parsed.data.id_token, expected, issuers, nowMs);
}
