/**
 * Signature Version 4 over a request whose body is whole (AWS, "Create a signed AWS API request"). Sends nothing.
 * The signing key of a day, region and service is derived once.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Unsigned {
  method: string;
  /** The path is percent-encoded already. */
  url: URL;
  /** Names in lower case; all of them are signed. */
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
}

export interface Signing {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string | undefined;
  region: string;
  /** As the credential scope spells it, e.g. `dynamodb`, `states`. */
  service: string;
  /** Milliseconds. */
  at: number;
}

/** The headers to send: those given, and host, date, the body's hash for S3, the session token and the signature. */
export function signed(request: Unsigned, signing: Signing): Record<string, string> {
  const { method, url, body } = request;
  const date = new Date(signing.at).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const headers: Record<string, string> = {
    ...request.headers,
    host: url.host,
    'x-amz-date': date,
    ...(signing.service === 's3' && { 'x-amz-content-sha256': bodyHash }),
    ...(signing.sessionToken && { 'x-amz-security-token': signing.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname
      .split('/')
      .map(signing.service === 's3' ? reencode : encode)
      .join('/'),
    queryOf(url),
    ...names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${signing.region}/${signing.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signature = hmac(keyOf(signing.secretAccessKey, scope), text).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${signing.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

function queryOf(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => [encode(name), encode(value)]);
  // By name, then by value: a space sorts before what any encoded text begins with, where `=` would not.
  const sorted = pairs.map((pair) => pair.join(' ')).sort();
  return sorted.map((pair) => pair.replace(' ', '=')).join('&');
}

/** S3's path is encoded once, every other service's once more than it is sent. */
function reencode(segment: string): string {
  return encode(decodeURIComponent(segment));
}

/** RFC 3986's unreserved characters stay; encodeURIComponent leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

let known: { secret: string; scope: string; key: Buffer } | undefined;

function keyOf(secret: string, scope: string): Buffer {
  if (known?.secret !== secret || known.scope !== scope)
    known = { secret, scope, key: scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)) };
  return known.key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
