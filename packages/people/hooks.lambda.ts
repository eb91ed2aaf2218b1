/**
 * What identity providers push at us over HTTP: each delivery proves itself in its own way, is written down, and is then answered. Nothing is
 * read or decided here; a store that is away or busy sheds the delivery, and its sender comes again.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { json } from '@gatehouse/runtime/environment';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { secret } from '@gatehouse/runtime/secret';
import { apiWire, faultStatus, oauthWire, type Wire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { acceptHints, type Hinted } from './hinted.dynamo.ts';
import { accept } from './hooks/accept.dynamo.ts';
import { readEvent } from './hooks/authentik-event.ts';
import { timeIn } from './hooks/claim-time.ts';
import { readNotification, readDelivery as readNotifications } from './hooks/entra-notification.ts';
import { hearLogout } from './hooks/oidc-logout.http.ts';
import { readDelivery } from './hooks/okta-hook.ts';
import { hasEvents, readSecurityEvents, readSubject } from './hooks/security-event.ts';
import { readSigned, type Signed } from './hooks/signed.http.ts';
import { heardFrom } from './source.dynamo.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_PEOPLE: z.string(),
  CONFIG: json(PeopleConfig),
  SECRET_HOOK_OKTA_ARN: z.string(),
  SECRET_HOOK_ENTRA_ARN: z.string(),
  SECRET_HOOK_AUTHENTIK_ARN: z.string(),
});
type HookCall = Call<z.infer<typeof env>>;

/** Senders try again on these: 429 asks for less, and Okta alone takes a 4xx for final. */
const wire: Wire = {
  refuse: apiWire.refuse,
  fault: (error, request) => {
    if (request.path === '/hooks/oidc-logout') return oauthWire.fault(error, request);
    const status = faultStatus(error);
    if (status === 500) return { status };
    return { status: request.path === '/hooks/okta' ? 503 : 429, headers: { 'retry-after': '5' } };
  },
};

export const handler = http(
  { surface, env, wire },
  {
    'okta-hook': hearOkta,
    'okta-hook-verification': verifyOkta,
    'entra-hook': hearEntra,
    'authentik-hook': hearAuthentik,
    'ssf-hook': hearSecurityEvent,
    'token-revocation-hook': revokeTokens,
    'oidc-logout-hook': endSessions,
  },
);

const notFound: Reply = { status: 404 };
const unauthorized: Reply = { status: 401 };
const malformed: Reply = { status: 400 };

/** Okta's one-time handshake: it asks before it knows that we hold the secret. */
async function verifyOkta(request: Request, { env: { CONFIG } }: HookCall): Promise<Reply> {
  const challenge = request.header('x-okta-verification-challenge');
  if (!CONFIG.hooks.okta) return notFound;
  return challenge && challenge.length <= 512 ? { status: 200, body: { verification: challenge } } : malformed;
}

async function hearOkta(request: Request, { env, now }: HookCall): Promise<Reply> {
  const hook = env.CONFIG.hooks.okta;
  if (!hook) return notFound;
  if (!isSecret(request.header('authorization'), await secret(env.SECRET_HOOK_OKTA_ARN))) return unauthorized;
  const delivery = readDelivery(jsonOf(request));
  if (!delivery.ok) return malformed;
  const hints: Hinted[] = [];
  for (const heard of delivery.value) {
    if (!heard.ok) {
      log.info('event does nothing', { source: 'okta-hook', ...heard.refusal });
      continue;
    }
    const { victims, groups, kind, uuid } = heard.value;
    // The log stream's events carry the same ids: an event that comes both ways is one.
    const about = { issuer: hook.issuer, leaving: kind === 'leaving', source: 'okta', cause: uuid };
    for (const subject of victims) hints.push({ ...about, subject });
    for (const { id, name } of groups) hints.push({ ...about, group: id, ...(name !== '' && { group_name: name }) });
  }
  await acceptHints(env.TABLE_PEOPLE, hints);
  await heardFrom(env.TABLE_PEOPLE, 'okta-hook', now);
  return { status: 204 };
}

