/** What the checks of access stand on: a running stack, its company, one more trusted issuer, and calls as clients make them. Asserts nothing but that a sign-in works. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { tableName } from '@gatehouse/contracts/names';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { type CountingIssuer, startCountingIssuer } from './access-issuer.fixture.ts';

export const grantType = 'urn:ietf:params:oauth:grant-type:';
export const tokenType = 'urn:ietf:params:oauth:token-type:';

/** One check of the table: what it demands, and how that is shown. */
export interface Check {
  says: string;
  /** Run against the stack. */
  cases?: readonly (readonly [string, (ground: Ground) => Promise<void>])[];
  /** File and title of tests that show it elsewhere. */
  elsewhere?: readonly (readonly [string, string])[];
  /** Why nothing, or not all of it, is shown. */
  whyNot?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: checks look into answers of many shapes.
  body: any;
}
export type Fields = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  scope?: string;
}

export interface Ground {
  stack: Stack;
  company: Company;
  /** Trusted beside the company's own identity provider; not a directory. */
  issuer: CountingIssuer;
  /** Every secret handed out so far. */
  secrets: Set<string>;
  /** Stack time, seconds. */
  now(): Promise<number>;
  post(path: string, fields: Fields, headers?: Record<string, string>): Promise<Answer>;
  json(path: string, body: unknown): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** With an access token, or whatever is sent as one. */
  settings(token: string): Promise<Answer>;
  otlp(token: string): Promise<Answer>;
  idToken(login: string, wish?: Record<string, unknown>): Promise<string>;
  /** A token of the other issuer. */
  foreignToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  exchange(subject: string, more?: Readonly<Record<string, string>>): Promise<Answer>;
  signIn(login: string, more?: Readonly<Record<string, string>>): Promise<Tokens>;
  refresh(token: string, more?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Somebody new in the group engineering. */
  hire(): Promise<{ id: string; email: string }>;
  startDevice(): Promise<Device>;
  poll(device: Device, more?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A browser up to the confirmation page. */
  confirm(device: Device, login: string): Promise<Confirmation>;
  /** Every row of access's table, as text. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

export interface Device {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}
export interface Confirmation {
  location: URL;
  page: string;
  csrf: string;
  cookie: string;
  decide(decision: 'approve' | 'deny'): Promise<Answer>;
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

export async function startGround(): Promise<Ground> {
  const issuer = await startCountingIssuer();
  const stack = await startStack({ args: ['--issuer', issuer.url] });
  const company = companyOf(stack);
  const secrets = new Set<string>();
  let hired = 0;

  async function read(response: Response): Promise<Answer> {
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
    const body: unknown = isJson ? JSON.parse(text) : undefined;
    for (const name of ['access_token', 'refresh_token', 'device_code'] as const) {
      const value = (body as Record<string, unknown> | undefined)?.[name];
      if (typeof value === 'string') secrets.add(value);
    }
    return { status: response.status, headers: response.headers, text, body };
  }
  const call = async (path: string, init: RequestInit = {}) => read(await fetch(stack.gateway + path, { redirect: 'manual', ...init }));
  const post: Ground['post'] = (path, fields, headers = {}) =>
    call(path, { method: 'POST', body: new URLSearchParams(fields as Record<string, string>), headers });
  const json = (path: string, body: unknown) =>
    call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const now = async () => {
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    return Math.floor(Date.parse(now) / 1000);
  };
  const exchange: Ground['exchange'] = (subject, more = {}) =>
    post('/oauth/token', {
      grant_type: `${grantType}token-exchange`,
      subject_token: subject,
      subject_token_type: `${tokenType}id_token`,
      ...more,
    });
  const idToken: Ground['idToken'] = async (login, wish = {}) => {
    const { id_token } = await company.hr<{ id_token: string }>('POST', `/users/${encodeURIComponent(login)}/id-token`, wish);
    secrets.add(id_token);
    return id_token;
  };

  return {
    stack,
    company,
    issuer,
    secrets,
    now,
    post,
    json,
    get: (path, headers = {}) => call(path, { headers }),
    settings: (token) => call('/managed/settings', { headers: bearer(token) }),
    otlp: (token) =>
      call('/v1/metrics', {
        method: 'POST',
        headers: { ...bearer(token), 'content-type': 'application/json' },
        body: '{"resourceMetrics":[]}',
      }),
    idToken,
    foreignToken: async (claims = {}, header = {}) => {
      const { kid, sign } = issuer.keys.RS256;
      const at = await now();
      const standard = {
        iss: issuer.url,
        aud: 'gatehouse',
        sub: 'petra',
        iat: at,
        exp: at + 600,
        jti: crypto.randomUUID(),
        groups: ['engineering'],
      };
      const input = [
        { alg: 'RS256', kid, ...header },
        { ...standard, email: 'petra@partner.example', ...claims },
      ]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const token = `${input}.${(await sign(input)).toString('base64url')}`;
      secrets.add(token);
      return token;
    },
    exchange,
    signIn: async (login, more) => {
      const answer = await exchange(await idToken(login), more);
      if (answer.status !== 200) throw new Error(`${login} was refused a session: ${answer.status} ${answer.text}`);
      return answer.body as Tokens;
    },
    refresh: (token, more = {}) => post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token, ...more }),
    hire: async () => {
      const email = `new-${++hired}@example.com`;
      return company.hr('POST', '/users', { email, name: `New ${hired}`, groups: ['engineering'] });
    },
    startDevice: async () => (await post('/oauth/device_authorization', { surface: 'claude_code' })).body as Device,
    poll: ({ device_code }, more = {}) => post('/oauth/token', { grant_type: `${grantType}device_code`, device_code, ...more }),
    confirm: async ({ user_code }, login) => {
      const sent = await post('/device', { user_code });
      const location = new URL(sent.headers.get('location') ?? '');
      const cookie = sent.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      secrets.add(cookie.split(/[=.]/)[1] ?? '');
      const back = await signInAtIdp(location.href, login, stack.gateway);
      secrets.add(back.searchParams.get('code') ?? '');
      const page = (await call(back.href.slice(stack.gateway.length), { headers: { cookie } })).text;
      const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
      const decide = (decision: 'approve' | 'deny') =>
        post(decision === 'deny' ? '/device/deny' : '/device', { decision, csrf }, { cookie });
      return { location, page, csrf, cookie, decide };
    },
    dump: async () => {
      const options = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
      const client = DynamoDBDocumentClient.from(new DynamoDBClient(options));
      const rows: unknown[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new ScanCommand({ TableName: tableName('local', 'access'), ConsistentRead: true, ExclusiveStartKey: from }),
        );
        rows.push(...(page.Items ?? []));
        from = page.LastEvaluatedKey;
      } while (from);
      client.destroy();
      return JSON.stringify(rows);
    },
    close: async () => {
      await stack.stop();
      issuer.close();
    },
  };
}
