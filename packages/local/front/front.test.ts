import { request } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import type { InvokeResult } from '../lambda/contract.ts';
import { createFront } from './front.ts';
import { compileRoutes } from './routes.ts';

const route = (method: string, path: string) => ({ method, path, functionName: `${method} ${path}` });

describe('a route', () => {
  const find = compileRoutes([
    route('GET', '/a/{id}'),
    route('GET', '/a/me'),
    route('GET', '/a/{rest+}'),
    route('POST', '/a/{id}'),
    route('GET', '/'),
  ]);
  it('with literal parts wins over one with a parameter', () => {
    expect(find('GET', '/a/me')?.route.path).toBe('/a/me');
    expect(find('GET', '/a/you')).toMatchObject({ route: { path: '/a/{id}' }, pathParameters: { id: 'you' } });
  });
  it('that takes the rest takes more than one part', () => {
    expect(find('GET', '/a/b/c')).toMatchObject({ route: { path: '/a/{rest+}' }, pathParameters: { rest: 'b/c' } });
  });
  it('is found by its method too', () => {
    expect(find('POST', '/a/x')?.route.method).toBe('POST');
    expect(find('DELETE', '/a/x')).toBeUndefined();
  });
  it('decodes its parameters', () => {
    expect(find('GET', '/a/b%40c')?.pathParameters).toEqual({ id: 'b@c' });
  });
  it('of the root is the root alone', () => {
    expect(find('GET', '/')?.route.path).toBe('/');
    expect(find('GET', '/a')).toBeUndefined();
  });
});

describe('the front', () => {
  let server: Server;
  let base = '';
  let seen: Record<string, unknown> = {};
  let answer: InvokeResult = { value: { statusCode: 204 } };
  const clock = createClock();

  beforeAll(async () => {
    const front = createFront({
      clock,
      routes: [route('POST', '/echo/{id}'), route('GET', '/stream')],
      invoke: async (name, event, io) => {
        seen = event as Record<string, unknown>;
        if (name === 'GET /stream') {
          io?.onHead?.({ statusCode: 201, headers: { 'Content-Type': 'text/event-stream' } });
          await io?.onChunk?.(Buffer.from('one '));
          await io?.onChunk?.(Buffer.from('two'));
          return { value: null };
        }
        return answer;
      },
    });
    server = front;
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    clock.close();
  });

  it('hands the function the event of a REST proxy', async () => {
    await fetch(`${base}/echo/a%20b?x=1&x=2`, { method: 'POST', body: 'hello', headers: { 'X-Two': 'three' } });
    expect(seen).toMatchObject({
      resource: '/echo/{id}',
      httpMethod: 'POST',
      pathParameters: { id: 'a b' },
      queryStringParameters: { x: '2' },
      multiValueQueryStringParameters: { x: ['1', '2'] },
      body: Buffer.from('hello').toString('base64'),
      isBase64Encoded: true,
      requestContext: { identity: { sourceIp: '127.0.0.1' } },
    });
  });
  it('answers an unknown path as REST APIs do', async () => {
    const response = await fetch(`${base}/nowhere`);
    expect([response.status, await response.json()]).toEqual([403, { message: 'Missing Authentication Token' }]);
  });
  it('refuses the signature of another service itself', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/aws-external-anthropic/aws4_request, SignedHeaders=host, Signature=0';
    expect((await fetch(`${base}/echo/1`, { method: 'POST', headers: { authorization } })).status).toBe(403);
  });
  it('renames WWW-Authenticate on the way out', async () => {
    answer = { value: { statusCode: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: '{}' } };
    const response = await fetch(`${base}/echo/1`, { method: 'POST' });
    expect([response.headers.get('x-amzn-remapped-www-authenticate'), response.headers.get('www-authenticate')]).toEqual(['Bearer', null]);
  });
  it.each<[string, InvokeResult]>([
    ['a crash', { error: { errorType: 'Runtime.ExitError', errorMessage: 'gone' } }],
    ['a malformed answer', { value: 'no proxy answer' }],
    ['a body that is no text', { value: { statusCode: 200, body: { a: 1 } } }],
    ['a throttled function', { error: { errorType: 'TooManyRequestsException', errorMessage: 'Rate Exceeded.' }, refused: 'throttled' }],
    ['a function that is not there', { error: { errorType: 'ResourceNotFoundException', errorMessage: 'gone' }, refused: 'unknown' }],
  ])('turns %s into an empty 503 that says when to come back', async (_name, result) => {
    answer = result;
    const response = await fetch(`${base}/echo/1`, { method: 'POST' });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '1', '']);
  });
  it('streams what the function writes', async () => {
    const response = await fetch(`${base}/stream`);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([201, 'text/event-stream', 'one two']);
  });
  it('dates its answers in stack time', async () => {
    clock.advance(86_400);
    const { headers } = await fetch(`${base}/nowhere`);
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - clock.now())).toBeLessThan(5000);
  });
  it('takes no body above 10 MB', async () => {
    expect((await fetch(`${base}/echo/1`, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) })).status).toBe(413);
  });
  it('takes no headers above 10 KB', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request(`${base}/echo/1`, { method: 'POST', headers: { 'x-long': 'x'.repeat(11_000) } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end();
    });
    expect(status).toBe(431);
  });
});
