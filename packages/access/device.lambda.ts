/** The device login (RFC 8628): gives codes, leads a browser through the identity provider, and lets the person decide on a page. Approves nothing by itself. */

import { AccessConfig } from '@gatehouse/core/access-profile';
import { fresh, timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { faultStatus, oauthWire, type Wire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { tellRefused } from './audit.outbox.ts';
import {
  createDevice,
  createLogin,
  decide,
  denyDevice,
  enterUserCode,
  lingering,
  moveLogin,
  rateUsedUp,
  readDevice,
  readLogin,
  withinRate,
} from './device.dynamodb.ts';
import { deviceSeconds, maxTries, pollSeconds, readUserCode, userCode } from './device.ts';
import { redeemCode } from './id-token.http.ts';
import { createIssuers, type Issuers } from './issuers.http.ts';
import { authorizationUrl, holds, partOf, readLoginCookie, setLoginCookie } from './login.ts';
import { oauthAnswer, oauthError } from './oauth-answer.ts';
import { codePage, confirmPage, donePage, problemPage } from './page.ts';
import type { SignInRefusal } from './refusal.ts';
import { type Device, digest } from './rows.ts';
import { entitled, standingOfSubject } from './standing.records.ts';
import { surface } from './surface.ts';
import { checkTarget, readForm } from './token-request.ts';

export const env = z.object({
  TABLE_ACCESS: z.string(),
  TABLE_PEOPLE: z.string(),
  TABLE_POLICY: z.string(),
  PUBLIC_URL: z.string(),
  CONFIG: json(AccessConfig),
  STEP_ADMIT_PERSON_ARN: z.string(),
  SECRET_ENTRA_GRAPH_ARN: z.string(),
});
type DeviceCall = Call<z.infer<typeof env>>;

/** A hundred people behind one address may start at nine o'clock; a machine that guesses codes may not. */
const startsPerSource = { attempts: 300, seconds: 60 };
const wrongCodesPerSource = { attempts: 20, seconds: 300 };

let issuers: Issuers | undefined;

/** Faults of a page are pages; the device's own call answers as OAuth does. */
const pageWire: Wire = {
  ...oauthWire,
  fault(error, request) {
    if (request.path === '/oauth/device_authorization') return oauthWire.fault(error, request);
    const status = faultStatus(error);
    return html(
      status,
      problemPage(status === 500 ? 'Something went wrong on our side.' : 'Gatehouse cannot answer just now. Try again in a minute.'),
    );
  },
};

export const handler = http(
  { surface, env, wire: pageWire },
  {
    'device-authorization': authorizeDevice,
    'device-page': async (request) => html(200, codePage(readUserCode(request.query.get('user_code') ?? '') ?? '')),
    'device-form': async (request, call) => {
      const form = pageForm(request, call);
      if (!form) return html(400, problemPage('This form was not sent by this page.'));
      return form.has('decision') ? decideOn(form, 'approved', request, call) : startLogin(form, request, call);
    },
    'device-deny': async (request, call) => {
      const form = pageForm(request, call);
      return form ? decideOn(form, 'denied', request, call) : html(400, problemPage('This form was not sent by this page.'));
    },
    callback: comeBack,
  },
);

async function authorizeDevice(request: Request, { env, now }: DeviceCall): Promise<Reply> {
  const form = readForm(request.header('content-type'), request.body);
  if (!form.ok) return oauthError(form.refusal);
  const target = checkTarget(form.value, ['resource'], env.PUBLIC_URL);
  if (!target.ok) return oauthError(target.refusal);
  const client = form.value.get('surface') ?? 'claude_code';
  if (!/^[a-z][a-z_]{0,31}$/.test(client)) return oauthError({ error: 'invalid_request', description: 'surface is not a name.' });
  if (!(await withinRate(env.TABLE_ACCESS, 'device', request.sourceIp, startsPerSource, now))) {
    return oauthError({ error: 'slow_down', description: 'Too many sign-ins were started from this address.', status: 429 });
  }
  const clientId = form.value.get('client_id');
  for (let attempt = 1; attempt <= 3; attempt++) {
    const deviceCode = Buffer.from(fresh(32)).toString('base64url');
    const code = userCode(fresh(32));
    const device: Device = {
      hash: digest(deviceCode),
      user_code_hash: digest(code),
      state: 'pending',
      client,
      ...(clientId !== undefined && { client_id: clientId }),
      source_ip: request.sourceIp,
      user_agent: (request.header('user-agent') ?? '').slice(0, 128),
      created_at: timestamp(now),
      ends_at: now + deviceSeconds * 1000,
      interval: pollSeconds,
      tries: 0,
      expires_at: lingering(now + deviceSeconds * 1000),
    };
    if (!(await createDevice(env.TABLE_ACCESS, device))) continue;
    return oauthAnswer({
      device_code: deviceCode,
      user_code: code,
      verification_uri: `${env.PUBLIC_URL}/device`,
      verification_uri_complete: `${env.PUBLIC_URL}/device?user_code=${code}`,
      expires_in: deviceSeconds,
      interval: pollSeconds,
    });
  }
  return oauthError({ error: 'temporarily_unavailable', description: 'No free code was found: try again.', status: 503 });
}

async function startLogin(form: URLSearchParams, request: Request, { env, now }: DeviceCall): Promise<Reply> {
  const typed = form.get('user_code') ?? '';
  const code = readUserCode(typed);
  if (await rateUsedUp(env.TABLE_ACCESS, 'user-code', request.sourceIp, wrongCodesPerSource, now)) {
    return html(429, problemPage('Too many wrong codes came from this address. Wait five minutes.'));
  }
  const device = code === undefined ? undefined : await enterUserCode(env.TABLE_ACCESS, code);
  if (code === undefined || device?.state !== 'pending' || now >= device.ends_at || device.tries > maxTries) {
    await withinRate(env.TABLE_ACCESS, 'user-code', request.sourceIp, wrongCodesPerSource, now);
    return html(400, codePage(code ?? '', 'No device is waiting for this code. Check it, or start again on the device.'));
  }
  const { client_id, issuer, scopes } = env.CONFIG.login;
  const { authorization_endpoint } = await issuersOf(env.CONFIG).discoveryOf(issuer, now);
  const secret = Buffer.from(fresh(32)).toString('base64url');
  await createLogin(env.TABLE_ACCESS, secret, {
    device: device.hash,
    stage: 'sent',
    ends_at: device.ends_at,
    expires_at: device.expires_at,
  });
  const location = authorizationUrl(secret, {
    authorizationEndpoint: authorization_endpoint,
    clientId: client_id,
    scopes,
    redirectUri: redirectUri(env.PUBLIC_URL),
  });
  return { status: 303, headers: { ...pageHeaders, location }, cookies: [setLoginCookie({ secret, code }, env.PUBLIC_URL, deviceSeconds)] };
}

async function comeBack(request: Request, { env, now }: DeviceCall): Promise<Reply> {
  const { secret, code: shown } = readLoginCookie(request.cookies) ?? {};
  if (!secret || !holds(secret, 'state', request.query.get('state'))) {
    return html(400, problemPage('This sign-in was not started in this browser, or it is too old.'));
  }
  const iss = request.query.get('iss');
  if (iss !== null && iss !== env.CONFIG.login.issuer) return html(400, problemPage('Another identity provider answered.'));
  const login = await moveLogin(env.TABLE_ACCESS, secret, 'sent', { stage: 'returned' }, now);
  if (!login) return html(400, problemPage('This sign-in was used already, or it is too old.'));
  const code = request.query.get('code');
  if (!code || code.length > 4_096) return html(403, problemPage('The identity provider did not sign you in.'));

  const tools = { config: env.CONFIG, redirectUri: redirectUri(env.PUBLIC_URL), issuers: issuersOf(env.CONFIG) };
  const subject = await redeemCode(code, secret, tools, now);
  const standing = subject.ok ? await standingOfSubject(env, subject.value) : subject;
  const welcome = standing.ok ? await entitled(env, standing.value) : standing;
  if (!subject.ok || !welcome.ok) return turnAway(env, login.device, welcome.ok ? undefined : welcome.refusal, request, now);

  const { person, email } = welcome.value;
  await moveLogin(env.TABLE_ACCESS, secret, 'returned', { stage: 'known', person, auth_time: subject.value.authTime }, now);
  const device = await readDevice(env.TABLE_ACCESS, login.device);
  if (!device || !shown || digest(shown) !== device.user_code_hash) return html(400, problemPage('The device is not waiting any more.'));
  log.info('device login at its confirmation', { person, device_ip: device.source_ip, browser_ip: request.sourceIp });
  return html(
    200,
    confirmPage({
      code: shown,
      person: email,
      client: clientName(device),
      sourceIp: device.source_ip,
      startedAt: device.created_at,
      csrf: partOf(secret, 'csrf'),
    }),
  );
}

async function turnAway(
  env: DeviceCall['env'],
  device: string,
  refusal: SignInRefusal | undefined,
  request: Request,
  now: number,
): Promise<Reply> {
  await denyDevice(env.TABLE_ACCESS, device);
  if (refusal) await tellRefused(env.TABLE_ACCESS, 'device_code', refusal, request, now, env.CONFIG.login.issuer);
  return html(403, problemPage('You may not sign in here. Ask whoever runs Gatehouse in your company.'));
}

async function decideOn(
  form: URLSearchParams,
  decision: 'approved' | 'denied',
  request: Request,
  { env, now }: DeviceCall,
): Promise<Reply> {
  const { secret } = readLoginCookie(request.cookies) ?? {};
  if (!secret || !holds(secret, 'csrf', form.get('csrf'))) return html(403, problemPage('This form was not sent by this page.'));
  const login = await readLogin(env.TABLE_ACCESS, secret, now);
  const held = login?.stage === 'known' && (await decide(env.TABLE_ACCESS, secret, login, decision, now));
  if (!held) return html(400, problemPage('This sign-in was decided already, or it is too old.'));
  log.info('device login decided', { person: login.person, decision, browser_ip: request.sourceIp });
  const cookies = [setLoginCookie(undefined, env.PUBLIC_URL, 0)];
  const said =
    decision === 'approved'
      ? donePage('Device approved', 'Go back to your device: it signs in by itself within a few seconds. You can close this page.')
      : donePage('Device denied', 'The device was not signed in. If you did not start this, tell your security team.');
  return { ...html(200, said), cookies };
}

/** A form of ours, sent by a page of ours: browsers say where a form came from; scripts without a browser have no cookie to misuse. */
function pageForm(request: Request, { env }: DeviceCall): URLSearchParams | undefined {
  const from = request.header('origin');
  const site = request.header('sec-fetch-site');
  if (from !== undefined && from !== env.PUBLIC_URL) return undefined;
  if (site !== undefined && site !== 'same-origin') return undefined;
  const form = readForm(request.header('content-type'), request.body);
  return form.ok ? new URLSearchParams([...form.value]) : undefined;
}

function redirectUri(origin: string): string {
  return `${origin}/oauth/callback`;
}

function clientName({ client, user_agent }: Device): string {
  return user_agent === '' ? client : `${client} (${user_agent})`;
}

const pageHeaders = {
  'cache-control': 'no-store',
  // Browsers check form-action along redirects too, and the identity provider may hand on to another one.
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' https: http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-opener-policy': 'same-origin',
  // Not no-referrer: that would send forms with `Origin: null`.
  'referrer-policy': 'same-origin',
} as const;

function html(status: number, body: string): Reply {
  return { status, headers: { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' }, body };
}

function issuersOf(config: AccessConfig): Issuers {
  issuers ??= createIssuers(config);
  return issuers;
}
