/** Proves both ways of an API with compressed bodies, over real HTTP. */
import type { AddressInfo, Server } from 'node:net';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createFront, type FrontOptions } from './front.ts';

let server: Server | undefined;
const clock = createClock();
afterEach(() => {
  server?.close();
});
const text = JSON.stringify({ text: 'x'.repeat(2000) });

/** A function that answers with what it was sent. */
async function open(options: Partial<FrontOptions>): Promise<{ url: string; seen: Record<string, unknown>[] }> {
  const seen: Record<string, unknown>[] = [];
  const front = createFront({
    clock,
    routes: [{ method: 'POST', path: '/echo', functionName: 'echo' }],
    invoke: async (_name, event) => {
      seen.push(event as Record<string, unknown>);
      const { body } = event as { body: string };
      return { value: { statusCode: 200, body, isBase64Encoded: true } };
    },
    ...options,
  });
  server = front;
  await new Promise<void>((ready) => front.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}/echo`, seen };
}
const post = (url: string, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) =>
  fetch(url, { method: 'POST', body, headers });
const headersOf = (event: Record<string, unknown> | undefined) =>
  Object.keys((event?.headers ?? {}) as object).map((name) => name.toLowerCase());

describe('an API without compression, as ours is deployed', () => {
  it('passes a compressed body and its header on, and compresses no answer', async () => {
    const { url, seen } = await open({});
    const response = await post(url, gzipSync(text), { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(gunzipSync(Buffer.from(String(seen[0]?.body), 'base64')).toString()).toBe(text);
    expect(headersOf(seen[0])).toContain('content-encoding');
  });
});

describe('an API with a minimum compression size', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
  ])('inflates a %s body and takes the header away', async (encoding, body) => {
    const { url, seen } = await open({ compressFrom: 1024 });
    const response = await post(url, body, { 'content-encoding': encoding, 'accept-encoding': 'identity' });
    expect(await response.text()).toBe(text);
    expect(Buffer.from(String(seen[0]?.body), 'base64').toString()).toBe(text);
    expect(headersOf(seen[0])).not.toContain('content-encoding');
  });

  it('compresses answers from that size on for whoever accepts gzip', async () => {
    const { url } = await open({ compressFrom: 1024 });
    const large = await post(url, text, { 'accept-encoding': 'gzip' });
    expect([large.headers.get('content-encoding'), await large.text()]).toEqual(['gzip', text]);
    expect((await post(url, 'small', { 'accept-encoding': 'gzip' })).headers.get('content-encoding')).toBeNull();
    expect((await post(url, text, { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding')).toBeNull();
  });

  it('answers 415 for an encoding it does not know or that does not hold, and 413 for what grows too large', async () => {
    const { url } = await open({ compressFrom: 0 });
    expect((await post(url, text, { 'content-encoding': 'br' })).status).toBe(415);
    expect((await post(url, 'no gzip', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(url, gzipSync(Buffer.alloc(11 * 1024 * 1024)), { 'content-encoding': 'gzip' })).status).toBe(413);
  });
});
