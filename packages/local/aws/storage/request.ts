/** Reads which S3 operation a request is, on which bucket and key. What the embedded stack does not have is named, so that it can be refused in words. */

import type { AwsRequest } from '../endpoint.ts';
import { AwsError } from '../service.ts';

export interface StorageRequest {
  operation: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  /** Lower case, one value each. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
  /** A parameter or header that changes what the request means and is not there. */
  unserved?: string;
  /** Whether IAM lets this caller do an action on a resource of S3. */
  may(operation: string, input: Place): boolean;
}

export interface Place {
  bucket: string;
  key?: string;
}

type Verbs = Readonly<Record<string, string>>;

const bucketOperations: Readonly<Record<string, Verbs>> = {
  '': { GET: 'ListObjects', PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket' },
  'list-type': { GET: 'ListObjectsV2' },
  versions: { GET: 'ListObjectVersions' },
  uploads: { GET: 'ListMultipartUploads' },
  delete: { POST: 'DeleteObjects' },
  location: { GET: 'GetBucketLocation' },
  versioning: { GET: 'GetBucketVersioning', PUT: 'PutBucketVersioning' },
  'object-lock': { GET: 'GetObjectLockConfiguration', PUT: 'PutObjectLockConfiguration' },
  lifecycle: { GET: 'GetBucketLifecycleConfiguration', PUT: 'PutBucketLifecycleConfiguration', DELETE: 'DeleteBucketLifecycle' },
  encryption: { GET: 'GetBucketEncryption', PUT: 'PutBucketEncryption', DELETE: 'DeleteBucketEncryption' },
  publicAccessBlock: { GET: 'GetPublicAccessBlock', PUT: 'PutPublicAccessBlock', DELETE: 'DeletePublicAccessBlock' },
  ownershipControls: { GET: 'GetBucketOwnershipControls', PUT: 'PutBucketOwnershipControls', DELETE: 'DeleteBucketOwnershipControls' },
  tagging: { GET: 'GetBucketTagging', PUT: 'PutBucketTagging', DELETE: 'DeleteBucketTagging' },
};
const objectOperations: Readonly<Record<string, Verbs>> = {
  '': { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject', DELETE: 'DeleteObject' },
  uploads: { POST: 'CreateMultipartUpload' },
  uploadId: { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload', GET: 'ListParts' },
  retention: { GET: 'GetObjectRetention', PUT: 'PutObjectRetention' },
  'legal-hold': { GET: 'GetObjectLegalHold', PUT: 'PutObjectLegalHold' },
  tagging: { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' },
  attributes: { GET: 'GetObjectAttributes' },
};

const parameters = new Set([
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'key-marker',
  'marker',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'partNumber',
  'prefix',
  'start-after',
  'upload-id-marker',
  'version-id-marker',
  'versionId',
  'x-id',
]);
const unservedHeaders = /^x-amz-(server-side-encryption-customer-|copy-source-server-side-|website-|grant-|write-offset)/;
/** The owner has every right and nobody else has any: these two change nothing. */
const harmlessAcls = ['private', 'bucket-owner-full-control'];

/** Undefined when the request is signed for another service. Throws InvalidRequest for the signature that S3 takes no more. */
export function readRequest(request: AwsRequest): StorageRequest | undefined {
  if (request.signedFor !== 's3') return undefined;
  if (request.url.searchParams.has('AWSAccessKeyId'))
    throw new AwsError('InvalidRequest', 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.');
  const { url, method } = request;
  const headers = flat(request.headers);
  const host = hostBucket(headers.host);
  const [first = '', ...rest] = url.pathname.slice(1).split('/');
  const bucket = host ?? decode(first);
  const key = decode(host === undefined ? rest.join('/') : url.pathname.slice(1));
  const found = operationOf(method, bucket, key, url.searchParams, headers);
  const unserved = found.unserved ?? unservedHeader(headers);
  return {
    operation: found.operation,
    bucket,
    key,
    query: url.searchParams,
    headers,
    body: request.body,
    ...(unserved !== undefined && { unserved }),
    may: (operation, input) => request.may('s3', operation, input),
  };
}

function operationOf(
  method: string,
  bucket: string,
  key: string,
  query: URLSearchParams,
  headers: StorageRequest['headers'],
): { operation: string; unserved?: string } {
  if (bucket === '') return method === 'GET' ? { operation: 'ListBuckets' } : other(`${method} /`);
  const table = key === '' ? bucketOperations : objectOperations;
  const names = [...query.keys()].filter((name) => !parameters.has(name) && !isSigning(name));
  const part = names.find((name) => Object.hasOwn(table, name)) ?? '';
  const stranger = names.find((name) => name !== part);
  if (stranger !== undefined) return other(`The S3 request parameter "${stranger}"`);
  if (method === 'PUT' && headers['x-amz-copy-source'] !== undefined && key !== '')
    return part === 'uploadId' ? other('UploadPartCopy') : { operation: 'CopyObject' };
  const operation = table[part]?.[method];
  return operation === undefined ? other(`${method} of ${key === '' ? 'a bucket' : 'an object'}${part && `'s ${part}`}`) : { operation };
}

function other(unserved: string): { operation: string; unserved: string } {
  return { operation: 'Unknown', unserved };
}

function unservedHeader(headers: StorageRequest['headers']): string | undefined {
  const acl = headers['x-amz-acl'];
  if (acl !== undefined && !harmlessAcls.includes(acl)) return `The access control list ${acl}`;
  const name = Object.keys(headers).find((one) => unservedHeaders.test(one));
  return name && `The S3 header ${name}`;
}

function isSigning(name: string): boolean {
  return /^x-amz-/i.test(name) || name.startsWith('response-');
}

/** `<bucket>.localhost:8788` and `<bucket>.s3...`; an address by number or name alone takes the bucket from the path. */
function hostBucket(host = ''): string | undefined {
  return /^(.+?)\.(?:s3[.-].*|localhost)(?::\d+)?$/.exec(host)?.[1];
}

function flat(headers: AwsRequest['headers']): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** The body without the frames of a streamed signature, and what its trailer says. */
export function unframed({ headers, body }: Pick<StorageRequest, 'headers' | 'body'>): {
  bytes: Buffer;
  trailer: Readonly<Record<string, string>>;
} {
  if (!headers['x-amz-content-sha256']?.startsWith('STREAMING-')) return { bytes: body, trailer: {} };
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = end < 0 ? Number.NaN : Number.parseInt(body.toString('latin1', at, end), 16);
    if (!(size >= 0) || end + 2 + size > body.length) throw new AwsError('IncompleteBody', 'The chunks of the body are cut short');
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + (size > 0 ? 2 : 0);
    if (size === 0) return { bytes: Buffer.concat(chunks), trailer: trailerOf(body.toString('latin1', at)) };
  }
}

function trailerOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
}
