/**
 * S3 of the embedded stack: buckets with versions and Object Lock, kept in the data folder, opened on first use. Lifecycle rules are followed
 * once a day of stack time. Whoever may not list a bucket is not told which keys are missing from it, as on AWS.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { AwsAnswer, AwsRequest, WholeService } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { openBodies } from './bodies.ts';
import { openCatalogue } from './catalogue.ts';
import { addVersion, type Ground, nextId, removeVersion, type StorageOperation } from './ground.ts';
import { expiredVersions, isAbandoned, isExpired, readLifecycle } from './lifecycle.ts';
import { mustBeDeletable } from './object-lock.ts';
import { bucketOperations, newBucket } from './operations.buckets.ts';
import { listOperations } from './operations.lists.ts';
import { objectOperations } from './operations.objects.ts';
import { uploadOperations } from './operations.uploads.ts';
import { readRequest, type StorageRequest } from './request.ts';
import { type Bucket, lockOf, type Version } from './version.ts';

/** A bucket that is made when it is not there as soon as anything is used. */
export interface DeclaredBucket extends Pick<Bucket, 'name' | 'versioning' | 'lock'> {
  /** A lifecycle document. */
  lifecycle?: string;
}

export interface StorageOptions {
  clock: Clock;
  /** Kept here; without it in a folder that goes with this process. */
  path?: string;
  buckets?: readonly DeclaredBucket[];
}

export interface Storage {
  service: WholeService;
  /** Puts an object for another part of the stack; rejects with an `AwsError`. */
  put(bucket: string, key: string, body: Buffer, contentType: string): Promise<void>;
  /** Requests at work. */
  inFlight(): number;
  close(): void;
}

interface Opened extends Ground {
  close(): void;
}

const operations: Readonly<Record<string, StorageOperation>> = {
  ...bucketOperations,
  ...objectOperations,
  ...uploadOperations,
  ...listOperations,
};
const dayMs = 86_400_000;

export function createStorage({ clock, path, buckets = [] }: StorageOptions): Storage {
  let opened: Opened | undefined;
  let inFlight = 0;
  let sweptTo = 0;

  function open(): Opened {
    const folder = path ?? mkdtempSync(join(tmpdir(), 'gatehouse-objects-'));
    const catalogue = openCatalogue(folder);
    const bodies = openBodies(join(folder, 'bodies'), catalogue.bodies());
    for (const { lifecycle, ...declared } of buckets) {
      const known = catalogue.bucket(declared.name) ?? newBucket(declared.name, clock.now());
      const wanted = { ...known, ...declared, documents: { ...known.documents, ...(lifecycle !== undefined && { lifecycle }) } };
      if (JSON.stringify(known) !== JSON.stringify(wanted) || !catalogue.bucket(declared.name)) catalogue.keepBucket(wanted);
    }
    return {
      catalogue,
      bodies,
      clock,
      newId: () => randomBytes(24).toString('base64url'),
      close() {
        catalogue.close();
        if (path === undefined) rmSync(folder, { recursive: true, force: true });
      },
    };
  }

  async function answer(request: StorageRequest): Promise<AwsAnswer> {
    const run = request.unserved === undefined ? operations[request.operation] : undefined;
    if (!run)
      throw new AwsError('NotImplemented', `${request.unserved ?? request.operation} is not in the embedded stack`, { status: 501 });
    opened ??= open();
    // Rules come due at midnight and when they are written.
    if (clock.now() >= sweptTo + dayMs) sweep(opened);
    const reply = await run(request, opened);
    if (request.operation === 'PutBucketLifecycleConfiguration') sweep(opened);
    return reply;
  }
  function sweep(ground: Ground): void {
    sweptTo = Math.floor(clock.now() / dayMs) * dayMs;
    for (const bucket of ground.catalogue.buckets()) expire(bucket, ground);
  }

  return {
    service: {
      name: 's3',
      operationOf: (request) => readRequest(request)?.operation,
      inputOf: readRequest,
      async answer(request: AwsRequest) {
        const read = readRequest(request);
        if (!read) throw new Error('The request is not for S3');
        inFlight++;
        try {
          return await answer(read);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          throw isMissing(error) && !read.may('ListBucket', { bucket: read.bucket })
            ? new AwsError('AccessDenied', 'Access Denied', { status: 403 })
            : error;
        } finally {
          inFlight--;
        }
      },
    },
    async put(bucket, key, body, contentType) {
      const headers = { 'content-type': contentType };
      await answer({ operation: 'PutObject', bucket, key, query: new URLSearchParams(), headers, body, may: () => true });
    },
    inFlight: () => inFlight,
    close: () => opened?.close(),
  };
}

function isMissing({ type }: AwsError): boolean {
  return type === 'NoSuchKey' || type === 'NoSuchVersion';
}

/** What is locked stays, whatever a rule says. */
function expire(bucket: Bucket, ground: Ground): void {
  const rules = readLifecycle(bucket.documents.lifecycle);
  if (rules.length === 0) return;
  const now = ground.clock.now();
  for (const key of ground.catalogue.keys(bucket.name)) {
    const [newest] = ground.catalogue.versions(bucket.name, key);
    if (newest?.content && isExpired(rules, newest, now)) {
      if (bucket.versioning !== undefined) tryTo(() => addVersion(bucket, { key, id: nextId(bucket, ground), at: now }, ground));
      else removeVersion(bucket, newest, ground);
    }
    const over = (version: Version) =>
      tryTo(() => {
        mustBeDeletable(lockOf(version), now, false);
        removeVersion(bucket, version, ground);
      });
    for (const version of expiredVersions(rules, ground.catalogue.versions(bucket.name, key), now)) over(version);
  }
  for (const upload of ground.catalogue.uploads().filter((one) => one.bucket === bucket.name && isAbandoned(rules, one, now))) {
    ground.catalogue.dropUpload(upload.id);
    for (const { body } of Object.values(upload.parts)) ground.bodies.remove(body);
  }
}

function tryTo(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}
