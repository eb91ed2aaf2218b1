/** Proves versions, Object Lock and lifecycle on the stack clock with an unmodified S3 client. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, startStorage, type TestStorage } from './test-storage.ts';

let storage: TestStorage;
const daySeconds = 86_400;

beforeAll(async () => {
  storage = await startStorage({
    buckets: [
      { name: 'versioned', versioning: 'Enabled' },
      { name: 'governed', versioning: 'Enabled', lock: { rule: { mode: 'GOVERNANCE', days: 10 } } },
      { name: 'complied', versioning: 'Enabled', lock: {} },
    ],
  });
});
afterAll(() => storage.close());

const put = async (Bucket: string, Key: string, Body = 'x', more: object = {}) =>
  (await storage.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId ?? '';
const get = async (Bucket: string, Key: string, VersionId?: string) =>
  String(await bytesOf((await storage.s3.send(new GetObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }))).Body));
const remove = (Bucket: string, Key: string, more: object = {}) => storage.s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const inDays = (days: number) => new Date(storage.clock.now() + days * daySeconds * 1000);

describe('versions', () => {
  const Bucket = 'versioned';

  it('are all kept, and the newest is what everybody sees', async () => {
    const [one, two] = [await put(Bucket, 'k', '1'), await put(Bucket, 'k', '2')];
    expect(one).not.toBe(two);
    expect([await get(Bucket, 'k'), await get(Bucket, 'k', one)]).toEqual(['2', '1']);
    const { Versions } = await storage.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'k' }));
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two, true],
      [one, false],
    ]);
    await expect(get(Bucket, 'k', 'no-such-version')).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it('hide behind a delete marker, and come back when it goes', async () => {
    await put(Bucket, 'hidden', 'here');
    const { VersionId: marker = '', DeleteMarker } = await remove(Bucket, 'hidden');
    expect(DeleteMarker).toBe(true);
    await expect(get(Bucket, 'hidden')).rejects.toMatchObject({ name: 'NoSuchKey' });
    const head = storage.s3.send(new HeadObjectCommand({ Bucket, Key: 'hidden', VersionId: marker }));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 405 } });
    const { KeyCount } = await storage.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'hidden' }));
    const { DeleteMarkers } = await storage.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'hidden' }));
    expect([KeyCount, DeleteMarkers?.[0]?.VersionId]).toEqual([0, marker]);
    await remove(Bucket, 'hidden', { VersionId: marker });
    expect(await get(Bucket, 'hidden')).toBe('here');
  });

  it('are copied one by one, and listed in pages', async () => {
    const old = await put(Bucket, 'p', 'old');
    await put(Bucket, 'p', 'new');
    await storage.s3.send(new CopyObjectCommand({ Bucket, Key: 'p', CopySource: `${Bucket}/p?versionId=${old}` }));
    expect(await get(Bucket, 'p')).toBe('old');
    const first = await storage.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'p', MaxKeys: 2 }));
    const rest = await storage.s3.send(
      new ListObjectVersionsCommand({ Bucket, Prefix: 'p', KeyMarker: first.NextKeyMarker, VersionIdMarker: first.NextVersionIdMarker }),
    );
    expect([first.Versions?.length, first.IsTruncated, rest.Versions?.map(({ VersionId }) => VersionId)]).toEqual([2, true, [old]]);
  });

  it('are null before they are enabled, and null again while they are suspended', async () => {
    const plain = 'was-plain';
    const enable = (Status: 'Enabled' | 'Suspended') =>
      storage.s3.send(new PutBucketVersioningCommand({ Bucket: plain, VersioningConfiguration: { Status } }));
    await storage.s3.send(new CreateBucketCommand({ Bucket: plain }));
    expect((await storage.s3.send(new GetBucketVersioningCommand({ Bucket: plain }))).Status).toBeUndefined();
    await put(plain, 'k', 'before');
    await enable('Enabled');
    await put(plain, 'k', 'during');
    expect(await get(plain, 'k', 'null')).toBe('before');
    await enable('Suspended');
    expect(await put(plain, 'k', 'after')).toBe('null');
    const { Versions } = await storage.s3.send(new ListObjectVersionsCommand({ Bucket: plain }));
    expect(Versions).toHaveLength(2);
    expect(await get(plain, 'k', 'null')).toBe('after');
  });

  it('are there after a restart', async () => {
    const one = await put(Bucket, 'r', '1');
    await put(Bucket, 'r', '2');
    await storage.restart();
    expect([await get(Bucket, 'r'), await get(Bucket, 'r', one)]).toEqual(['2', '1']);
  });
});

describe('Object Lock', () => {
  it('holds every version for as long as the bucket says, unless somebody may bypass it', async () => {
    const VersionId = await put('governed', 'k');
    const { ObjectLockConfiguration } = await storage.s3.send(new GetObjectLockConfigurationCommand({ Bucket: 'governed' }));
    expect(ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: 'GOVERNANCE', Days: 10 });
    const { Retention } = await storage.s3.send(new GetObjectRetentionCommand({ Bucket: 'governed', Key: 'k' }));
    expect(Retention?.Mode).toBe('GOVERNANCE');
    await expect(remove('governed', 'k', { VersionId })).rejects.toMatchObject({ name: 'AccessDenied' });
    await remove('governed', 'k', { VersionId, BypassGovernanceRetention: true });
    await expect(get('governed', 'k')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('lets nobody delete or shorten what is to be kept in COMPLIANCE mode, until stack time has passed it', async () => {
    const Bucket = 'complied';
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(2) };
    const VersionId = await put(Bucket, 'evidence', 'packet', lock);
    const retain = (Mode: 'GOVERNANCE' | 'COMPLIANCE', RetainUntilDate: Date) =>
      storage.s3.send(
        new PutObjectRetentionCommand({ Bucket, Key: 'evidence', Retention: { Mode, RetainUntilDate }, BypassGovernanceRetention: true }),
      );
    await expect(remove(Bucket, 'evidence', { VersionId, BypassGovernanceRetention: true })).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(retain('COMPLIANCE', inDays(1))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(retain('GOVERNANCE', inDays(9))).rejects.toMatchObject({ name: 'AccessDenied' });
    await retain('COMPLIANCE', inDays(3));
    // A new version and a delete marker are no deletion.
    await put(Bucket, 'evidence', 'another');
    await remove(Bucket, 'evidence');
    expect(await get(Bucket, 'evidence', VersionId)).toBe('packet');
    storage.clock.advance(3 * daySeconds + 1);
    await remove(Bucket, 'evidence', { VersionId });
    await expect(get(Bucket, 'evidence', VersionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it('has legal holds that no bypass opens', async () => {
    const VersionId = await put('complied', 'held', 'x', { ObjectLockLegalHoldStatus: 'ON' });
    const Delete = { Objects: [{ Key: 'held', VersionId }] };
    const { Errors } = await storage.s3.send(new DeleteObjectsCommand({ Bucket: 'complied', Delete, BypassGovernanceRetention: true }));
    expect(Errors?.[0]?.Code).toBe('AccessDenied');
    const hold = { Bucket: 'complied', Key: 'held' };
    expect((await storage.s3.send(new GetObjectLegalHoldCommand(hold))).LegalHold?.Status).toBe('ON');
    await storage.s3.send(new PutObjectLegalHoldCommand({ ...hold, LegalHold: { Status: 'OFF' } }));
    await remove('complied', 'held', { VersionId });
  });

  it('is for buckets with versions, which then keep them', async () => {
    const Bucket = 'lockable';
    const configure = () =>
      storage.s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }));
    const version = (Status: 'Enabled' | 'Suspended') =>
      storage.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    await storage.s3.send(new CreateBucketCommand({ Bucket }));
    await expect(put(Bucket, 'x', 'x', { ObjectLockLegalHoldStatus: 'ON' })).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(configure()).rejects.toMatchObject({ name: 'InvalidBucketState' });
    await version('Enabled');
    await configure();
    await expect(version('Suspended')).rejects.toMatchObject({ name: 'InvalidBucketState' });
  });

  it('refuses a date that has passed, and half a lock', async () => {
    const past = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(-1) };
    await expect(put('complied', 'x', 'x', past)).rejects.toThrow('must be in the future');
    await expect(put('complied', 'x', 'x', { ObjectLockMode: 'COMPLIANCE' })).rejects.toThrow('must both be supplied');
  });
});

describe('a lifecycle', () => {
  it('lets old versions go, then objects and their markers, and nothing that is locked', async () => {
    const [Bucket, locked] = ['aging', 'complied'];
    await storage.s3.send(new CreateBucketCommand({ Bucket }));
    await storage.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const rule = { ID: 'keep', Status: 'Enabled', Filter: { Prefix: '' } } as const;
    for (const name of [Bucket, locked])
      await storage.s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: name,
          LifecycleConfiguration: { Rules: [{ ...rule, Expiration: { Days: 30 }, NoncurrentVersionExpiration: { NoncurrentDays: 3 } }] },
        }),
      );
    const kept = await put(locked, 'kept', 'x', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(60) });
    await put(Bucket, 'k', 'old');
    await put(Bucket, 'k', 'new');
    const left = async () => {
      const { Versions = [], DeleteMarkers = [] } = await storage.s3.send(new ListObjectVersionsCommand({ Bucket }));
      return [Versions.length, DeleteMarkers.length];
    };
    storage.clock.advance(2 * daySeconds);
    expect(await left()).toEqual([2, 0]);
    storage.clock.advance(2 * daySeconds);
    expect(await left()).toEqual([1, 0]);
    storage.clock.advance(28 * daySeconds);
    expect(await left()).toEqual([1, 1]);
    storage.clock.advance(5 * daySeconds);
    expect(await left()).toEqual([0, 1]);
    storage.clock.advance(daySeconds);
    expect(await left()).toEqual([0, 0]);
    expect(await get(locked, 'kept', kept)).toBe('x');
  });
});
