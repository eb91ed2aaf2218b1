/** What the embedded S3 keeps: buckets, versions of objects and multipart uploads, as plain data. Decides nothing but which version is seen. */
import type { Algorithm } from './checksum.ts';
import type { Locked, LockMode, Retention } from './object-lock.ts';

export interface Bucket {
  name: string;
  /** Milliseconds. */
  createdAt: number;
  versioning?: 'Enabled' | 'Suspended';
  /** There once Object Lock is on; it is never off again. */
  lock?: { rule?: { mode: LockMode; days?: number; years?: number } };
  /** Sub-resources that are kept as they were sent (`encryption`, `lifecycle`, ...): XML documents. */
  documents: Readonly<Record<string, string>>;
}

/** What a writer says of an object besides its bytes. */
export interface Description {
  /** `content-type`, `cache-control`, ... in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Names without `x-amz-meta-`. */
  metadata: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
  storageClass?: string;
  encryption: { algorithm: string; keyId?: string };
  retention?: Retention;
  hold?: boolean;
}

export interface StoredChecksum {
  algorithm: Algorithm;
  value: string;
  type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** A version with bytes. */
export interface Content extends Description {
  size: number;
  /** Without quotes. */
  etag: string;
  /** The body's name among the bodies. */
  body: string;
  checksum?: StoredChecksum;
  /** Sizes of the parts of a multipart upload. */
  parts?: readonly number[];
}

/** `content` is absent in a delete marker. */
export interface Version {
  key: string;
  /** `null` as S3 calls a version that was made while versioning was not enabled. */
  id: string;
  /** Milliseconds. */
  at: number;
  content?: Content;
}

export interface Upload {
  id: string;
  bucket: string;
  key: string;
  at: number;
  description: Description;
  algorithm?: Algorithm;
  checksumType?: StoredChecksum['type'];
  parts: Readonly<Record<number, Part>>;
}

export interface Part {
  size: number;
  etag: string;
  body: string;
  at: number;
  checksum?: string;
}

/** Newest first: the version that a request without a version sees, if it is an object at all. */
export function seen(versions: readonly Version[]): (Version & { content: Content }) | undefined {
  const [newest] = versions;
  return newest?.content ? { ...newest, content: newest.content } : undefined;
}

export function lockOf(version: Version): Locked {
  return { retention: version.content?.retention, hold: version.content?.hold };
}
