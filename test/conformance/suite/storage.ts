/** What is asked of any S3: objects, conditions, versions and Object Lock in GOVERNANCE mode, which whoever asks may bypass to clean up. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

export function describeStorage(target: () => Target): void {
  describe('S3', () => {
    let s3: S3Client;
    let [plain, locked] = ['', ''];
    const put = async (Bucket: string, Key: string, Body: string, more: object = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
    const read = async (Bucket: string, Key: string, VersionId?: string) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }));
      return Body?.transformToString();
    };

    beforeAll(async () => {
      s3 = new S3Client(target().client);
      [plain, locked] = [target().name('plain'), target().name('locked')];
      await s3.send(new CreateBucketCommand({ Bucket: plain }));
      await s3.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));
    });
    afterAll(async () => {
      for (const Bucket of [plain, locked]) {
        const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
        for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
          await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...(Bucket === locked && { BypassGovernanceRetention: true }) }));
        await s3.send(new DeleteBucketCommand({ Bucket }));
      }
    });

    it('keeps an object with what is said of it, and gives a part', async () => {
      await put(plain, 'a/b c.txt', '0123456789', { ContentType: 'text/plain', Metadata: { kind: 'test' } });
      const { ContentType, Metadata, ContentRange } = await s3.send(
        new GetObjectCommand({ Bucket: plain, Key: 'a/b c.txt', Range: 'bytes=2-4' }),
      );
      expect([ContentType, Metadata, ContentRange]).toEqual(['text/plain', { kind: 'test' }, 'bytes 2-4/10']);
      await expect(read(plain, 'none')).rejects.toMatchObject({ name: 'NoSuchKey' });
      await expect(s3.send(new HeadObjectCommand({ Bucket: plain, Key: 'none' }))).rejects.toMatchObject({ name: 'NotFound' });
    });

    it('lists by prefix and delimiter', async () => {
      for (const key of ['l/1', 'l/2', 'l/deep/3']) await put(plain, key, key);
      const { Contents, CommonPrefixes } = await s3.send(new ListObjectsV2Command({ Bucket: plain, Prefix: 'l/', Delimiter: '/' }));
      expect([Contents?.map(({ Key }) => Key), CommonPrefixes]).toEqual([['l/1', 'l/2'], [{ Prefix: 'l/deep/' }]]);
    });

    it('writes under a condition', async () => {
      const { ETag } = await put(plain, 'once', '1', { IfNoneMatch: '*' });
      await expect(put(plain, 'once', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
      await put(plain, 'once', '2', { IfMatch: ETag });
      await expect(put(plain, 'once', '3', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    });

    it('keeps versions behind a delete marker', async () => {
      const { VersionId } = await put(locked, 'v', 'old');
      await put(locked, 'v', 'new');
      expect((await s3.send(new DeleteObjectCommand({ Bucket: locked, Key: 'v' }))).DeleteMarker).toBe(true);
      await expect(read(locked, 'v')).rejects.toMatchObject({ name: 'NoSuchKey' });
      expect(await read(locked, 'v', VersionId)).toBe('old');
    });

    it('lets nobody delete a locked version without the bypass', async () => {
      const until = new Date(Math.floor(Date.now() / 1000 + 86_400) * 1000);
      const { VersionId } = await put(locked, 'held', 'x', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until });
      const held = { Bucket: locked, Key: 'held', VersionId };
      const { Retention } = await s3.send(new GetObjectRetentionCommand(held));
      expect(Retention).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: until });
      await expect(s3.send(new DeleteObjectCommand(held))).rejects.toMatchObject({ name: 'AccessDenied' });
      await s3.send(new DeleteObjectCommand({ ...held, BypassGovernanceRetention: true }));
    });
  });
}
