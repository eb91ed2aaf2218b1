/** An OpenID Connect issuer on loopback with an RSA and an EC key, which counts who connects; and a listener that nobody may connect to. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CountingIssuer {
  url: string;
  keys: Record<'RS256' | 'ES256', { kid: string; publicKey: KeyObject; sign(input: string): Promise<Buffer> }>;
  /** Paths asked for so far. */
  asked: string[];
  close(): void;
}

export interface Trap {
  url: string;
  connections(): number;
  close(): void;
}

export async function startCountingIssuer(): Promise<CountingIssuer> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const published = [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', use: 'sig', alg: 'RS256' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1', use: 'sig', alg: 'ES256' },
  ];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body =
      request.url === '/keys'
        ? { keys: published }
        : { issuer: url, jwks_uri: `${url}/keys`, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const url = await listen(server);
  const keyOf = (kid: string, { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }) => ({
    kid,
    publicKey,
    sign: async (input: string) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  });
  return { url, keys: { RS256: keyOf('rsa-1', rsa), ES256: keyOf('ec-1', ec) }, asked, close: () => end(server) };
}

export async function startTrap(): Promise<Trap> {
  let connections = 0;
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}'));
  server.on('connection', () => connections++);
  return { url: await listen(server), connections: () => connections, close: () => end(server) };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function end(server: Server): void {
  server.closeAllConnections();
  server.close();
}
