/** Proves the front over real functions in real threads: what crosses on the way in, out, and when something breaks. */
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createLambdaHost } from '../lambda/host.ts';
import { createFront } from './front.ts';

const clock = createClock();
const root = fileURLToPath(new URL('fixtures', import.meta.url));
const host = createLambdaHost({ clock, onLog: () => {}, root });
const names = ['mirror', 'stream', 'crash', 'late', 'lateStream'];
const front = createFront({
  clock,
  integrationMs: 1000,
  routes: names.map((name) => ({ method: 'POST', path: `/${name}`, functionName: name })),
  invoke: host.invoke,
});
let url = '';
beforeAll(async () => {
  for (const name of names) host.register({ name, handler: `answers.lambda.${name}`, timeoutSeconds: 10, memoryMb: 128, env: {} });
  await new Promise<void>((ready) => front.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
});
afterAll(async () => {
  front.closeAllConnections();
  front.close();
  await host.close();
  clock.close();
});
const post = (path: string, body: string | Uint8Array<ArrayBuffer> = '', headers: Record<string, string> = {}) =>
  fetch(url + path, { method: 'POST', body, headers });

describe('the front over functions', () => {
  it('passes a compressed body as it came, base64, and keeps its Content-Encoding', async () => {
    const body = gzipSync('{"a":1}');
    const { event } = (await (await post('/mirror', body, { 'content-encoding': 'gzip' })).json()) as { event: Record<string, unknown> };
    expect([event.body, event.isBase64Encoded]).toEqual([body.toString('base64'), true]);
    expect(event.headers).toMatchObject({ 'content-encoding': 'gzip' });
  });

  it('answers 413 for a body that Lambda does not take though API Gateway would', async () => {
    expect((await post('/mirror', new Uint8Array(5 * 1024 * 1024))).status).toBe(413);
  });

  it('streams chunks as the function writes them', async () => {
    const response = await post('/stream');
    expect([response.status, response.headers.get('content-type')]).toEqual([201, 'text/event-stream']);
    const seen: string[] = [];
    for await (const chunk of response.body ?? []) seen.push(Buffer.from(chunk).toString());
    expect(seen).toEqual(['data: one\n\n', 'data: two\n\n']);
  });

  it('breaks the connection when a stream fails half-way', async () => {
    const response = await post('/stream', 'fail');
    await expect(response.text()).rejects.toThrow();
  });

  it('cuts a stream that is silent or lasts for too long', async () => {
    for (const limits of [{ idleMs: 5 }, { streamMs: 5 }]) {
      const short = createFront({
        clock,
        routes: [{ method: 'POST', path: '/stream', functionName: 'stream' }],
        invoke: host.invoke,
        ...limits,
      });
      await new Promise<void>((ready) => short.listen(0, '127.0.0.1', ready));
      const response = await fetch(`http://127.0.0.1:${(short.address() as AddressInfo).port}/stream`, { method: 'POST' });
      await expect(response.text()).rejects.toThrow();
      while (host.busy() > 0) await new Promise(setImmediate);
      short.close();
    }
  });

  it('turns a crash into the empty 503 that says when to come back', async () => {
    const response = await post('/crash');
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '1', '']);
  });

  it.each(['/late', '/lateStream'])('gives up on %s after the integration timeout and bears its answer afterwards', async (path) => {
    expect((await post(path)).status).toBe(503);
    while (host.busy() > 0) await new Promise(setImmediate);
    expect((await post('/mirror')).status).toBe(200);
  });
});
