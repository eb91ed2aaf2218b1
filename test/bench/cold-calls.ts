/**
 * What B4 asks of each API function, by its surface: an answer and a refusal. A function that nobody wrote a call for here is asked by its first plain
 * GET route; one that has none is measured by its refusal alone. Sends nothing.
 */
import type { Entry, Route, Surface } from '@gatehouse/contracts/surface';
import type { Person } from '../support/stack.ts';

/** What one call is made of; fresh in each round, for what may be used once. */
export interface Sent {
  body?: string;
  contentType?: string;
  token?: string;
  query?: Readonly<Record<string, string>>;
  path?: Readonly<Record<string, string>>;
}
/** B4's two limits: `reads` is policy, OTLP, administration and every refusal; `calls` signs, speaks SCIM or calls upstreams. */
export type Class = 'reads' | 'calls';
export interface ColdCall {
  name: string;
  class: Class;
  surface: Surface;
  entry: string;
  /** `METHOD /path` of the surface. */
  route: string;
  /** The answer that is measured; where it is left out, any that is neither a refusal nor a fault. */
  status?: number;
  sent(actors: Actors): Promise<Sent> | Sent;
}
export interface Actors {
  alice: Person;
  carol: Person;
  /** A session that was revoked. */
  ended: Person;
  idToken(): Promise<string>;
  scimSecret: string;
}

/** Every call, of every function that any surface routes to. */
export function coldCalls(surfaces: readonly Surface[]): ColdCall[] {
  return surfaces.flatMap((surface) => {
    const entries = [...new Set((surface.routes ?? []).map(({ entry }) => entry))];
    return entries.flatMap((entry) => callsOf(surface, entry));
  });
}

type Asked = Pick<ColdCall, 'name' | 'status' | 'sent'> & { class?: Class };

function callsOf(surface: Surface, entry: string): ColdCall[] {
  const { [entry]: found } = surface.entries;
  if (!found) throw new Error(`${surface.capability} has no entry ${entry}`);
  const routes = (surface.routes ?? []).filter((route) => route.entry === entry);
  const usual = classOf(found, routes);
  const call = ({ method, path }: Route, one: Asked): ColdCall => ({
    ...one,
    name: `${surface.capability} ${entry} ${one.name}`,
    class: one.class ?? usual,
    surface,
    entry,
    route: `${method} ${path}`,
  });
  const written = routes.flatMap((route) => (answers[`${route.method} ${route.path}`] ?? []).map((one) => call(route, one)));
  const plain = routes.find(({ method, path, admit }) => method === 'GET' && !path.includes('{') && admit !== 'none');
  const guarded = routes.find(({ admit }) => admit !== 'none');
  return [
    ...(written.length === 0 && plain ? [call(plain, { name: 'answers', sent: ({ carol }) => ({ token: carol.accessToken }) })] : written),
    ...(guarded ? [call(guarded, refused)] : []),
  ];
}

/** Keys sign; secrets are for upstreams, or derive a token. */
function classOf({ keys = [], secrets = [] }: Entry, routes: readonly Route[]): Class {
  return keys.length > 0 || secrets.length > 0 || routes.some(({ admit }) => admit === 'scim') ? 'calls' : 'reads';
}

const refused: Asked = { name: 'refuses', class: 'reads', status: 401, sent: ({ ended }) => ({ token: ended.accessToken }) };

const form = (fields: Record<string, string>): Sent => ({
  contentType: 'application/x-www-form-urlencoded',
  body: new URLSearchParams(fields).toString(),
});
const json = (token: string, body: object): Sent => ({ token, contentType: 'application/json', body: JSON.stringify(body) });
const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const prompt = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'Say hello.' }] };

const answers: Readonly<Record<string, readonly Asked[]>> = {
  'GET /managed/settings': [{ name: 'answers', status: 200, sent: ({ alice }) => ({ token: alice.accessToken }) }],
  'POST /oauth/token': [
    {
      name: 'exchanges',
      status: 200,
      sent: async ({ idToken }) => form({ grant_type: exchangeType, subject_token: await idToken(), subject_token_type: idTokenType }),
    },
    { name: 'refreshes', status: 200, sent: ({ alice }) => form({ grant_type: 'refresh_token', refresh_token: alice.refreshToken }) },
    {
      name: 'refuses a refresh',
      class: 'reads',
      status: 401,
      sent: ({ ended }) => form({ grant_type: 'refresh_token', refresh_token: ended.refreshToken }),
    },
  ],
  'POST /oauth/revoke': [{ name: 'revokes', status: 200, sent: ({ ended }) => form({ token: ended.accessToken }) }],
  'POST /oauth/device_authorization': [{ name: 'begins', status: 200, sent: () => form({ surface: 'claude_code' }) }],
  'GET /.well-known/oauth-authorization-server': [{ name: 'answers', status: 200, sent: () => ({}) }],
  'GET /admin/people': [
    { name: 'answers', status: 200, sent: ({ carol }) => ({ token: carol.accessToken, query: { email: 'alice@example.com' } }) },
  ],
  'GET /admin/offboardings': [
    { name: 'lists', status: 200, sent: ({ carol }) => ({ token: carol.accessToken, query: { person: 'alice@example.com' } }) },
  ],
  // Its work is its span's: a month of days is a hundred queries, warm or cold.
  'GET /admin/reconciliation': [
    { name: 'reconciles a day', status: 200, sent: ({ carol }) => ({ token: carol.accessToken, query: { from: today(), to: today() } }) },
  ],
  'POST /v1/metrics': [{ name: 'takes an export', status: 200, sent: ({ alice }) => json(alice.accessToken, counts()) }],
  'GET /scim/v2/{path+}': [{ name: 'lists', status: 200, sent: ({ scimSecret }) => ({ token: scimSecret, path: { path: 'Users' } }) }],
  'POST /v1/messages': [{ name: 'answers', status: 200, sent: ({ alice }) => json(alice.accessToken, prompt) }],
};

const today = () => new Date().toISOString().slice(0, 10);

/** One export of one count, as Claude Code makes it each minute. */
function counts(): object {
  const attributes = { type: 'input', model: 'claude-opus-4-8', 'session.id': 'bench', 'anthropic.provider': 'gateway' };
  const nanos = (ms: number) => `${ms}000000`;
  const point = {
    asInt: '7',
    startTimeUnixNano: nanos(Date.now() - 1_000),
    timeUnixNano: nanos(Date.now()),
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  const metric = {
    name: 'claude_code.token.usage',
    unit: 'tokens',
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] },
  };
  return { resourceMetrics: [{ scopeMetrics: [{ scope: { name: 'com.anthropic.claude_code' }, metrics: [metric] }] }] };
}
