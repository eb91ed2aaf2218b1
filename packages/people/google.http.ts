/**
 * How Google Workspace's Admin SDK is asked: as a service account with domain-wide delegation, in the name of an administrator who may only read
 * (RFC 7523 section 2.1). The secret is the account's key file.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { now } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { keptToken, parse, type WebDirectory } from './web-directory.http.ts';

export interface Google {
  issuer: string;
  /** Whose rights the service account takes, an address. */
  admin: string;
  customer: string;
  /** The Admin SDK's origin. */
  url: string;
  token_url: string;
  /** ARN of the secret that holds the key file. */
  keyArn: string;
}

export const scopes = {
  directory: [
    'https://www.googleapis.com/auth/admin.directory.user.readonly',
    'https://www.googleapis.com/auth/admin.directory.group.readonly',
  ],
  reports: ['https://www.googleapis.com/auth/admin.reports.audit.readonly'],
};

const KeyFile = z.object({ client_email: z.string().min(1), private_key: z.string().min(1), private_key_id: z.string().min(1) });
const NotFound = z.object({
  error: z.object({ code: z.literal(404), errors: z.array(z.object({ reason: z.literal('notFound') })).min(1) }),
});
const Token = z.object({ access_token: z.string().min(1), expires_in: z.number() });

export function googleOf(google: Google, wanted: readonly string[]): WebDirectory {
  return {
    name: 'Google',
    url: google.url,
    bearer: (again = false) => bearer(google, wanted.join(' '), again),
    saysNotFound: (status, json) => status === 404 && NotFound.safeParse(json).success,
    grant: `the service account's client id the scopes ${wanted.join(', ')} in the admin console, and ${google.admin} the rights to read`,
  };
}

const assertionSeconds = 3_600;

function bearer({ admin, token_url, keyArn }: Google, scope: string, again: boolean): Promise<string> {
  return keptToken(`${token_url} ${admin} ${scope}`, again, async () => {
    const { client_email: iss, private_key: key, private_key_id: kid } = keyFileIn(await (again ? secretAgain(keyArn) : secret(keyArn)));
    const iat = Math.floor(now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss, sub: admin, scope, aud: token_url, iat, exp: iat + assertionSeconds };
    const input = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
    const assertion = `${input}.${sign('sha256', Buffer.from(input), privateKey(key)).toString('base64url')}`;
    const answer = await ask(token_url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
      timeoutMs: 3_000,
      attempts: 2,
    });
    const token = Token.safeParse(answer.status === 200 ? parse(answer) : undefined);
    if (token.success) return token.data;
    throw new Misconfigured(
      `Google gave the service account no token (${answer.status}): allow its client id the scopes in the admin console, or put its key file into the secret google-account`,
    );
  });
}

function keyFileIn(text: string): z.infer<typeof KeyFile> {
  const read = KeyFile.safeParse(jsonIn(text));
  if (read.success) return read.data;
  throw new Misconfigured('The secret google-account is no key file of a service account: put the JSON in that Google gave for it');
}

function privateKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Misconfigured('The private key in the secret google-account cannot be read', { cause: error });
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
