import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClock } from '../clock.ts';
import { ask, askForm } from '../outside/ask.ts';
import { createIdp, type Idp } from './create-idp.ts';

const returnTo = 'http://127.0.0.1:8787/oauth/callback';
const running: Idp[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(running.splice(0).map((idp) => idp.close()));
});

async function start() {
  const idp = await createIdp({
    port: 0,
    clock: createClock(),
    emit: () => {},
    directoryToken: 'unused',
    redirectUris: ['http://127.0.0.1/oauth/callback', 'http://localhost/oauth/callback'],
  });
  running.push(idp);
  const discovery = (await ask(idp.issuer, 'GET', '/.well-known/openid-configuration')).body;
  const hr = (path: string, body: unknown) => ask(idp.issuer, 'PATCH', `/directory${path}`, body);
  return { idp, discovery, hr };
}

/** A browser as a script writes it: cookies kept by name, redirects followed by hand until one leaves the IdP. */
function browser(origin: string) {
  const cookies = new Map<string, string>();
  async function visit(address: string, form?: Record<string, string>): Promise<{ address: string; status: number; html: string }> {
    const target = new URL(address, origin);
    if (target.origin !== origin) return { address: target.href, status: 0, html: '' };
    const response = await fetch(target, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location) return visit(new URL(location, target).href);
    return { address: target.href, status: response.status, html: await response.text() };
  }
  /** Fills in the form of the page: its hidden fields as they stand, and these. */
  function submit(page: { address: string; html: string }, fields: Record<string, string>) {
    const action = /<form[^>]*action="([^"]*)"/.exec(page.html)?.[1] ?? page.address;
    const hidden = [...page.html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    return visit(new URL(action, page.address).href, { ...Object.fromEntries(hidden), ...fields });
  }
  return { visit, submit };
}

function authorization(discovery: { authorization_endpoint: string }, extra: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const address = new URL(discovery.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: 'gatehouse',
    response_type: 'code',
    redirect_uri: returnTo,
    scope: 'openid email profile groups offline_access',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...extra,
  }).toString();
  return { address: address.href, verifier };
}

/** With `prompt=consent` the request may have a refresh token (OpenID Connect Core section 11). */
async function signIn(running: Awaited<ReturnType<typeof start>>, login: string) {
  const { address, verifier } = authorization(running.discovery, { prompt: 'consent' });
  const tab = browser(running.idp.issuer);
  const landed = await tab.submit(await tab.visit(address), { login });
  const code = new URL(landed.address).searchParams.get('code') ?? '';
  return {
    tab,
    landed,
    exchange: { grant_type: 'authorization_code', client_id: 'gatehouse', code, redirect_uri: returnTo, code_verifier: verifier },
  };
}

