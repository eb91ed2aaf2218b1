/**
 * A client of the gateway protocol that sends what Claude Code 2.1.330 sends, header by header, and takes nothing but the answers listed here. Where an
 * answer differs from the reference gateway's on purpose, the line says why.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { allEvents, changePolicy, modelsOf } from '../journeys/inference.fixture.ts';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let tokens: { access_token: string; refresh_token: string };

beforeAll(async () => {
  stack = await startStack();
}, 60_000);
afterAll(() => stack?.stop());

const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(stack.gateway + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { accept: 'application/json', ...headers },
    redirect: 'manual',
  });
const bearer = () => ({ authorization: `Bearer ${tokens.access_token}` });
const session = '6f9b6f6e-2c1d-4a57-9d0a-0d4f3e8f5a11';
/** As the client sends them in a gateway session. */
const promptHeaders = () => ({
  ...bearer(),
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'claude-cli/2.1.330 (external, sdk-cli)',
  'x-claude-code-session-id': session,
  'x-stainless-arch': 'x64',
  'x-stainless-lang': 'js',
  'x-stainless-os': 'Linux',
  'x-stainless-package-version': '0.128.0',
  'x-stainless-retry-count': '0',
  'x-stainless-runtime': 'node',
  'x-stainless-runtime-version': 'v26.12.1',
  'x-stainless-timeout': '600',
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14,tool-search-tool-2025-10-19,effort-2025-11-24',
  'anthropic-dangerous-direct-browser-access': 'true',
  'anthropic-version': '2023-06-01',
  'x-app': 'cli',
});
const prompt = (model: string, more: object = {}) =>
  fetch(`${stack.gateway}/v1/messages?beta=true`, {
    method: 'POST',
    headers: promptHeaders(),
    body: JSON.stringify({
      model,
      max_tokens: 32_000,
      stream: true,
      system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }],
      metadata: { user_id: JSON.stringify({ device_id: 'd', account_uuid: '', session_id: session }) },
      thinking: { type: 'adaptive', display: 'omitted' },
      ...more,
    }),
  });
const secure = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' };
const headersOf = (response: Response) => Object.fromEntries(response.headers);

describe('discovery', () => {
  it('names this origin and its endpoints', async () => {
    const response = await fetch(`${stack.gateway}/.well-known/oauth-authorization-server`);
    expect(headersOf(response)).toMatchObject({ 'content-type': 'application/json' });
    expect(await response.json()).toMatchObject({
      issuer: stack.gateway,
      device_authorization_endpoint: `${stack.gateway}/oauth/device_authorization`,
      token_endpoint: `${stack.gateway}/oauth/token`,
      revocation_endpoint: `${stack.gateway}/oauth/revoke`,
      grant_types_supported: expect.arrayContaining(['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']),
      token_endpoint_auth_methods_supported: ['none'],
      gateway_protocol_version: 1,
    });
  });

  it.each([
    ['/healthz', 'ok'],
    ['/readyz', 'ready'],
  ])('GET %s answers %s to anybody', async (path, word) => {
    const response = await fetch(stack.gateway + path);
    expect([response.status, (await response.text()).trim()]).toEqual([200, word]);
  });
});

describe('signing in', () => {
  it('goes by a device code, a page and a poll', async () => {
    const asked = await form('/oauth/device_authorization', { surface: 'claude_code' });
    const device = (await asked.json()) as Record<string, string>;
    expect(device).toMatchObject({
      device_code: expect.any(String),
      user_code: expect.stringMatching(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/),
      verification_uri: `${stack.gateway}/device`,
      verification_uri_complete: expect.stringContaining('user_code='),
      expires_in: 600,
      interval: 5,
    });
    const poll = () =>
      form('/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code ?? '' });
    const early = await poll();
    expect([early.status, await early.json()]).toMatchObject([400, { error: 'authorization_pending' }]);

    const sent = await form('/device', { user_code: device.user_code ?? '' });
    const cookie = sent.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const back = await signInAtIdp(sent.headers.get('location') ?? '', 'bob@example.com', stack.gateway);
    const csrf = /name="csrf" value="([^"]+)"/.exec(await (await fetch(back, { headers: { cookie } })).text())?.[1] ?? '';
    expect((await form('/device', { decision: 'approve', csrf }, { cookie, origin: stack.gateway })).status).toBe(200);
    await stack.advance(10);
    const granted = await poll();
    expect([granted.status, granted.headers.get('cache-control')]).toEqual([200, 'no-store']);
    tokens = (await granted.json()) as typeof tokens;
    expect(tokens).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 10_800,
    });
  });
});

