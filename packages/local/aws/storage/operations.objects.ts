/** S3 operations on one object: put, copy, get, head, delete, tags, retention and legal hold. */
import { createHash } from 'node:crypto';
import type { AwsAnswer } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { isUnchanged, mustBeWritable, rangeOf } from './conditions.ts';
import { checksumHeaders, encryptionHeaders, headersOf, mustBeTags, readBody, readDescription, versionHeader } from './description.ts';
import {
  addVersion,
  bucketOf,
  current,
  document,
  done,
  type Ground,
  isoTime,
  malformed,
  nextId,
  readDocument,
  removeVersion,
  type StorageOperation,
  versionOf,
} from './ground.ts';
import { mustBeDeletable, mustBeRetainable, readHold, readRetention } from './object-lock.ts';
import type { StorageRequest } from './request.ts';
import { type Bucket, type Content, type Description, lockOf, type Version } from './version.ts';
import { childrenOf, elementAt, textAt } from './xml.ts';

const maxKeyBytes = 1024;

export const objectOperations: Readonly<Record<string, StorageOperation>> = {
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetObjectAttributes: getObjectAttributes,
  GetObjectRetention(request, ground) {
    const { content } = lockable(request, ground);
    if (!content.retention) throw noLock();
    return document('Retention', { Mode: content.retention.mode, RetainUntilDate: isoTime(content.retention.until) });
  },
  PutObjectRetention(request, ground) {
    const version = lockable(request, ground);
    const root = readDocument(request, 'Retention');
    const now = ground.clock.now();
    const retention = readRetention(textAt(root, 'Mode'), textAt(root, 'RetainUntilDate'), now);
    mustBeRetainable(lockOf(version), retention, now, bypasses(request));
    const { retention: _before, ...content } = version.content;
    change(request, version, { ...content, ...(retention && { retention }) }, ground);
    return done();
  },
  GetObjectLegalHold(request, ground) {
    return document('LegalHold', { Status: lockable(request, ground).content.hold ? 'ON' : 'OFF' });
  },
  PutObjectLegalHold(request, ground) {
    const version = lockable(request, ground);
    const hold = readHold(textAt(readDocument(request, 'LegalHold'), 'Status'));
    if (hold === undefined) throw malformed();
    change(request, version, { ...version.content, hold }, ground);
    return done();
  },
  GetObjectTagging(request, ground) {
    const { content, id } = versionOf(request, ground);
    const Tag = Object.entries(content.tags).map(([Key, Value]) => ({ Key, Value }));
    return document('Tagging', { TagSet: { Tag } }, versionHeader(bucketOf(request, ground), { id }));
  },
  PutObjectTagging(request, ground) {
    const version = versionOf(request, ground);
    const tags = childrenOf(elementAt(readDocument(request, 'Tagging'), 'TagSet'), 'Tag');
    const pairs = tags.map((tag) => [textAt(tag, 'Key') ?? '', textAt(tag, 'Value') ?? ''] as const);
    change(request, version, { ...version.content, tags: mustBeTags(pairs) }, ground);
    return done(200, versionHeader(bucketOf(request, ground), version));
  },
  DeleteObjectTagging(request, ground) {
    const version = versionOf(request, ground);
    change(request, version, { ...version.content, tags: {} }, ground);
    return done(204, versionHeader(bucketOf(request, ground), version));
  },
};

