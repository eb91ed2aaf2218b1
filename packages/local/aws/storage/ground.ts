/** What every S3 operation stands on, and the look-ups that they share. */
import type { Clock } from '../../clock.ts';
import type { AwsAnswer } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import type { Bodies } from './bodies.ts';
import type { Catalogue } from './catalogue.ts';
import { mustBeDeletable } from './object-lock.ts';
import type { StorageRequest } from './request.ts';
import { type Bucket, type Content, lockOf, seen, type Version } from './version.ts';
import type { Content as XmlContent } from './xml.ts';
import { type Element, parseXml, toXml } from './xml.ts';

export interface Ground {
  catalogue: Catalogue;
  bodies: Bodies;
  clock: Clock;
  /** A new version's id, or an upload's. */
  newId(): string;
}

export type StorageOperation = (request: StorageRequest, ground: Ground) => AwsAnswer | Promise<AwsAnswer>;

export function bucketOf({ bucket: name }: Pick<StorageRequest, 'bucket'>, { catalogue }: Ground): Bucket {
  const bucket = catalogue.bucket(name);
  if (!bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', { status: 404 });
  return bucket;
}

/** The version asked for, or the newest. Throws NoSuchKey, NoSuchVersion, MethodNotAllowed. */
export function versionOf(request: StorageRequest, ground: Ground): Version & { content: Content } {
  bucketOf(request, ground);
  const versions = ground.catalogue.versions(request.bucket, request.key);
  const id = request.query.get('versionId');
  const version = id === null ? versions[0] : versions.find((one) => one.id === id);
  if (version?.content) return { ...version, content: version.content };
  if (id !== null && version)
    throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
      extra: { headers: markerHeaders(version) },
    });
  if (id !== null) throw new AwsError('NoSuchVersion', 'The specified version does not exist.', { status: 404 });
  throw new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404, extra: { headers: markerHeaders(version) } });
}

function markerHeaders(version: Version | undefined): Record<string, string> {
  return version ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.id } : {};
}

export function current(bucket: string, key: string, { catalogue }: Ground): (Version & { content: Content }) | undefined {
  return seen(catalogue.versions(bucket, key));
}

/** The id that a new version or delete marker of this bucket gets. */
export function nextId(bucket: Bucket, ground: Ground): string {
  return bucket.versioning === 'Enabled' ? ground.newId() : 'null';
}

/** Puts a version on top. What had the same id goes, and its bytes with it. */
export function addVersion(bucket: Bucket, version: Version, ground: Ground, upload?: string): void {
  const replaced = ground.catalogue.versions(bucket.name, version.key).find(({ id }) => id === version.id);
  if (replaced) mustBeDeletable(lockOf(replaced), ground.clock.now(), false);
  if (upload === undefined) ground.catalogue.add(bucket.name, version);
  else ground.catalogue.complete(upload, bucket.name, version);
  if (replaced?.content) ground.bodies.remove(replaced.content.body);
}

/** Takes one version away for good. */
export function removeVersion(bucket: Bucket, version: Version, ground: Ground): void {
  ground.catalogue.drop(bucket.name, version.key, version.id);
  if (version.content) ground.bodies.remove(version.content.body);
}

export function done(status = 200, headers: Readonly<Record<string, string>> = {}): AwsAnswer {
  return { status, contentType: '', body: '', headers };
}

export function document(name: string, content: XmlContent, headers: Readonly<Record<string, string>> = {}): AwsAnswer {
  return { status: 200, contentType: 'application/xml', body: toXml(name, content), headers };
}

/** The document in the body, whose root is `name`. Throws MalformedXML. */
export function readDocument({ body }: Pick<StorageRequest, 'body'>, name: string): Element {
  const root = parseXml(body.toString('utf8'));
  if (root?.name === name) return root;
  throw malformed();
}

export function malformed(): AwsError {
  return new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
}

export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export const owner = { ID: '0'.repeat(64) };