describe('settings', () => {
  it('come in their wrapper, with the checksum that the client recomputes', async () => {
    const response = await fetch(`${stack.gateway}/managed/settings`, {
      headers: { ...bearer(), 'user-agent': 'claude-code/2.1.330', 'cache-control': 'no-cache' },
    });
    const body = (await response.json()) as { uuid: string; checksum: string; settings: Record<string, unknown> };
    expect(Object.keys(body).sort()).toEqual(['checksum', 'settings', 'uuid']);
    expect(body.checksum).toBe(`sha256:${createHash('sha256').update(sorted(body.settings)).digest('hex')}`);
    expect(headersOf(response)).toMatchObject({ etag: `"${body.checksum}"`, ...secure });
    expect(body.settings).toMatchObject({
      availableModels: ['haiku'],
      env: { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
    });
    const again = await fetch(`${stack.gateway}/managed/settings`, {
      headers: { ...bearer(), 'if-none-match': response.headers.get('etag') ?? '' },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('a prompt', () => {
  it('is streamed, with what is used of the budget in its headers', async () => {
    const response = await prompt('claude-haiku-4-5-20251001');
    const id = response.headers.get('request-id');
    expect([response.status, headersOf(response)]).toMatchObject([
      200,
      {
        // The reference leaves the charset out; the client reads the type alone.
        'content-type': 'text/event-stream; charset=utf-8',
        'x-request-id': id,
        'anthropic-ratelimit-unified-status': 'allowed',
        'anthropic-ratelimit-unified-representative-claim': 'overage',
        'anthropic-ratelimit-unified-overage-status': 'allowed',
        'anthropic-ratelimit-unified-overage-utilization': expect.stringMatching(/^0(\.\d+)?$/),
        'anthropic-ratelimit-unified-reset': expect.stringMatching(/^\d{10}$/),
        'anthropic-ratelimit-unified-overage-reset': expect.stringMatching(/^\d{10}$/),
        ...secure,
      },
    ]);
    expect((await allEvents(response)).at(-1)?.name).toBe('message_stop');
    const [asked] = await modelsOf(stack).asked();
    expect(asked?.headers).toMatchObject({
      'anthropic-beta': promptHeaders()['anthropic-beta'],
      'x-claude-code-session-id': session,
      'credential-kind': 'x-api-key',
    });
  });

  it('of a denied model is 403 and not 400: the client would ask five times more', async () => {
    const response = await prompt('claude-opus-4-8');
    expect([response.status, await response.json()]).toEqual([
      403,
      {
        type: 'error',
        error: { type: 'permission_error', message: expect.stringContaining('claude-opus-4-8') },
        request_id: response.headers.get('x-request-id'),
      },
    ]);
  });

  it('beyond the budget is 429 with the headers that make the client show our words', async () => {
    const carol = await stack.as('carol@example.com');
    const limit = (micros: number) =>
      changePolicy(carol, (document) => {
        document.policies.find(({ name }: { name: string }) => name === 'contractors').budgets[0].amount_micros = micros;
      });
    await limit(0);
    const response = await prompt('claude-haiku-4-5');
    const headers = headersOf(response);
    expect([response.status, headers]).toMatchObject([
      429,
      {
        'retry-after': expect.stringMatching(/^\d+$/),
        'x-should-retry': 'false',
        'anthropic-ratelimit-unified-status': 'rejected',
        'anthropic-ratelimit-unified-overage-surpassed-threshold': '1',
        'anthropic-ratelimit-unified-overage-period': 'daily',
        'anthropic-ratelimit-unified-overage-disabled-reason': 'org_spend_cap_reached',
      },
    ]);
    for (const unwanted of ['representative-claim', 'overage-status'])
      expect(headers[`anthropic-ratelimit-unified-${unwanted}`]).toBeUndefined();
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'billing_error' } });
    await limit(10_000_000);
  });

  it('can be counted, and the models listed', async () => {
    const counted = await fetch(`${stack.gateway}/v1/messages/count_tokens?beta=true`, {
      method: 'POST',
      headers: promptHeaders(),
      body: JSON.stringify({ model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'Say hello.' }] }),
    });
    expect([counted.status, await counted.json()]).toEqual([200, { input_tokens: expect.any(Number) }]);
    const listed = await fetch(`${stack.gateway}/v1/models?limit=1000`, { headers: { ...bearer(), 'anthropic-version': '2023-06-01' } });
    // The reference tells neither first nor last id; pagers of the official client want them.
    expect(await listed.json()).toEqual({
      data: [{ type: 'model', id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4.5' }],
      has_more: false,
      first_id: 'claude-haiku-4-5',
      last_id: 'claude-haiku-4-5',
    });
  });

  it('with a token that is none is 401 in the envelope', async () => {
    const response = await fetch(`${stack.gateway}/v1/messages`, {
      method: 'POST',
      headers: { ...promptHeaders(), authorization: 'Bearer nonsense' },
      body: '{}',
    });
    expect([response.status, response.headers.get('x-should-retry'), await response.json()]).toMatchObject([
      401,
      'false',
      { type: 'error', error: { type: 'authentication_error' } },
    ]);
  });
});

describe('the bars', () => {
  it('show cents and whole percents', async () => {
    const response = await fetch(`${stack.gateway}/api/oauth/usage`, { headers: bearer() });
    expect(await response.json()).toEqual({
      extra_usage: {
        is_enabled: true,
        monthly_limit: null,
        used_credits: expect.any(Number),
        utilization: null,
        currency: 'USD',
        daily: { limit: 1_000, used_credits: expect.any(Number), utilization: expect.any(Number) },
        weekly: { limit: null, used_credits: expect.any(Number), utilization: null },
      },
      limits: [
        { kind: 'spend', group: 'daily', percent: expect.any(Number), resets_at: expect.any(String), severity: 'normal', is_active: true },
      ],
    });
  });
});

describe('leaving', () => {
  it('by logging out ends the session', async () => {
    for (const fields of [{ token: tokens.access_token }, { token: tokens.refresh_token, token_type_hint: 'refresh_token' }])
      expect((await form('/oauth/revoke', fields)).status).toBe(200);
    expect((await prompt('claude-haiku-4-5')).status).toBe(401);
  });

  it('by the directory’s word refuses the refresh, which is what ends a client', async () => {
    const bob = await stack.as('bob@example.com');
    await companyOf(stack).hr('PATCH', '/users/bob@example.com', { active: false });
    const refused = await stack.until(async () => {
      const response = await form('/oauth/token', { grant_type: 'refresh_token', refresh_token: bob.refreshToken });
      return response.status === 401 ? response : undefined;
    });
    expect(await refused.json()).toMatchObject({ error: 'invalid_grant' });
  });
});

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).join(',')}}`;
}
