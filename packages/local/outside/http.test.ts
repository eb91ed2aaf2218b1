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

async function start(clock = createClock()): Promise<string> {
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
  const server = createServer(listener([system], createFaults(clock), (_request, response) => response.writeHead(404).end('nothing')));
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

describe('the faults of the stand-ins', () => {
  const add = (origin: string, fault: object) => ask(origin, 'POST', '/_faults', fault);

  it('are asked for with what a terminal sends, which calls JSON a form', async () => {
    const origin = await start();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const asked = await fetch(`${origin}/_faults`, { method: 'POST', headers, body: '{"status": 503, "times": 1}' });
    expect(await asked.json()).toMatchObject({ status: 503, times: 1, struck: 0 });
  });
  const said = (origin: string) => ask(origin, 'POST', '/echo/a/said');

  it('end after their time on the stack clock, or when one is taken away', async () => {
    const clock = createClock();
    const origin = await start(clock);
    await add(origin, { path: '/echo', status: 503, seconds: 60 });
    expect((await said(origin)).status).toBe(503);
    clock.advance(61);
    expect((await said(origin)).status).toBe(200);
    const { body } = await add(origin, { path: '/echo', status: 500 });
    expect((await ask(origin, 'DELETE', `/_faults/${body.id}`)).body).toEqual({ faults: [] });
    expect((await ask(origin, 'DELETE', `/_faults/${body.id}`)).status).toBe(404);
    expect((await said(origin)).status).toBe(200);
    expect((await add(origin, { seconds: 0 })).status).toBe(400);
    clock.close();
  });

  it('let go of the calls that they hold', async () => {
    const origin = await start();
    const { body } = await add(origin, { path: '/echo', hang: true });
    const held = said(origin);
    while ((await ask(origin, 'GET', '/_faults')).body.faults[0].struck === 0) await new Promise(setImmediate);
    await ask(origin, 'DELETE', `/_faults/${body.id}`);
    await expect(held).rejects.toThrow();
  });
});