describe('signing in at the IdP', () => {
  it('takes a scripted browser from the authorization request through the form with one field to the code and an ID token', async () => {
    const stack = await start();
    const { address, verifier } = authorization(stack.discovery);
    const tab = browser(stack.idp.issuer);
    const form = await tab.visit(address);
    expect(form.html.match(/<input/g)).toHaveLength(1);
    expect(form.html).not.toContain('<script');
    const landed = new URL((await tab.submit(form, { login: 'alice@example.com' })).address);
    expect(landed.origin + landed.pathname).toBe(returnTo);
    expect(landed.searchParams.get('state')).toBe('state-1');
    expect(landed.searchParams.get('iss')).toBe(stack.idp.issuer);
    const tokens = await askForm(stack.discovery.token_endpoint, {
      grant_type: 'authorization_code',
      client_id: 'gatehouse',
      code: landed.searchParams.get('code') ?? '',
      redirect_uri: returnTo,
      code_verifier: verifier,
    });
    expect(tokens.status).toBe(200);
    const keys = createRemoteJWKSet(new URL(stack.discovery.jwks_uri));
    const { payload, protectedHeader } = await jwtVerify(tokens.body.id_token, keys, { issuer: stack.idp.issuer, audience: 'gatehouse' });
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toMatchObject({
      sub: stack.idp.directory.find('alice@example.com')?.id,
      email: 'alice@example.com',
      name: 'Alice Archer',
      groups: ['engineering'],
      nonce: 'nonce-1',
    });
  });

  it('is found by discovery, supports only S256 and speaks the device flow', async () => {
    const { discovery, idp } = await start();
    expect(discovery).toMatchObject({
      issuer: idp.issuer,
      code_challenge_methods_supported: ['S256'],
      device_authorization_endpoint: expect.any(String),
    });
  });

  it('refuses a request without PKCE and a return address that is not the client’s', async () => {
    const { discovery, idp } = await start();
    const bare = new URL(authorization(discovery).address);
    bare.searchParams.delete('code_challenge');
    bare.searchParams.delete('code_challenge_method');
    const landed = await browser(idp.issuer).visit(bare.href);
    expect(new URL(landed.address).searchParams.get('error')).toBe('invalid_request');
    const elsewhere = await browser(idp.issuer).visit(authorization(discovery, { redirect_uri: 'http://127.0.0.1:8787/other' }).address);
    expect(elsewhere).toMatchObject({ status: 400 });
  });

  it('lets any loopback port be returned to', async () => {
    const { discovery, idp } = await start();
    for (const address of ['http://127.0.0.1:54321/oauth/callback', 'http://localhost:1234/oauth/callback']) {
      expect((await browser(idp.issuer).visit(authorization(discovery, { redirect_uri: address }).address)).status).toBe(200);
    }
  });

  it.each([
    ['deactivated', { active: false }, 'deactivated'],
    ['suspended', { suspended: true }, 'suspended'],
  ])('does not let in who is %s, and the form says so', async (_name, patch, word) => {
    const stack = await start();
    await stack.hr('/users/alice@example.com', patch);
    const tab = browser(stack.idp.issuer);
    const page = await tab.submit(await tab.visit(authorization(stack.discovery).address), { login: 'alice@example.com' });
    expect(page).toMatchObject({ status: 403, html: expect.stringContaining(`is ${word}`) });
  });

  it('does not let in who does not exist, and escapes what was typed', async () => {
    const stack = await start();
    const tab = browser(stack.idp.issuer);
    const page = await tab.submit(await tab.visit(authorization(stack.discovery).address), { login: '<b>mallory' });
    expect(page.status).toBe(403);
    expect(page.html).not.toContain('<b>mallory');
  });

  it('refuses the code, the refresh token and the browser’s own session of a person deactivated meanwhile', async () => {
    const stack = await start();
    const before = await signIn(stack, 'alice@example.com');
    const tokens = await askForm(stack.discovery.token_endpoint, before.exchange);
    expect(tokens.body.refresh_token).toEqual(expect.any(String));
    const again = await signIn(stack, 'alice@example.com');
    await stack.hr('/users/alice@example.com', { active: false });
    expect(await askForm(stack.discovery.token_endpoint, again.exchange)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const refreshed = await askForm(stack.discovery.token_endpoint, {
      grant_type: 'refresh_token',
      client_id: 'gatehouse',
      refresh_token: tokens.body.refresh_token,
    });
    expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const asked = await before.tab.visit(authorization(stack.discovery).address);
    expect(asked).toMatchObject({ status: 200, html: expect.stringContaining('name="login"') });
  });

  it('refreshes for a person who is still active, with the groups of now', async () => {
    const stack = await start();
    const tokens = await askForm(stack.discovery.token_endpoint, (await signIn(stack, 'alice@example.com')).exchange);
    await stack.hr('/users/alice@example.com', { groups: ['contractors'] });
    const refreshed = await askForm(stack.discovery.token_endpoint, {
      grant_type: 'refresh_token',
      client_id: 'gatehouse',
      refresh_token: tokens.body.refresh_token,
    });
    const claims = JSON.parse(Buffer.from(refreshed.body.id_token.split('.')[1], 'base64url').toString());
    expect(claims.groups).toEqual(['contractors']);
  });

  it('signs in again without the form while the browser’s session lasts', async () => {
    const stack = await start();
    const { tab } = await signIn(stack, 'bob@example.com');
    const landed = await tab.visit(authorization(stack.discovery).address);
    expect(new URL(landed.address).searchParams.get('code')).toBeTruthy();
  });

  it('walks a device through: code on the device, confirmation and sign-in in the browser, tokens on the device', async () => {
    const stack = await start();
    const device = await askForm(stack.discovery.device_authorization_endpoint, { client_id: 'gatehouse', scope: 'openid email groups' });
    const poll = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'gatehouse',
      device_code: device.body.device_code,
    };
    expect((await askForm(stack.discovery.token_endpoint, poll)).body.error).toBe('authorization_pending');
    const tab = browser(stack.idp.issuer);
    const entered = await tab.submit(await tab.visit(device.body.verification_uri), { user_code: device.body.user_code });
    expect(entered.html).toContain(device.body.user_code);
    const done = await tab.submit(await tab.submit(entered, { confirm: 'yes' }), { login: 'alice@example.com' });
    expect(done.html).toContain('is signed in');
    const tokens = await askForm(stack.discovery.token_endpoint, poll);
    expect(tokens.body.id_token).toEqual(expect.any(String));
  });

  it('prints nothing, however it is used', async () => {
    const printed = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info'), vi.spyOn(console, 'error'), vi.spyOn(console, 'log')];
    const stack = await start();
    await askForm(stack.discovery.token_endpoint, (await signIn(stack, 'alice@example.com')).exchange);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });
});
