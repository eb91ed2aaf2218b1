import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ask, ask } from './outside.ts';

let server: Server;
let origin: string;
let listeners: RequestListener[] = [];
let seen: { method: string | undefined; headers: Record<string, unknown>; body: string }[] = [];

beforeEach(async () => {
  seen = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    seen.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() });
    const listener = listeners.length > 1 ? listeners.shift() : listeners[0];
    listener?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
const asking = (options: Ask = {}) => ask(`${origin}/users?email=alice@example.com`, options);

describe('a call of an outside system', () => {
  it('sends JSON and reads it, in any script', async () => {
    listeners = [answer(201, '{"name":"Zoë"}', { Link: '<next>' })];
    const told = await asking({ method: 'POST', json: { name: 'Åsa 🙂' }, headers: { authorization: 'Bearer t' } });
    expect([told.status, told.json(), told.header('LINK'), told.header('absent')]).toEqual([201, { name: 'Zoë' }, '<next>', null]);
    expect(seen).toMatchObject([
      { method: 'POST', body: '{"name":"Åsa 🙂"}', headers: { 'content-type': 'application/json', authorization: 'Bearer t' } },
    ]);
  });

  it('follows no redirect', async () => {
    listeners = [answer(302, '', { location: 'http://127.0.0.1:1/' })];
    expect((await asking()).status).toBe(302);
  });

  it.each([500, 503, 429])('is tried again after %s', async (status) => {
    listeners = [answer(status), answer(200)];
    expect((await asking()).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['Throttled', 429],
    ['Unavailable', 502],
  ])('ends as %s when it stays at %s, and names no query', async (name, status) => {
    listeners = [answer(status)];
    const error: Error = await asking({ attempts: 1 }).then(
      () => new Error('it answered'),
      (failure: Error) => failure,
    );
    expect(error.name).toBe(name);
    expect(error.message).toContain('/users');
    expect(error.message).not.toContain('alice');
  });

  it('leaves every other status to its caller', async () => {
    listeners = [answer(404, 'gone')];
    expect(await asking()).toMatchObject({ status: 404, text: 'gone' });
  });

  it.each<[string, RequestListener]>([
    ['does not come', () => {}],
    ['does not end', (_, response) => void response.writeHead(200).write('{')],
    ['is cut', (request) => void request.socket.destroy()],
    ['is longer than any management API answers', answer(200, 'x'.repeat(4 * 1024 * 1024 + 1))],
  ])('is Unavailable when the answer %s', async (_, listener) => {
    listeners = [listener];
    await expect(asking({ attempts: 1, timeoutMs: 500 })).rejects.toMatchObject({ name: 'Unavailable' });
  });
});
