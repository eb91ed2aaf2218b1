/**
 * Objects in S3, whole and small: one signed call each, with a timeout and few tries. Lists nothing, deletes nothing.
 * @see Amazon S3 API Reference, GetObject and PutObject
 */
import { createHash } from 'node:crypto';
import { AwsRefusal, type AwsRequest, awsCall, isThrottle } from './aws-call.ts';
import type { Exchanged } from './exchange.ts';
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
  /** Object Lock until then (milliseconds); the bucket must have been made for it. Needs s3:PutObjectRetention too. */
  lock?: { mode: 'COMPLIANCE' | 'GOVERNANCE'; until: number };
  /** Refuses to write over an object that is there; `putObject` then answers false. */
  onlyNew?: boolean;
}

/** For one try. */
const timeoutMs = 2_000;

/** Undefined when there is no such object. Throws Unavailable, Throttled, Misconfigured. */
export async function getObject(bucket: string, key: string): Promise<StoredObject | undefined> {
  const answer = await call(bucket, { method: 'GET', path: pathOf(key) });
  if (answer.status === 404) return undefined;
  const metadata = Object.entries(answer.headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice(11), String(value)] as const] : [],
  );
  const contentType = answer.headers['content-type'] ?? 'application/octet-stream';
  return { body: answer.body, contentType, metadata: Object.fromEntries(metadata) };
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
  if (options.lock) {
    headers['x-amz-object-lock-mode'] = options.lock.mode;
    headers['x-amz-object-lock-retain-until-date'] = new Date(options.lock.until).toISOString();
  }
  const answer = await call(bucket, { method: 'PUT', path: pathOf(key), headers, body: bytes });
  return answer.status !== 412;
}

function pathOf(key: string): string {
  return `/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** A missing object and one that must not be written over are answers too. */
async function call(bucket: string, request: AwsRequest): Promise<Exchanged> {
  try {
    return await awsCall('s3', { ...request, bucket, timeoutMs });
  } catch (error) {
    if (!(error instanceof AwsRefusal)) throw new Unavailable('S3 did not answer', { cause: error });
    const { status, name } = error;
    if (name !== 'NoSuchBucket' && (status === 404 || status === 412)) return { status, headers: {}, body: Buffer.alloc(0) };
    if (isThrottle(error)) throw new Throttled('S3 asks for less traffic', { cause: error });
    if (status >= 500 || status === 409) throw new Unavailable(`S3 answered ${status}`, { cause: error });
    throw new Misconfigured(`S3 answered ${status} for ${bucket}: ${name}`, { cause: error });
  }
}