const maxValidationToken = 2_048;

async function hearEntra(request: Request, { env, now }: HookCall): Promise<Reply> {
  const hook = env.CONFIG.hooks.entra;
  const validation = request.query.get('validationToken');
  // Graph's handshake, at making and at renewing a subscription: its text comes back as text and as nothing else.
  if (!hook) return notFound;
  if (validation !== null)
    return validation.length <= maxValidationToken
      ? { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: validation }
      : malformed;
  const clientState = await secret(env.SECRET_HOOK_ENTRA_ARN);
  const delivery = readNotifications(jsonOf(request));
  if (!delivery.ok) return bearsSecret(request, clientState) ? malformed : unauthorized;
  const hints: Hinted[] = [];
  let genuine = 0;
  for (const one of delivery.value) {
    const read = readNotification(one, hook.tenant, (given) => isSecret(given, clientState));
    if (read.ok || read.refusal.reason !== 'forged') genuine++;
    if (!read.ok) {
      log.info('event does nothing', { source: 'entra', ...read.refusal });
      if (read.refusal.reason === 'lifecycle') log.warn('a Graph subscription needs somebody', { detail: read.refusal.detail });
      continue;
    }
    const { users, groups, leaving, cause } = read.value;
    const about = { issuer: hook.issuer, leaving, source: 'entra', cause };
    for (const id of users) hints.push({ ...about, subject: `${hook.tenant}/${id}` });
    for (const group of groups) hints.push({ ...about, group });
  }
  if (genuine === 0) return unauthorized;
  await acceptHints(env.TABLE_PEOPLE, hints);
  await heardFrom(env.TABLE_PEOPLE, 'entra', now);
  return { status: 202 };
}

async function hearAuthentik(request: Request, { env, now }: HookCall): Promise<Reply> {
  const hook = env.CONFIG.hooks.authentik;
  if (!hook) return notFound;
  if (!bearsSecret(request, await secret(env.SECRET_HOOK_AUTHENTIK_ARN))) return unauthorized;
  const event = readEvent(jsonOf(request));
  if (event.ok) await acceptHints(env.TABLE_PEOPLE, [{ ...event.value, issuer: hook.issuer, source: 'authentik' }]);
  else log.info('event does nothing', { source: 'authentik', ...event.refusal });
  await heardFrom(env.TABLE_PEOPLE, 'authentik', now);
  return { status: 202 };
}

const day = 86_400;

/** RFC 8935: 202 once it is written down, also when it had been before; 400 says why not, in its own words. */
async function hearSecurityEvent(request: Request, { env, now }: HookCall): Promise<Reply> {
  const refused = (err: string, description: string): Reply => ({
    status: 400,
    headers: { 'content-language': 'en' },
    body: { err, description },
  });
  if (env.CONFIG.hooks.ssf.length === 0) return unauthorized;
  const signed = await readSigned(request.text().trim(), ['secevent+jwt'], env.CONFIG.hooks.ssf, now);
  if (!signed.ok) {
    log.info('security event refused', { refusal: signed.refusal });
    switch (signed.refusal.reason) {
      case 'wrong_issuer':
        return refused('invalid_issuer', 'This issuer is not one that is listened to');
      case 'wrong_audience':
        return refused('invalid_audience', 'The token is meant for somebody else');
      case 'unknown_key':
      case 'bad_signature':
        return refused('invalid_key', 'The signature is not by a key of the issuer');
      default:
        return refused('invalid_request', 'The token cannot be read');
    }
  }
  const { claims, transmitter, jti } = signed.value;
  const [iat, exp, seconds] = [timeIn(claims, 'iat'), timeIn(claims, 'exp'), now / 1000];
  if (
    iat === undefined ||
    iat > seconds + 300 ||
    iat < seconds - 7 * day ||
    (exp !== undefined && exp < seconds - 300) ||
    !hasEvents(claims)
  )
    return refused('invalid_request', 'The token is too old, not from now, or has no events');
  for (const event of readSecurityEvents(claims)) {
    if (!event.ok) {
      log.info('event does nothing', { source: 'ssf', cause: jti, ...event.refusal });
      continue;
    }
    const { who, leaving, signOut, type } = event.value;
    const issuer = whose(signed.value, who);
    if (issuer === undefined) {
      log.info('event does nothing', { source: 'ssf', cause: jti, reason: 'about people of another issuer' });
      continue;
    }
    const { found } = await accept(env.TABLE_PEOPLE, { issuer, who, leaving, signOut, source: `ssf ${transmitter.issuer}`, cause: jti });
    if (!found) log.info('event is about nobody known here', { source: 'ssf', cause: jti, type });
  }
  await heardFrom(env.TABLE_PEOPLE, 'ssf', now);
  return { status: 202 };
}

