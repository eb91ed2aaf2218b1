import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { type Company, coderServiceToken, companyOf, litellmMasterKey, type Tokens } from '../support/company.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;
let partner: Issuer;
let stranger: Issuer;
/** Every secret that this file made or was shown, beside those of the stack. */
const seen = new Set<string>();

beforeAll(async () => {
  [partner, stranger] = await Promise.all([startIssuer(), startIssuer()]);
  stack = await startStack({ args: ['--issuer', partner.url] });
  company = companyOf(stack);
});
afterAll(async () => {
  await stack?.stop();
  partner?.close();
  stranger?.close();
});

const grant = 'urn:ietf:params:oauth:grant-type:';

function form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stack.gateway + path, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' });
}
function post(path: string, body: unknown): Promise<Response> {
  return fetch(stack.gateway + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
async function exchange(token: string): Promise<Response> {
  seen.add(token);
  return form('/oauth/token', {
    grant_type: `${grant}token-exchange`,
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
}
async function tokensOf(response: Response): Promise<Tokens & Record<string, unknown>> {
  expect(response.status).toBe(200);
  const tokens = (await response.json()) as Tokens & Record<string, unknown>;
  seen.add(tokens.access_token).add(tokens.refresh_token);
  return tokens;
}
function settings(accessToken: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${stack.gateway}/managed/settings`, { headers: { ...headers, authorization: `Bearer ${accessToken}` } });
}
async function stackTime(): Promise<number> {
  const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
  return Date.parse(now);
}

describe('a token of the identity provider', () => {
  it('is exchanged for one of ours, which standard software verifies against our key set', async () => {
    const tokens = await tokensOf(await exchange(await company.idToken('alice@example.com')));
    expect(tokens).toMatchObject({
      token_type: 'Bearer',
      expires_in: 10_800,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const keys = createRemoteJWKSet(new URL(`${stack.gateway}/.well-known/jwks.json`));
    const options = { issuer: stack.gateway, audience: stack.gateway, algorithms: ['ES256'], currentDate: new Date(await stackTime()) };
    const { payload } = await jwtVerify(tokens.access_token, keys, options);
    expect(payload.sub).toMatch(/^per_/);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(10_800);
    const forged = tokens.access_token.replace(/\.[^.]+$/, `.${'A'.repeat(86)}`);
    await expect(jwtVerify(forged, keys, options)).rejects.toThrow('signature');
    expect((await settings(forged)).status).toBe(401);
  });

  it('works at the short aliases too, whose answers have four members and no more', async () => {
    const token = await company.idToken('bob@example.com');
    seen.add(token);
    const verified = await tokensOf(await post('/auth/verify', { token }));
    const refreshed = await tokensOf(await post('/auth/refresh', { refresh_token: verified.refresh_token }));
    for (const tokens of [verified, refreshed]) {
      expect(Object.keys(tokens).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
      expect((await settings(tokens.access_token)).status).toBe(200);
    }
    expect(refreshed.refresh_token).not.toBe(verified.refresh_token);
    expect((await post('/auth/verify', { token: '' })).status).toBe(400);
    expect((await post('/auth/refresh', { refresh_token: 'made-up' })).status).toBe(401);
  });

  it('of somebody in no group that the policy names opens nothing', async () => {
    const refused = await exchange(await company.idToken('grace@example.com'));
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'access_denied' }]);
  });

  it('for another audience, expired, or signed by nobody is refused in the same vague words', async () => {
    const told = new Set<string>();
    const asked = [{ audience: 'payroll' }, { expires_in: -600 }].map(async (wish) => {
      return (await company.hr<{ id_token: string }>('POST', '/users/alice@example.com/id-token', wish)).id_token;
    });
    const whole = await company.idToken('alice@example.com');
    const tokens = [...(await Promise.all(asked)), whole.replace(/\.[^.]+$/, '.AAAA')];
    for (const token of tokens) {
      const refused = await exchange(token);
      expect(refused.status).toBe(400);
      told.add(await refused.text());
    }
    expect([...told]).toHaveLength(1);
  });
});

describe('a token of another issuer', () => {
  const partnerPerson = { email: 'petra@partner.example', name: 'Petra', groups: ['engineering'] };

  it('is taken when the issuer was named with --issuer, and its groups decide what it opens', async () => {
    const tokens = await tokensOf(await exchange(await partner.sign('petra', partnerPerson, await stackTime())));
    expect((await settings(tokens.access_token)).status).toBe(200);
    const outsider = await exchange(await partner.sign('paul', { email: 'paul@partner.example', groups: ['sales'] }, await stackTime()));
    expect([outsider.status, await outsider.json()]).toMatchObject([400, { error: 'access_denied' }]);
  });

  it('is refused when nobody named the issuer, whatever it says', async () => {
    for (const claims of [partnerPerson, { ...partnerPerson, iss: partner.url }, { ...partnerPerson, iss: stack.idp }]) {
      const refused = await exchange(await stranger.sign('petra', claims, await stackTime()));
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_request' }]);
    }
  });
});

describe('managed settings', () => {
  it('are the ones of the person’s own group', async () => {
    const [alice, bob] = [await stack.as('alice@example.com'), await stack.as('bob@example.com')];
    const [hers, his] = await Promise.all(
      [alice, bob].map(
        async ({ accessToken }) => ((await (await settings(accessToken)).json()) as { settings: Record<string, unknown> }).settings,
      ),
    );
    expect(hers).not.toHaveProperty('availableModels');
    expect(hers).toMatchObject({ permissions: { disableBypassPermissionsMode: 'disable' }, env: { CLAUDE_CODE_ENABLE_TELEMETRY: '1' } });
    expect(his).toMatchObject({ availableModels: ['haiku'], permissions: { deny: expect.arrayContaining(['Bash']) } });
  });

  it('are not sent again to a client that has them', async () => {
    const { accessToken } = await stack.as('alice@example.com');
    const first = await settings(accessToken);
    const etag = first.headers.get('etag') ?? '';
    expect(((await first.json()) as { checksum: string }).checksum).toBe(etag.replaceAll('"', ''));
    const again = await settings(accessToken, { 'if-none-match': etag });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    const { accessToken: bobs } = await stack.as('bob@example.com');
    expect((await settings(bobs, { 'if-none-match': etag })).status).toBe(200);
  });
});

interface DeviceCode {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  interval: number;
  expires_in: number;
}
async function startDevice(): Promise<DeviceCode> {
  const answer = (await (await form('/oauth/device_authorization', { surface: 'claude_code' })).json()) as DeviceCode;
  seen.add(answer.device_code);
  return answer;
}
async function poll(device: DeviceCode): Promise<Response> {
  return form('/oauth/token', { grant_type: `${grant}device_code`, device_code: device.device_code });
}
async function wordOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { error: string }).error];
}
/** A browser that typed the code in: where it was sent to, and the cookie that it got. */
async function enterCode(device: DeviceCode): Promise<{ location: URL; cookie: string }> {
  const sent = await form('/device', { user_code: device.user_code });
  expect(sent.status).toBe(303);
  return { location: new URL(sent.headers.get('location') ?? ''), cookie: sent.headers.getSetCookie()[0] ?? '' };
}

describe('a device login', () => {
  it('is approved by a person with a browser at the identity provider, once, and not before', async () => {
    const device = await startDevice();
    expect(device).toMatchObject({ verification_uri: `${stack.gateway}/device`, interval: 5, expires_in: 600 });
    expect(await wordOf(await poll(device))).toEqual([400, 'authorization_pending']);
    expect(await wordOf(await poll(device)), 'a poll that comes too fast').toEqual([400, 'slow_down']);

    const offered = await (await fetch(device.verification_uri_complete)).text();
    expect(offered).toContain(`value="${device.user_code}"`);
    const { location, cookie } = await enterCode(device);
    expect(location.origin).toBe(stack.idp);
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'gatehouse',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^.{32,}$/),
      nonce: expect.stringMatching(/^.{32,}$/),
    });
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    const back = await signInAtIdp(location.href, 'alice@example.com', stack.gateway);
    seen.add(back.searchParams.get('code') ?? '');
    expect((await fetch(back)).status, 'another browser').toBe(400);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    const confirmation = await fetch(back, { headers });
    const page = await confirmation.text();
    expect(page).toContain(device.user_code);
    expect(page).toContain('alice@example.com');
    expect(confirmation.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(await wordOf(await poll(device)), 'before the person has confirmed').toEqual([400, expect.stringMatching(/pending|slow_down/)]);

    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const approve = (fields: Record<string, string>, more: Record<string, string>) =>
      form('/device', { decision: 'approve', ...fields }, more);
    expect((await approve({}, headers)).status).toBe(403);
    expect((await approve({ csrf: `${csrf.slice(0, -2)}xx` }, headers)).status).toBe(403);
    expect((await approve({ csrf }, {})).status, 'without the cookie').toBe(403);
    expect((await approve({ csrf }, { ...headers, origin: 'https://evil.example' })).status).toBe(400);
    expect((await fetch(back, { headers })).status, 'the same answer of the identity provider again').toBe(400);
    expect((await approve({ csrf }, { ...headers, origin: stack.gateway, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await approve({ csrf }, headers)).status, 'decided already').toBe(400);

    await stack.advance(60);
    const tokens = await tokensOf(await poll(device));
    expect((await settings(tokens.access_token)).status).toBe(200);
    expect(await wordOf(await poll(device)), 'a second use').toEqual([400, 'expired_token']);
    expect((await settings(tokens.access_token)).status, 'what a stolen code gave').toBe(401);
  });

  it('that the person denies gives the device a plain refusal', async () => {
    const device = await startDevice();
    const { location, cookie } = await enterCode(device);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    const back = await signInAtIdp(location.href, 'bob@example.com', stack.gateway);
    const csrf = /name="csrf" value="([^"]+)"/.exec(await (await fetch(back, { headers })).text())?.[1] ?? '';
    expect((await form('/device/deny', { csrf }, headers)).status).toBe(200);
    expect(await wordOf(await poll(device))).toEqual([400, 'access_denied']);
  });

  it('turns away somebody whom the company knows and the policy does not admit', async () => {
    const device = await startDevice();
    const { location, cookie } = await enterCode(device);
    const back = await signInAtIdp(location.href, 'grace@example.com', stack.gateway);
    expect((await fetch(back, { headers: { cookie: cookie.split(';')[0] ?? '' } })).status).toBe(403);
    expect(await wordOf(await poll(device))).toEqual([400, 'access_denied']);
  });

  it('is over after ten minutes', async () => {
    const device = await startDevice();
    await stack.advance(601);
    expect(await wordOf(await poll(device))).toEqual([400, 'expired_token']);
    expect((await form('/device', { user_code: device.user_code })).status).toBe(400);
  });
});

describe('no secret', () => {
  it('is in any log line, any execution’s history or anything that the stack printed', async () => {
    await tokensOf(await exchange(await company.idToken('dave@example.com')));
    await tokensOf(await post('/auth/refresh', { refresh_token: (await stack.as('dave@example.com')).refreshToken }));
    const key = await company.virtualKey('dave@example.com');
    const { id } = await company.hr('PATCH', '/users/dave@example.com', { active: false });
    expect(id).toMatch(/^00u/);
    await company.caseOf('dave@example.com', (one) => one.proven_at !== undefined, { what: 'the proof' });
    await stack.settled();

    const texts = new Map([['what the stack printed', stack.output()]]);
    const { logGroups } = await company.aws<{ logGroups: { logGroupName: string }[] }>('Logs_20140328', 'DescribeLogGroups', {});
    for (const { logGroupName } of logGroups) texts.set(logGroupName, await logOf(logGroupName));
    for (const arn of await executions()) texts.set(arn, await historyOf(arn));
    expect([...texts.keys()].some((name) => name.includes(':execution:'))).toBe(true);
    expect(texts.get('/aws/lambda/gatehouse-local-access-token')).toContain('token issued');

    const secrets = [...stack.secretsSeen(), ...seen, key, litellmMasterKey, coderServiceToken, 'local-directory-token'];
    for (const [where, text] of texts) {
      for (const secret of secrets) {
        expect(text.includes(secret), `${secret.slice(0, 12)}... in ${where}`).toBe(false);
        const signature = secret.split('.')[2];
        if (signature && signature.length > 40) expect(text.includes(signature), `a signature in ${where}`).toBe(false);
      }
    }
  }, 60_000);
});

async function logOf(logGroupName: string): Promise<string> {
  const lines: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await company.aws<{ events: { message: string }[]; nextToken?: string }>('Logs_20140328', 'FilterLogEvents', {
      logGroupName,
      ...(nextToken && { nextToken }),
    });
    lines.push(...page.events.map(({ message }) => message));
    nextToken = page.nextToken;
  } while (nextToken);
  return lines.join('\n');
}

async function executions(): Promise<string[]> {
  const { stateMachines } = await company.aws<{ stateMachines: { stateMachineArn: string }[] }>(
    'AWSStepFunctions',
    'ListStateMachines',
    {},
  );
  const lists = stateMachines.map(({ stateMachineArn }) =>
    company.aws<{ executions: { executionArn: string }[] }>('AWSStepFunctions', 'ListExecutions', { stateMachineArn }),
  );
  return (await Promise.all(lists)).flatMap(({ executions }) => executions.map(({ executionArn }) => executionArn));
}

async function historyOf(executionArn: string): Promise<string> {
  const described = await company.aws<unknown>('AWSStepFunctions', 'DescribeExecution', { executionArn });
  const history = await company.aws<unknown>('AWSStepFunctions', 'GetExecutionHistory', { executionArn, maxResults: 1000 });
  return JSON.stringify([described, history]);
}
