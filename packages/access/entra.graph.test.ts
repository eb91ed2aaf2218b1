import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccessConfig } from '@gatehouse/core/access-profile';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memberGroups } from './entra.graph.ts';
import { type Scene, startScene } from './scene.fixture.ts';
import { standingOfSubject } from './standing.records.ts';

const tenant = '8a5f0c1e-0000-4000-8000-000000000001';
const object = '7d1e0000-0000-4000-8000-000000000002';

interface Told {
  status: number;
  body: unknown;
}
/** Login and Graph on one port, as far as one question goes; what it answers is each test's. */
let server: Server;
let origin: string;
let scene: Scene;
let asked: { place: string; authorization: string | undefined; body: string }[];
let login: () => Told;
let pages: ((page: number) => Told) | undefined;

beforeAll(async () => {
  scene = await startScene();
  server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const place = `${request.method} ${request.url}`;
    asked.push({ place, authorization: request.headers.authorization, body });
    const page = Number(new URL(request.url ?? '', origin).searchParams.get('page') ?? 0);
    const told = place.includes('/oauth2/v2.0/token') ? login() : pages?.(page);
    if (told) response.writeHead(told.status, { 'content-type': 'application/json' }).end(JSON.stringify(told.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await scene.close();
});
beforeEach(() => {
  asked = [];
  login = () => ({ status: 200, body: { access_token: 'an application token', token_type: 'Bearer', expires_in: 3599 } });
  pages = () => ({ status: 200, body: { value: ['g-1', 'g-2'] } });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const graph = () => ({ client_id: 'app-1', url: `${origin}/v1.0`, login_url: origin });
const ask = (options: { allowLoopbackHttp?: boolean } = {}) =>
  memberGroups(graph(), { tenant, object }, { secretArn: process.env.SECRET_ENTRA_GRAPH_ARN ?? '', allowLoopbackHttp: true, ...options });

describe('the groups of somebody with too many', () => {
  it('are asked of Graph with the application’s own token', async () => {
    expect(await ask()).toEqual(['g-1', 'g-2']);
    expect(asked.map(({ place }) => place)).toEqual([`POST /${tenant}/oauth2/v2.0/token`, `POST /v1.0/users/${object}/getMemberObjects`]);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'app-1',
      client_secret: 'a client secret for tests',
      scope: `${origin}/.default`,
    });
    expect(asked[1]).toMatchObject({ authorization: 'Bearer an application token', body: '{"securityEnabledOnly":true}' });
  });

  it('are read page by page, each once', async () => {
    pages = (page) => ({
      status: 200,
      body: { value: [`g-${page}`, 'g-0'], ...(page < 2 && { '@odata.nextLink': `${origin}/v1.0/next?page=${page + 1}` }) },
    });
    expect(await ask()).toEqual(['g-0', 'g-1', 'g-2']);
    expect(asked.slice(2).map(({ place }) => place)).toEqual(['GET /v1.0/next?page=1', 'GET /v1.0/next?page=2']);
  });

  it.each([
    [
      'a next page on another host',
      () => ({ value: [], '@odata.nextLink': 'https://graph.windows.net/next' }),
      200,
      'Unavailable',
      'another host',
    ],
    ['a next page that is no address', () => ({ value: [], '@odata.nextLink': 'next' }), 200, 'Unavailable', 'another host'],
    ['pages without end', () => ({ value: [], '@odata.nextLink': `${origin}/v1.0/next?page=1` }), 200, 'Unavailable', 'more than 20 pages'],
    ['something else', () => ({ groups: [] }), 200, 'Unavailable', 'does not document'],
    ['a refusal', () => ({ error: { code: 'Authorization_RequestDenied' } }), 403, 'Misconfigured', 'GroupMember.Read.All'],
    ['nobody of that id', () => ({ error: { code: 'Request_ResourceNotFound' } }), 404, 'Unavailable', 'answered 404'],
    ['too much traffic', () => ({ error: { code: 'TooManyRequests' } }), 429, 'Throttled', 'less traffic'],
    ['trouble', () => ({}), 503, 'Unavailable', 'answered 503'],
  ] as [string, () => object, number, string, string][])('are unknown when Graph answers %s', async (_, body, status, name, message) => {
    pages = () => ({ status, body: body() });
    await expect(ask()).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it('are unknown when the client secret is not the application’s, and the secret is in no message', async () => {
    login = () => ({ status: 401, body: { error: 'invalid_client' } });
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'Misconfigured', message: expect.stringContaining('access/entra-graph') });
    expect(String(error)).not.toContain('a client secret for tests');
  });

  it('are unknown when Graph does not answer, within the time of one request', async () => {
    pages = undefined;
    const began = performance.now();
    await expect(ask()).rejects.toMatchObject({ name: 'Unavailable' });
    expect(performance.now() - began).toBeLessThan(8_000);
  }, 10_000);

  it('are asked for over https alone, but for this machine where the profile says so', async () => {
    await expect(ask({ allowLoopbackHttp: false })).rejects.toMatchObject({ name: 'Misconfigured' });
    expect(asked).toEqual([]);
  });
});

describe('a sign-in whose groups were left out', () => {
  const config = (change: object) =>
    AccessConfig.parse({
      issuers: [{ kind: 'entra', issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, audiences: ['a'], ...change }],
      login: { issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, client_id: 'gatehouse' },
      allow_loopback_http: true,
    });
  const standing = (change: object, groupsLeftOut: object) => {
    const CONFIG = config(change);
    const env = {
      CONFIG,
      TABLE_PEOPLE: scene.people,
      TABLE_POLICY: process.env.TABLE_POLICY ?? '',
      // Nobody offers the step here: a call of it is told by its failure.
      STEP_ADMIT_PERSON_ARN: 'arn:aws:lambda:us-east-1:000000000000:function:gatehouse-test-people-admit-person:live',
      SECRET_ENTRA_GRAPH_ARN: process.env.SECRET_ENTRA_GRAPH_ARN ?? '',
    };
    const [issuer] = CONFIG.issuers;
    if (!issuer) throw new Error('no issuer');
    const subject = { issuer, subject: `${tenant}/${object}`, claims: {}, authTime: 0, tokenId: undefined, exp: 0 };
    return standingOfSubject(env, { ...subject, groupsLeftOut: { detail: 'too many', ...groupsLeftOut } });
  };

  it.each([
    ['without an application to ask Graph', {}, { entra: { tenant, object } }],
    ['without an object to ask about', { graph: { client_id: 'app-1' } }, {}],
  ])('is refused %s: half a list might forbid too little', async (_, change, leftOut) => {
    expect(await standing(change, leftOut)).toEqual({ ok: false, refusal: { reason: 'groups_unknown', detail: 'too many' } });
    expect(asked).toEqual([]);
  });

  it('asks Graph at each exchange, whatever place the token names', async () => {
    for (let exchange = 1; exchange <= 2; exchange++) {
      await expect(standing({ graph: graph() }, { entra: { tenant, object } })).rejects.toMatchObject({
        message: expect.stringContaining('admit-person'),
      });
      expect(asked).toHaveLength(2 * exchange);
    }
  });

  it('asks nobody where a directory is the truth', async () => {
    await standing({ graph: graph(), directory: true }, { entra: { tenant, object } }).catch(() => {});
    expect(asked).toEqual([]);
  });
});