/** A transmitter speaks for its own people, and for nobody else's. */
function whose({ transmitter }: Signed, who: NonNullable<ReturnType<typeof readSubject>>): string | undefined {
  const people = transmitter.people ?? transmitter.issuer;
  return who.by === 'email' || who.issuer === undefined || who.issuer === people || who.issuer === transmitter.issuer ? people : undefined;
}

const skew = 300;

/** Global Token Revocation, as Okta's Universal Logout sends it: 204 once the sessions' end is written down. */
async function revokeTokens(request: Request, { env, now }: HookCall): Promise<Reply> {
  const bearer = /^Bearer (\S+)$/i.exec(request.header('authorization') ?? '')?.[1];
  if (bearer === undefined) return unauthorized;
  const signed = await readSigned(bearer, ['global-token-revocation+jwt'], env.CONFIG.hooks.token_revocation, now);
  if (!signed.ok) {
    log.info('token revocation refused', { refusal: signed.refusal });
    return unauthorized;
  }
  const { claims, jti, transmitter } = signed.value;
  const [exp, nbf, iat, seconds] = [timeIn(claims, 'exp'), timeIn(claims, 'nbf'), timeIn(claims, 'iat'), now / 1000];
  const isNow = exp !== undefined && exp > seconds - skew && exp < seconds + day && (nbf ?? iat ?? 0) <= seconds + skew;
  if (!isNow) return unauthorized;
  const body = z.object({ sub_id: z.unknown() }).safeParse(jsonOf(request));
  const who = body.success ? readSubject(body.data.sub_id) : undefined;
  if (!who) return malformed;
  const issuer = whose(signed.value, who);
  if (issuer === undefined) return { status: 403 };
  const source = 'token-revocation';
  const wish = { issuer, who, leaving: false, signOut: true, source, cause: jti };
  const { found, fresh } = await accept(env.TABLE_PEOPLE, wish, { kind: source, issuer: transmitter.issuer, jti, ends: exp + skew });
  if (!fresh) return unauthorized;
  await heardFrom(env.TABLE_PEOPLE, source, now);
  return { status: found ? 204 : 404 };
}

async function endSessions(request: Request, { env, now }: HookCall): Promise<Reply> {
  const transmitters = env.CONFIG.hooks.oidc_logout;
  if (transmitters.length === 0) return notFound;
  const reply = await hearLogout(request, env.TABLE_PEOPLE, transmitters, now);
  if (reply.status === 200) await heardFrom(env.TABLE_PEOPLE, 'oidc-logout', now);
  return reply;
}

function jsonOf(request: Request): unknown {
  const json = request.json();
  return json.ok ? json.value : undefined;
}

function bearsSecret(request: Request, wanted: string): boolean {
  const header = request.header('authorization') ?? '';
  return isSecret(header.replace(/^Bearer /i, ''), wanted);
}

/** In constant time, whatever the lengths. */
function isSecret(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(wanted));
}