async function putObject(request: StorageRequest, ground: Ground): Promise<AwsAnswer> {
  const bucket = bucketOf(request, ground);
  const now = ground.clock.now();
  mustBeKey(request.key);
  const description = readDescription(request, bucket, now);
  const { bytes, checksum } = readBody(request);
  if (asksForLock(request) && request.headers['content-md5'] === undefined && !checksum)
    throw new AwsError(
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  const etag = createHash('md5').update(bytes).digest('hex');
  return commit(request, bucket, ground, await ground.bodies.write(bytes), (body) => ({
    ...description,
    size: bytes.length,
    etag,
    body,
    ...(checksum && { checksum }),
  }));
}

/** Judges the conditions and writes in one turn, so that of two writers that want to be first one is. */
function commit(request: StorageRequest, bucket: Bucket, ground: Ground, body: string, contentOf: (body: string) => Content): AwsAnswer {
  try {
    mustBeWritable(request.headers, current(bucket.name, request.key, ground));
    const content = contentOf(body);
    const version = { key: request.key, id: nextId(bucket, ground), at: ground.clock.now(), content };
    addVersion(bucket, version, ground);
    return done(200, {
      etag: `"${content.etag}"`,
      ...versionHeader(bucket, version),
      ...encryptionHeaders(content.encryption),
      ...(content.checksum && checksumHeaders(content.checksum)),
    });
  } catch (error) {
    ground.bodies.remove(body);
    throw error;
  }
}

async function copyObject(request: StorageRequest, ground: Ground): Promise<AwsAnswer> {
  const bucket = bucketOf(request, ground);
  const source = sourceOf(request);
  const from = versionOf({ ...request, ...source }, ground);
  const read = (name: string) => request.headers[`x-amz-copy-source-${name}`];
  const conditions = {
    'if-match': read('if-match'),
    'if-none-match': read('if-none-match'),
    'if-modified-since': read('if-modified-since'),
    'if-unmodified-since': read('if-unmodified-since'),
  };
  if (isUnchanged(conditions, from))
    throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { status: 412 });
  const given = readDescription(request, bucket, ground.clock.now());
  const replaces = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const tags = request.headers['x-amz-tagging-directive'] === 'REPLACE' ? given.tags : from.content.tags;
  const description: Description = { ...given, tags, ...(!replaces && { headers: from.content.headers, metadata: from.content.metadata }) };
  const isSame = source.bucket === bucket.name && source.key === request.key && source.query.size === 0;
  if (isSame && !replaces && bucket.versioning !== 'Enabled')
    throw new AwsError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const { size, etag, checksum } = from.content;
  const answer = commit(request, bucket, ground, await ground.bodies.copy(from.content.body), (body) => ({
    ...description,
    size,
    etag,
    body,
    ...(checksum && { checksum }),
  }));
  const result = document('CopyObjectResult', { LastModified: isoTime(ground.clock.now()), ETag: `"${etag}"` }, answer.headers);
  const sourceVersion = bucketOf(source, ground).versioning === undefined ? {} : { 'x-amz-copy-source-version-id': from.id };
  return { ...result, headers: { ...result.headers, ...sourceVersion } };
}

/** `x-amz-copy-source: /bucket/key?versionId=...`, percent-encoded. Throws InvalidArgument. */
export function sourceOf({ headers }: Pick<StorageRequest, 'headers'>): Pick<StorageRequest, 'bucket' | 'key' | 'query'> {
  const [path = '', version] = (headers['x-amz-copy-source'] ?? '').replace(/^\//, '').split('?versionId=');
  const [bucket = '', ...key] = path.split('/').map((part) => decodeURIComponent(part));
  if (bucket === '' || key.join('/') === '')
    throw new AwsError('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  return { bucket, key: key.join('/'), query: new URLSearchParams(version === undefined ? {} : { versionId: version }) };
}

/** Head is the same without the bytes, which the endpoint leaves out. */
function getObject(request: StorageRequest, ground: Ground): AwsAnswer {
  const version = versionOf(request, ground);
  const { content } = version;
  const part = request.query.get('partNumber');
  const range = part === null ? rangeOf(request.headers.range, content.size) : partRange(Number(part), content);
  const headers = {
    ...headersOf(bucketOf(request, ground), version, !range && request.headers['x-amz-checksum-mode'] === 'ENABLED'),
    ...(part !== null && content.parts && { 'x-amz-mp-parts-count': String(content.parts.length) }),
  };
  if (isUnchanged(request.headers, version)) return done(304, headers);
  const { start, end } = range ?? { start: 0, end: content.size - 1 };
  const { 'content-type': asked, ...overrides } = askedHeaders(request.query);
  return {
    status: range ? 206 : 200,
    contentType: asked ?? content.headers['content-type'] ?? '',
    body: '',
    file: { path: ground.bodies.pathOf(content.body), start, length: end - start + 1 },
    headers: { ...headers, ...overrides, ...(range && { 'content-range': `bytes ${start}-${end}/${content.size}` }) },
  };
}

function partRange(part: number, { parts = [], size }: Content): { start: number; end: number } | undefined {
  const sizes = parts.length > 0 ? parts : [size];
  const length = sizes[part - 1];
  if (length === undefined) throw new AwsError('InvalidPartNumber', 'The requested partnumber is not satisfiable', { status: 416 });
  const start = sizes.slice(0, part - 1).reduce((sum, one) => sum + one, 0);
  return length === 0 ? undefined : { start, end: start + length - 1 };
}

/** A presigned address may name headers of the answer: `response-content-disposition` and others. */
function askedHeaders(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...query].flatMap(([name, value]) => (name.startsWith('response-') ? [[name.slice(9), value]] : [])));
}

function deleteObject(request: StorageRequest, ground: Ground): AwsAnswer {
  const bucket = bucketOf(request, ground);
  const gone = remove(bucket, request.key, request.query.get('versionId') ?? undefined, request, ground);
  return done(204, {
    ...(gone.id !== undefined && bucket.versioning !== undefined && { 'x-amz-version-id': gone.id }),
    ...(gone.marker && { 'x-amz-delete-marker': 'true' }),
  });
}

