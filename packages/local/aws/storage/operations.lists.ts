/** S3 lists: of objects (both versions of the call) and of versions, by prefix, delimiter and page. It reads no body. */
import type { AwsAnswer } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { bucketOf, document, type Ground, isoTime, owner, type StorageOperation } from './ground.ts';
import type { StorageRequest } from './request.ts';
import { type Content, seen, type Version } from './version.ts';

const maxPage = 1000;

export const listOperations: Readonly<Record<string, StorageOperation>> = {
  ListObjects(request, ground) {
    const { query } = request;
    const marker = query.get('marker') ?? '';
    const { objects, prefixes, isTruncated, last } = page(request, ground, marker);
    const named = spelling(query);
    const hasDelimiter = query.get('delimiter') !== null;
    return list('ListBucketResult', request, {
      Marker: named(marker),
      ...(isTruncated && hasDelimiter && { NextMarker: named(last) }),
      IsTruncated: isTruncated,
      Contents: objects.map((object) => ({ ...shown(object, named), Owner: owner })),
      CommonPrefixes: prefixes.map((Prefix) => ({ Prefix: named(Prefix) })),
    });
  },
  ListObjectsV2(request, ground) {
    const { query } = request;
    const token = query.get('continuation-token');
    const startAfter = query.get('start-after');
    const { objects, prefixes, isTruncated, last } = page(request, ground, token === null ? (startAfter ?? '') : readToken(token));
    const named = spelling(query);
    const withOwner = query.get('fetch-owner') === 'true';
    return list('ListBucketResult', request, {
      KeyCount: objects.length + prefixes.length,
      ...(startAfter !== null && { StartAfter: named(startAfter) }),
      ...(token !== null && { ContinuationToken: token }),
      ...(isTruncated && { NextContinuationToken: Buffer.from(last).toString('base64') }),
      IsTruncated: isTruncated,
      Contents: objects.map((object) => ({ ...shown(object, named), ...(withOwner && { Owner: owner }) })),
      CommonPrefixes: prefixes.map((Prefix) => ({ Prefix: named(Prefix) })),
    });
  },
  ListObjectVersions: listVersions,
};

type Seen = Version & { content: Content };

function page({ bucket, query }: StorageRequest, ground: Ground, after: string) {
  bucketOf({ bucket }, ground);
  const found = ground.catalogue.keys(bucket).flatMap((key) => {
    const object = seen(ground.catalogue.versions(bucket, key));
    return object ? [object] : [];
  });
  const grouped = group(found, ({ key }) => key, query, after);
  const objects = grouped.page.flatMap(({ one }) => (one ? [one] : []));
  const prefixes = grouped.page.flatMap(({ one, name }) => (one ? [] : [name]));
  return { objects, prefixes, isTruncated: grouped.isTruncated, last: grouped.page.at(-1)?.name ?? '' };
}

interface Row<T> {
  name: string;
  /** Undefined for a common prefix. */
  one?: T;
}

/** Rows after `after`, those that share what is before a delimiter as one; a page of them. `all` is in order. */
function group<T>(all: readonly T[], keyOf: (one: T) => string, query: URLSearchParams, after: string) {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const max = pageSize(query);
  const rows: Row<T>[] = [];
  for (const one of all) {
    const key = keyOf(one);
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    // A page that ended with a common prefix goes on behind all of it.
    if (name <= after || (cut >= 0 && rows.at(-1)?.name === name)) continue;
    rows.push(cut < 0 ? { name, one } : { name });
    if (rows.length > max) break;
  }
  return { page: rows.slice(0, max), isTruncated: max > 0 && rows.length > max };
}

function listVersions(request: StorageRequest, ground: Ground): AwsAnswer {
  const { bucket, query } = request;
  bucketOf(request, ground);
  const [keyMarker, idMarker] = [query.get('key-marker') ?? '', query.get('version-id-marker') ?? ''];
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const max = pageSize(query);
  const named = spelling(query);
  const rows: { key: string; version?: Version; isLatest?: boolean }[] = [];
  for (const key of ground.catalogue.keys(bucket)) {
    if (!key.startsWith(prefix) || key < keyMarker || (key === keyMarker && idMarker === '')) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (cut >= 0) {
      if (name > keyMarker && rows.at(-1)?.key !== name) rows.push({ key: name });
      continue;
    }
    const versions = ground.catalogue.versions(bucket, key);
    const from = key === keyMarker ? versions.findIndex(({ id }) => id === idMarker) + 1 : 0;
    for (const [index, version] of versions.entries()) if (index >= from) rows.push({ key, version, isLatest: index === 0 });
    if (rows.length > max) break;
  }
  const shownRows = rows.slice(0, max);
  const last = shownRows.at(-1);
  const isTruncated = max > 0 && rows.length > max;
  const common = ({ key, version, isLatest }: (typeof rows)[number]) => ({
    Key: named(key),
    VersionId: version?.id,
    IsLatest: isLatest,
    LastModified: isoTime(version?.at ?? 0),
    Owner: owner,
  });
  return list('ListVersionsResult', request, {
    KeyMarker: named(keyMarker),
    VersionIdMarker: idMarker,
    ...(isTruncated && { NextKeyMarker: named(last?.key ?? ''), NextVersionIdMarker: last?.version?.id }),
    IsTruncated: isTruncated,
    Version: shownRows.flatMap((row) => {
      const content = row.version?.content;
      return content
        ? [{ ...common(row), ETag: `"${content.etag}"`, Size: content.size, StorageClass: content.storageClass ?? 'STANDARD' }]
        : [];
    }),
    DeleteMarker: shownRows.filter(({ version }) => version && !version.content).map(common),
    CommonPrefixes: shownRows.filter(({ version }) => !version).map(({ key }) => ({ Prefix: named(key) })),
  });
}

function list(name: string, { bucket, query }: StorageRequest, content: Record<string, Parameters<typeof document>[1]>): AwsAnswer {
  const named = spelling(query);
  const delimiter = query.get('delimiter');
  return document(name, {
    Name: bucket,
    Prefix: named(query.get('prefix') ?? ''),
    ...(delimiter !== null && { Delimiter: named(delimiter) }),
    MaxKeys: pageSize(query),
    ...(query.get('encoding-type') === 'url' && { EncodingType: 'url' }),
    ...content,
  });
}

function shown({ key, at, content }: Seen, named: (key: string) => string) {
  return {
    Key: named(key),
    LastModified: isoTime(at),
    ETag: `"${content.etag}"`,
    ...(content.checksum && { ChecksumAlgorithm: content.checksum.algorithm, ChecksumType: content.checksum.type }),
    Size: content.size,
    StorageClass: content.storageClass ?? 'STANDARD',
  };
}

/** `encoding-type=url` spares readers the characters that XML cannot hold. */
function spelling(query: URLSearchParams): (text: string) => string {
  return query.get('encoding-type') === 'url' ? (text) => encodeURIComponent(text).replaceAll('%2F', '/') : (text) => text;
}

function pageSize(query: URLSearchParams): number {
  const asked = Number(query.get('max-keys') ?? maxPage);
  if (!Number.isInteger(asked) || asked < 0)
    throw new AwsError('InvalidArgument', 'Provided max-keys not an integer or within integer range');
  return Math.min(asked, maxPage);
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (text === '') throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
  return text;
}
