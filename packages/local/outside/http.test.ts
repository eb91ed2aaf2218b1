import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { ask } from './ask.ts';
import { createFaults } from './faults.ts';
import { listener, route, type System } from './http.ts';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

async function start(): Promise<string> {
  const system: System = {
    prefix: '/echo',
    refuse: (status, message) => ({ status, body: { refused: message } }),
    routes: [
      route('POST', '/:name/said', (call) => ({ status: 200, body: { name: call.params.name, body: call.body } })),
      route('GET', '/broken', () => {
        throw new TypeError('a mistake of ours');
      }),
    ],
  };
  const server = createServer(
    listener([system], createFaults(createClock()), (_request, response) => response.writeHead(404).end('nothing')),
  );
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the router of the stand-ins', () => {
  it('decodes path segments and reads JSON and forms', async () => {
    const origin = await start();
    expect((await ask(origin, 'POST', '/echo/a%2Fb/said', { x: 1 })).body).toEqual({ name: 'a/b', body: { x: 1 } });
    const form = await fetch(`${origin}/echo/a/said`, { method: 'POST', body: new URLSearchParams({ x: '1' }) });
    expect(await form.json()).toEqual({ name: 'a', body: { x: '1' } });
    expect((await ask(origin, 'POST', '/echo/a/said')).body.body).toEqual({});
  });

  it('refuses in the system’s own words: another method, no such path, no JSON object, a segment that is no text, a body too long', async () => {
    const origin = await start();
    const json = (body: string) =>
      fetch(`${origin}/echo/a/said`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await ask(origin, 'PUT', '/echo/a/said')).toMatchObject({ status: 405, body: { refused: expect.any(String) } });
    expect((await ask(origin, 'GET', '/echo/none')).status).toBe(404);
    expect((await ask(origin, 'POST', '/echo/%ff/said')).status).toBe(404);
    expect((await json('{"x":')).status).toBe(400);
    expect((await json('[1]')).status).toBe(400);
    expect((await json(JSON.stringify({ x: 'y'.repeat(1024 * 1024) }))).status).toBe(413);
  });

  it('answers 500 when a handler breaks, and hands on what belongs to no system', async () => {
    const origin = await start();
    expect(await ask(origin, 'GET', '/echo/broken')).toMatchObject({ status: 500, body: { refused: 'a mistake of ours' } });
    expect((await ask(origin, 'GET', '/echoes')).body).toBe('nothing');
  });
});
