/** An OpenID Connect issuer of a few lines on loopback: a discovery document, its keys, and whatever token a test asks for. No login page. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface Issuer {
  url: string;
  /** An id token with audience `gatehouse` unless `claims` says otherwise. @param now milliseconds. */
  sign(subject: string, claims: JWTPayload, now: number): Promise<string>;
  close(): void;
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'ES256' };
  const server = createServer((request, response) => {
    const body =
      request.url === '/keys'
        ? { keys: [key] }
        : { issuer: url, jwks_uri: `${url}/keys`, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    sign: (subject, claims, now) => {
      const seconds = Math.floor(now / 1000);
      return new SignJWT({ iss: url, aud: 'gatehouse', iat: seconds, exp: seconds + 300, ...claims, sub: subject })
        .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'JWT' })
        .sign(privateKey);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