/** Without an id a bucket with versions gets a delete marker. `marker`: one was made, or taken away. */
function remove(
  bucket: Bucket,
  key: string,
  id: string | undefined,
  request: StorageRequest,
  ground: Ground,
): { id?: string; marker: boolean } {
  const versions = ground.catalogue.versions(bucket.name, key);
  const match = request.headers['if-match'];
  if (match !== undefined && id === undefined) mustBeWritable({ 'if-match': match }, current(bucket.name, key, ground));
  if (id === undefined && bucket.versioning !== undefined) {
    const marker: Version = { key, id: nextId(bucket, ground), at: ground.clock.now() };
    addVersion(bucket, marker, ground);
    return { id: marker.id, marker: true };
  }
  const version = versions.find((one) => one.id === (id ?? 'null'));
  if (!version) return { ...(id !== undefined && { id }), marker: false };
  mustBeDeletable(lockOf(version), ground.clock.now(), bypasses(request));
  removeVersion(bucket, version, ground);
  return { id: version.id, marker: version.content === undefined };
}

/** The keys that a DeleteObjects names. Throws MalformedXML. */
export function namedKeys(request: Pick<StorageRequest, 'body'>): { key: string; id?: string }[] {
  const objects = childrenOf(readDocument(request, 'Delete'), 'Object');
  if (objects.length === 0 || objects.length > 1000) throw malformed();
  return objects.map((object) => {
    const id = textAt(object, 'VersionId');
    return { key: elementAt(object, 'Key')?.text ?? '', ...(id !== undefined && { id }) };
  });
}

function deleteObjects(request: StorageRequest, ground: Ground): AwsAnswer {
  const bucket = bucketOf(request, ground);
  const quiet = textAt(readDocument(request, 'Delete'), 'Quiet') === 'true';
  const [Deleted, failed] = [[] as Record<string, string | boolean>[], [] as Record<string, string>[]];
  for (const { key, id } of namedKeys(request)) {
    const named = { Key: key, ...(id !== undefined && { VersionId: id }) };
    try {
      const gone = remove(bucket, key, id, { ...request, headers: { ...request.headers, 'if-match': undefined } }, ground);
      if (!quiet)
        Deleted.push({
          ...named,
          ...(gone.marker && { DeleteMarker: true }),
          ...(gone.marker && gone.id !== undefined && { DeleteMarkerVersionId: gone.id }),
        });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({ ...named, Code: error.type, Message: error.message });
    }
  }
  return document('DeleteResult', { Deleted, Error: failed });
}

function getObjectAttributes(request: StorageRequest, ground: Ground): AwsAnswer {
  const version = versionOf(request, ground);
  const { content, at } = version;
  const asked = (request.headers['x-amz-object-attributes'] ?? '').split(',').map((name) => name.trim());
  const is = (name: string) => asked.includes(name);
  const sum = content.checksum;
  const body = {
    ...(is('ETag') && { ETag: content.etag }),
    ...(is('Checksum') && sum && { Checksum: { [`Checksum${sum.algorithm}`]: sum.value, ChecksumType: sum.type } }),
    ...(is('ObjectParts') && content.parts && { ObjectParts: { PartsCount: content.parts.length } }),
    ...(is('StorageClass') && { StorageClass: content.storageClass ?? 'STANDARD' }),
    ...(is('ObjectSize') && { ObjectSize: content.size }),
  };
  const headers = { 'last-modified': new Date(at).toUTCString(), ...versionHeader(bucketOf(request, ground), version) };
  return document('GetObjectAttributesResponse', body, headers);
}

function lockable(request: StorageRequest, ground: Ground): Version & { content: Content } {
  if (!bucketOf(request, ground).lock) throw new AwsError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  return versionOf(request, ground);
}

function change({ bucket }: StorageRequest, { key, id, at }: Version, content: Content, { catalogue }: Ground): void {
  catalogue.replace(bucket, { key, id, at, content });
}

function asksForLock({ headers }: StorageRequest): boolean {
  return headers['x-amz-object-lock-mode'] !== undefined || headers['x-amz-object-lock-legal-hold'] !== undefined;
}

function bypasses({ headers }: StorageRequest): boolean {
  return headers['x-amz-bypass-governance-retention'] === 'true';
}

export function mustBeKey(key: string): void {
  if (Buffer.byteLength(key) > maxKeyBytes) throw new AwsError('KeyTooLongError', 'Your key is too long');
}

function noLock(): AwsError {
  return new AwsError('NoSuchObjectLockConfiguration', 'The specified object does not have a ObjectLock configuration', { status: 404 });
}
