/**
 * One HTTP exchange over a connection that is kept for the next one: a time to connect, a time for the whole, a bound on the answer. Follows no
 * redirect, asks for no compression, tries nothing twice. `fetch` would do as much, and takes 40 ms of CPU to a cold function's first call; this takes 10.
 */
import type { Agent, IncomingHttpHeaders } from 'node:http';

export interface Exchange {
  method: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** To the answer's last byte. */
  timeoutMs: number;
  /** A longer answer is an error. */
  maxBytes?: number;
}

export interface Exchanged {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const connectMs = 1_000;
const agents = new Map<string, Agent>();

/** @throws an Error that names the host when it does not answer whole and in time. */
export function exchange(
  url: URL,
  { method, headers, body = '', timeoutMs, maxBytes = Number.POSITIVE_INFINITY }: Exchange,
): Promise<Exchanged> {
  // An `import` would ask the module for all its exports, one of which (WebSocket) loads an HTTP client of its own: 15 ms.
  const protocol = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const agent = agents.get(url.protocol) ?? new protocol.Agent({ keepAlive: true, maxSockets: 50 });
  agents.set(url.protocol, agent);
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const request = protocol.request(url, {
      method,
      agent,
      headers: { ...headers, ...((length > 0 || method !== 'GET') && { 'content-length': length }) },
    });
    const giveUp = (what: string) => void request.destroy(new Error(`${url.host} ${what}`));
    const whole = setTimeout(() => giveUp(`did not answer within ${timeoutMs} ms`), timeoutMs);
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const connecting = setTimeout(() => giveUp(`took no connection within ${connectMs} ms`), connectMs);
      for (const end of ['connect', 'close']) socket.once(end, () => clearTimeout(connecting));
    });
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) giveUp(`answered with more than ${maxBytes} bytes`);
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.once('error', reject);
    request.once('close', () => clearTimeout(whole));
    request.end(body);
  });
}
