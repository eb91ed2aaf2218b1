/**
 * Objects in S3, whole and small: one signed call each, with a timeout and few tries. Lists nothing, deletes nothing.
 * @see Amazon S3 API Reference, GetObject and PutObject
 */
import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { Misconfigured, Throttled, Unavailable } from './fault.ts';

export interface StoredObject {
  body: Buffer;
  contentType: string;
  /** `x-amz-meta-*`, without that prefix. */
  metadata: Readonly<Record<string, string>>;
}

export interface ObjectToStore {
  contentType: string;
  metadata?: Readonly<Record<string, string>>;
  /** Object Lock in COMPLIANCE mode until then (milliseconds); the bucket must have been made for it. */
  lockUntil?: number;
  /** Refuses to write over an object that is there; `putObject` then answers false. */
  onlyNew?: boolean;
}

/** For one try. */
const timeoutMs = 2_000;
const attempts = 3;

/** Undefined when there is no such object. Throws Unavailable, Throttled, Misconfigured. */
export async function getObject(bucket: string, key: string): Promise<StoredObject | undefined> {
  const answer = await call('GET', bucket, key, {});
  if (answer.status === 404) return undefined;
  const metadata = [...answer.headers].flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name.slice(11), value]] : []));
  return {
    body: Buffer.from(await answer.arrayBuffer()),
    contentType: answer.headers.get('content-type') ?? 'application/octet-stream',
    metadata: Object.fromEntries(metadata),
  };
}

/** True when it was written. Throws Unavailable, Throttled, Misconfigured. */
export async function putObject(bucket: string, key: string, body: string | Buffer, options: ObjectToStore): Promise<boolean> {
  const bytes = Buffer.from(body);
  const headers: Record<string, string> = {
    'content-type': options.contentType,
    // S3 asks for it where a lock is set, and checks it everywhere.
    'content-md5': createHash('md5').update(bytes).digest('base64'),
  };
  for (const [name, value] of Object.entries(options.metadata ?? {})) headers[`x-amz-meta-${name}`] = value;
  if (options.onlyNew) headers['if-none-match'] = '*';
  if (options.lockUntil !== undefined) {
    headers['x-amz-object-lock-mode'] = 'COMPLIANCE';
    headers['x-amz-object-lock-retain-until-date'] = new Date(options.lockUntil).toISOString();
  }
  const answer = await call('PUT', bucket, key, headers, bytes);
  return answer.status !== 412;
}

let client: AwsClient | undefined;

function signer(): AwsClient {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN, AWS_REGION = 'us-east-1' } = process.env;
  client ??= new AwsClient({
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    service: 's3',
    region: AWS_REGION,
    retries: 0,
  });
  return client;
}

/** Another endpoint is addressed by path, S3 itself by the bucket's own host. */
function addressOf(bucket: string, key: string): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return endpoint ? `${endpoint}/${bucket}/${path}` : `https://${bucket}.s3.${process.env.AWS_REGION ?? 'us-east-1'}.amazonaws.com/${path}`;
}

async function call(method: 'GET' | 'PUT', bucket: string, key: string, headers: Record<string, string>, body?: Buffer): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const answer = await once(method, bucket, key, headers, body);
    if (answer instanceof Response && (answer.ok || answer.status === 404 || answer.status === 412)) return answer;
    if (answer instanceof Response && answer.status < 500 && answer.status !== 429 && answer.status !== 409)
      throw new Misconfigured(`S3 answered ${answer.status} for ${bucket}: ${codeOf(await answer.text())}`);
    if (attempt === attempts) {
      if (!(answer instanceof Response)) throw new Unavailable('S3 did not answer', { cause: answer });
      throw answer.status === 503 ? new Throttled('S3 asks for less traffic') : new Unavailable(`S3 answered ${answer.status}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt * (0.5 + Math.random() / 2)));
  }
}

/** The answer, or the error of a broken connection. */
async function once(method: string, bucket: string, key: string, headers: Record<string, string>, body?: Buffer): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  return signer()
    .fetch(addressOf(bucket, key), { method, headers, signal, ...(body && { body: new Uint8Array(body) }) })
    .catch((error: unknown) => error);
}

function codeOf(xml: string): string {
  return /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? 'no code';
}
