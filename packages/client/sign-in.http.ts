/** Signs in by the gateway's own device login (RFC 8628), renews a session that is about to end, and ends one. Shows a token to nobody. */
import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import { sentenceOf, type Trouble } from './gateway.http.ts';
import type { Session } from './session.file.ts';

const timeoutMs = 15_000;
/** Renewing stands before every other call, also before those that somebody waits for. */
const renewMs = 4_000;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

const Started = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  verification_uri_complete: z.string().optional(),
  interval: z.number().default(5),
});
const Tokens = z.object({ access_token: z.string(), refresh_token: z.string().optional(), expires_in: z.number() });
const Refused = z.object({ error: z.string(), error_description: z.string().optional() });

type Signed = Result<Session, Trouble>;

/** @param show tells the person where to go and which code they should see there. */
export async function signIn(origin: string, show: (address: string, code: string) => void): Promise<Signed> {
  const begun = await post(origin, '/oauth/device_authorization', { surface: 'gatehouse' });
  if (!begun.ok) return begun;
  const started = Started.safeParse(begun.value.body);
  if (!started.success) return refuse({ reason: 'away', message: `${origin} is no Gatehouse: it offers no device login.` });
  const { device_code, user_code, verification_uri, verification_uri_complete = verification_uri } = started.data;
  show(verification_uri_complete, user_code);
  for (let wait = started.data.interval; ; ) {
    await delay(wait * 1_000);
    const polled = await post(origin, '/oauth/token', { grant_type: deviceGrant, device_code });
    if (!polled.ok) return polled;
    if (polled.value.status === 200) return sessionOf(origin, polled.value.body);
    const { error, error_description } = Refused.safeParse(polled.value.body).data ?? { error: 'unknown' };
    if (error === 'slow_down') wait += 5;
    else if (error !== 'authorization_pending')
      return refuse({ reason: 'not_signed_in', message: error_description ?? `The sign-in ended with ${error}.` });
  }
}

/** The same session with tokens that live longer. */
export async function renew({ gateway, refresh_token = '' }: Session): Promise<Signed> {
  const answer = await post(gateway, '/oauth/token', { grant_type: 'refresh_token', refresh_token }, renewMs);
  if (!answer.ok) return answer;
  if (answer.value.status === 200) return sessionOf(gateway, answer.value.body);
  if (answer.value.status >= 500 || answer.value.status === 429)
    return refuse({ reason: 'away', message: `${gateway} cannot renew the session just now.` });
  return refuse({ reason: 'not_signed_in', message: 'Your session is over.' });
}

/** Both tokens, as a client does at logout (RFC 7009). */
export async function signOut({ gateway, access_token, refresh_token }: Session): Promise<Result<undefined, Trouble>> {
  for (const token of [access_token, refresh_token]) {
    if (token === undefined) continue;
    const answer = await post(gateway, '/oauth/revoke', { token });
    if (!answer.ok) return answer;
  }
  return ok(undefined);
}

function sessionOf(gateway: string, body: unknown): Signed {
  const { access_token, refresh_token, expires_in } = Tokens.parse(body);
  return ok({ gateway, access_token, ...(refresh_token && { refresh_token }), ends_at: Date.now() + expires_in * 1_000 });
}

async function post(
  origin: string,
  path: string,
  form: Readonly<Record<string, string>>,
  withinMs = timeoutMs,
): Promise<Result<{ status: number; body: unknown }, Trouble>> {
  try {
    const response = await fetch(origin + path, {
      method: 'POST',
      body: new URLSearchParams(form),
      redirect: 'error',
      signal: AbortSignal.timeout(withinMs),
    });
    const text = await response.text();
    return ok({ status: response.status, body: text.startsWith('{') ? JSON.parse(text) : undefined });
  } catch (error) {
    return refuse({ reason: 'away', message: `${origin} did not answer: ${sentenceOf(error)}.` });
  }
}
