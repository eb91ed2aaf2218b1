/** Reads what a writer says of an object in headers, and writes it into the headers of an answer. It stores nothing. */
import { createHash } from 'node:crypto';
import { AwsError } from '../service.ts';
import { type Algorithm, algorithms, checksumOf } from './checksum.ts';
import { isMode, type Retention, readHold, readRetention } from './object-lock.ts';
import { type StorageRequest, unframed } from './request.ts';
import type { Bucket, Content, Description, StoredChecksum, Version } from './version.ts';

const kept = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires'] as const;
const metadataPrefix = 'x-amz-meta-';

/** Throws InvalidArgument, InvalidRequest, InvalidTag. */
export function readDescription({ headers }: Pick<StorageRequest, 'headers'>, bucket: Bucket, now: number): Description {
  const retention = readRetention(headers['x-amz-object-lock-mode'], headers['x-amz-object-lock-retain-until-date'], now);
  const hold = readHold(headers['x-amz-object-lock-legal-hold']);
  if ((retention || hold !== undefined) && !bucket.lock)
    throw new AwsError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const own = retention ?? defaultRetention(bucket, now);
  const storageClass = headers['x-amz-storage-class'];
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  const encoding = headers['content-encoding']?.replace(/(^|,)\s*aws-chunked\s*(,|$)/, '').trim();
  const said: StorageRequest['headers'] = { ...headers, 'content-encoding': encoding === '' ? undefined : encoding };
  return {
    headers: {
      'content-type': 'binary/octet-stream',
      ...Object.fromEntries(kept.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]]))),
    },
    metadata: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith(metadataPrefix) && value !== undefined ? [[name.slice(metadataPrefix.length), value]] : [],
      ),
    ),
    tags: mustBeTags([...new URLSearchParams(headers['x-amz-tagging'] ?? '')]),
    ...(storageClass !== undefined && storageClass !== 'STANDARD' && { storageClass }),
    encryption: { algorithm: headers['x-amz-server-side-encryption'] ?? 'AES256', ...(keyId !== undefined && { keyId }) },
    ...(own && { retention: own }),
    ...(hold && { hold }),
  };
}

export function mustBeTags(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const tags = Object.fromEntries(pairs);
  const fits = pairs.every(([name, value]) => name.length >= 1 && name.length <= 128 && value.length <= 256);
  if (pairs.length > 10) throw new AwsError('BadRequest', 'Object tags cannot be greater than 10');
  if (!fits || Object.keys(tags).length !== pairs.length)
    throw new AwsError('InvalidTag', 'A tag has a key of 1 to 128 characters, once, and a value of at most 256');
  return tags;
}

/** Of the bucket's rule, counted from now. */
function defaultRetention({ lock }: Bucket, now: number): Retention | undefined {
  const rule = lock?.rule;
  if (!rule || !isMode(rule.mode)) return undefined;
  const until = new Date(now);
  if (rule.years !== undefined) until.setUTCFullYear(until.getUTCFullYear() + rule.years);
  else until.setUTCDate(until.getUTCDate() + (rule.days ?? 0));
  return { mode: rule.mode, until: until.getTime() };
}

/** The bytes that were sent, once every digest that came with them was found right. Throws BadDigest, InvalidRequest. */
export function readBody(request: Pick<StorageRequest, 'headers' | 'body'>): { bytes: Buffer; checksum?: StoredChecksum } {
  const { headers } = request;
  const { bytes, trailer } = unframed(request);
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(bytes).digest('base64')) throw badDigest('Content-MD5');
  const sha256 = headers['x-amz-content-sha256'];
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) && sha256 !== createHash('sha256').update(bytes).digest('hex'))
    throw new AwsError('XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match what was computed.');
  const found = givenChecksum({ ...headers, ...trailer });
  if (!found) return { bytes };
  if (checksumOf(found.algorithm, bytes) !== found.value) throw badDigest(found.algorithm);
  return { bytes, checksum: { ...found, type: 'FULL_OBJECT' } };
}

function givenChecksum(headers: StorageRequest['headers']): { algorithm: Algorithm; value: string } | undefined {
  for (const algorithm of algorithms) {
    const value = headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}

function badDigest(which: string): AwsError {
  return new AwsError('BadDigest', `The ${which} you specified did not match the calculated checksum.`);
}

/** Of an answer that carries the object or its head. */
export function headersOf(bucket: Bucket, version: Version & { content: Content }, withChecksum: boolean): Record<string, string> {
  const { at, content } = version;
  const { retention, hold, checksum, storageClass, encryption } = content;
  return {
    'accept-ranges': 'bytes',
    'last-modified': new Date(at).toUTCString(),
    etag: `"${content.etag}"`,
    ...Object.fromEntries(Object.entries(content.headers).filter(([name]) => name !== 'content-type')),
    ...Object.fromEntries(Object.entries(content.metadata).map(([name, value]) => [metadataPrefix + name, value])),
    ...versionHeader(bucket, version),
    ...encryptionHeaders(encryption),
    ...(storageClass !== undefined && { 'x-amz-storage-class': storageClass }),
    ...(retention && {
      'x-amz-object-lock-mode': retention.mode,
      'x-amz-object-lock-retain-until-date': new Date(retention.until).toISOString(),
    }),
    ...(hold && { 'x-amz-object-lock-legal-hold': 'ON' }),
    ...(Object.keys(content.tags).length > 0 && { 'x-amz-tagging-count': String(Object.keys(content.tags).length) }),
    ...(withChecksum && checksum && checksumHeaders(checksum)),
  };
}

/** Absent in a bucket that never had versions. */
export function versionHeader({ versioning }: Bucket, { id }: Pick<Version, 'id'>): Record<string, string> {
  return versioning === undefined ? {} : { 'x-amz-version-id': id };
}

export function encryptionHeaders({ algorithm, keyId }: Description['encryption']): Record<string, string> {
  return {
    'x-amz-server-side-encryption': algorithm,
    ...(keyId !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': keyId }),
  };
}

export function checksumHeaders({ algorithm, value, type }: StoredChecksum): Record<string, string> {
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, 'x-amz-checksum-type': type };
}
