/** Reads what the token endpoint is asked: strict in form, silent about content. Decides which grant is meant, never whether it is given. */

import type { Scope } from '@gatehouse/contracts/surface';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { OAuthError } from './oauth-answer.ts';

/** Two tokens of the largest size admitted, percent-encoded at worst, and some parameters. */
export const maxFormBytes = 65_536;

export const scopes = ['policy', 'otlp', 'inference', 'usage'] as const satisfies readonly Scope[];

export const grantTypes = {
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  refresh: 'refresh_token',
} as const;

const tokenType = 'urn:ietf:params:oauth:token-type:';
export const accessTokenType = `${tokenType}access_token`;
/** Types of subject tokens taken (RFC 8693 s3), and what a token of each may call itself in `typ`. */
const subjectTypes: Readonly<Record<string, readonly (string | undefined)[]>> = {
  [`${tokenType}id_token`]: [undefined, 'jwt'],
  [`${tokenType}jwt`]: [undefined, 'jwt', 'at+jwt'],
  [accessTokenType]: [undefined, 'jwt', 'at+jwt'],
};

type Asked<T> = Result<T, OAuthError>;
export type Form = ReadonlyMap<string, string>;

function invalid(description: string): { ok: false; refusal: OAuthError } {
  return refuse({ error: 'invalid_request', description });
}

/** A form's parameters. An empty one counts as left out; one that comes twice is an error (RFC 6749 s3.1). */
export function readForm(contentType: string | undefined, body: Uint8Array): Asked<Form> {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return invalid('The body must be application/x-www-form-urlencoded.');
  if (body.length > maxFormBytes) return invalid(`The body has more than ${maxFormBytes} bytes.`);
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString('utf8'))) {
    if (seen.has(name)) return invalid('A parameter is there twice.');
    seen.add(name);
    if (value !== '') form.set(name, value);
  }
  // It goes into the token: its size is ours to bound (RFC 6749 appendix A.1 for the characters).
  const clientId = form.get('client_id');
  if (clientId !== undefined && !/^[\x20-\x7e]{1,128}$/.test(clientId))
    return invalid('client_id is no identifier of at most 128 characters.');
  return ok(form);
}

export interface ExchangeRequest {
  grant: 'exchange';
  subject: { token: string; types: readonly (string | undefined)[] };
  actor?: { token: string; types: readonly (string | undefined)[] };
  scopes: readonly Scope[];
  clientId?: string;
}
export interface DeviceRequest {
  grant: 'device';
  deviceCode: string;
  clientId?: string;
}
export interface RefreshRequest {
  grant: 'refresh';
  refreshToken: string;
  /** Undefined: as the family holds. */
  scopes?: readonly Scope[];
  clientId?: string;
}
/** An exchange that names a service's rule. */
export interface ServiceRequest {
  grant: 'service';
  /** The service's name in the profile. */
  rule: string;
  subject: ExchangeRequest['subject'];
  /** Undefined: as the rule says. */
  scopes?: readonly Scope[];
}
export type TokenRequest = ExchangeRequest | DeviceRequest | RefreshRequest | ServiceRequest;

/** @param origin the gateway's: the only resource and audience there is. */
export function readTokenRequest(form: Form, origin: string): Asked<TokenRequest> {
  const target = checkTarget(form, ['resource'], origin);
  if (!target.ok) return target;
  switch (form.get('grant_type')) {
    case undefined:
      return invalid('grant_type is missing.');
    case grantTypes.device:
      return readDevice(form);
    case grantTypes.exchange:
      return readExchange(form, origin);
    case grantTypes.refresh:
      return readRefresh(form);
    default:
      return refuse({ error: 'unsupported_grant_type', description: 'This grant type is not one that is served here.' });
  }
}

function readDevice(form: Form): Asked<DeviceRequest> {
  const deviceCode = form.get('device_code');
  if (!deviceCode) return invalid('device_code is missing.');
  return ok({ grant: 'device', deviceCode, ...client(form) });
}

function readRefresh(form: Form): Asked<RefreshRequest> {
  const refreshToken = form.get('refresh_token');
  if (!refreshToken) return invalid('refresh_token is missing.');
  const asked = readScopes(form.get('scope'));
  if (!asked.ok) return asked;
  return ok({ grant: 'refresh', refreshToken, ...(asked.value && { scopes: asked.value }), ...client(form) });
}

function readExchange(form: Form, origin: string): Asked<ExchangeRequest | ServiceRequest> {
  const subject = readToken(form, 'subject');
  if (!subject.ok) return subject;
  if (!subject.value) return invalid('subject_token and subject_token_type are both needed.');
  const actor = readToken(form, 'actor');
  if (!actor.ok) return actor;
  const wanted = form.get('requested_token_type');
  if (wanted !== undefined && wanted !== accessTokenType && wanted !== `${tokenType}jwt`)
    return invalid('requested_token_type is not one that is issued here.');
  const target = checkTarget(form, ['audience'], origin);
  if (!target.ok) return target;
  const asked = readScopes(form.get('scope'));
  if (!asked.ok) return asked;
  const rule = form.get('rule');
  if (rule !== undefined) {
    if (actor.value) return invalid('A rule names who acts: actor_token has no place beside it.');
    return ok({ grant: 'service', rule, subject: subject.value, ...(asked.value && { scopes: asked.value }) });
  }
  return ok({
    grant: 'exchange',
    subject: subject.value,
    ...(actor.value && { actor: actor.value }),
    scopes: asked.value ?? scopes,
    ...client(form),
  });
}

/** Tokens are for this origin; whoever wants one for another place is told that there is none (RFC 8707 s2, RFC 8693 s2.1). */
export function checkTarget(form: Form, names: readonly ('resource' | 'audience')[], origin: string): Asked<undefined> {
  for (const name of names) {
    const target = form.get(name);
    if (target !== undefined && target !== origin && target !== `${origin}/`)
      return refuse({ error: 'invalid_target', description: `The ${name} is not this gateway.` });
  }
  return ok(undefined);
}

function readToken(form: Form, role: 'subject' | 'actor'): Asked<ExchangeRequest['subject'] | undefined> {
  const token = form.get(`${role}_token`);
  const type = form.get(`${role}_token_type`);
  if (token === undefined && type === undefined) return ok(undefined);
  if (token === undefined || type === undefined) return invalid(`${role}_token and ${role}_token_type are both needed.`);
  const types = Object.hasOwn(subjectTypes, type) ? subjectTypes[type] : undefined;
  if (!types) return invalid(`${role}_token_type is not one that is taken here.`);
  return ok({ token, types });
}

function readScopes(text: string | undefined): Asked<readonly Scope[] | undefined> {
  if (text === undefined) return ok(undefined);
  const asked = new Set(text.split(' '));
  const known = scopes.filter((one) => asked.has(one));
  if (known.length !== asked.size) return refuse({ error: 'invalid_scope', description: `Scopes here are: ${scopes.join(' ')}.` });
  return ok(known);
}

function client(form: Form): { clientId?: string } {
  const clientId = form.get('client_id');
  return clientId === undefined ? {} : { clientId };
}
