/** One request to an upstream, over real sockets: what comes back, what breaks, and what is tried again. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Incoming, send } from './upstream.http.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** @returns the address of an upstream that answers so. */
async function upstream(listener: RequestListener): Promise<string> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/v1/messages`;
}
const ask = (url: string, headMs = 10_000) => send({ url, headers: { 'x-asks': 'alice' }, body: Buffer.from('{"a":"é"}') }, headMs);

/** All that was handed on, and how it ended. */
async function readAll({ body }: Incoming): Promise<{ text: string; broken: boolean }> {
  let text = '';
  try {
    for await (const piece of body) text += piece;
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}

describe('an upstream that answers', () => {
  it('is told the body, its length and our headers, and asked for no compression', async () => {
    const url = await upstream(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const { 'x-asks': asks, 'content-length': length, 'accept-encoding': encoding } = request.headers;
      response.end(JSON.stringify([request.method, request.url, Buffer.concat(pieces).toString(), asks, length, encoding]));
    });
    expect(JSON.parse((await readAll(await ask(url))).text)).toEqual(['POST', '/v1/messages', '{"a":"é"}', 'alice', '10', 'identity']);
  });

  it('has its status and its headers told, one that came twice as one, and its body once', async () => {
    const url = await upstream((_, response) => {
      response.writeHead(201, { 'X-Twice': ['one', 'two'], 'content-type': 'text/event-stream' });
      for (let n = 0; n < 5_000; n++) response.write(`data: ${n}\n\n`);
      response.end();
    });
    const answer = await ask(url);
    expect([answer.status, answer.headers.get('x-twice'), answer.headers.get('content-type')]).toEqual([
      201,
      'one, two',
      'text/event-stream',
    ]);
    const told = await readAll(answer);
    expect(told).toEqual({ text: Array.from({ length: 5_000 }, (_, n) => `data: ${n}\n\n`).join(''), broken: false });
  });

  it('is left when nobody wants the rest', async () => {
    let left: () => void;
    const gone = new Promise<void>((resolve) => (left = resolve));
    const url = await upstream((_, response) => {
      response.once('close', () => left());
      response.write('data: 1\n\n');
    });
    const answer = await ask(url);
    answer.stop();
    await gone;
    expect((await readAll(answer)).broken).toBe(true);
  });
});

describe('an upstream that breaks off', () => {
  it('in its body has what came handed on before that is told', async () => {
    const url = await upstream((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half of it', () => response.destroy());
    });
    expect(await readAll(await ask(url))).toEqual({ text: 'half of it', broken: true });
  });

  it('before its head is asked once more, and told as broken when it does so again', async () => {
    let asked = 0;
    const url = await upstream((request) => {
      asked++;
      request.socket.destroy();
    });
    await expect(ask(url)).rejects.toMatchObject({ name: 'Unanswered', why: 'broken' });
    expect(asked).toBe(2);
  });

  it('between two requests is asked over a new connection', async () => {
    const sockets: Socket[] = [];
    const url = await upstream((request, response) => {
      sockets.push(request.socket);
      response.end('well');
    });
    expect((await readAll(await ask(url))).text).toBe('well');
    sockets[0]?.destroy();
    expect((await readAll(await ask(url))).text).toBe('well');
    expect(sockets[1]).not.toBe(sockets[0]);
  });
});

describe('an upstream that does not answer', () => {
  it('because nobody listens is unreachable', async () => {
    const url = await upstream(() => {});
    await new Promise((resolve) => server?.close(resolve));
    await expect(ask(url)).rejects.toMatchObject({ name: 'Unanswered', why: 'unreachable' });
  });

  it('and says nothing is silent', async () => {
    const url = await upstream(() => {});
    await expect(ask(url, 100)).rejects.toMatchObject({ name: 'Unanswered', why: 'silent' });
  });
});
