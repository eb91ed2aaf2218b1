/** Proves objects without versions, lists and multipart uploads with an unmodified S3 client. */

import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, startStorage, type TestStorage } from './test-storage.ts';

const Bucket = 'installers';
let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
  await storage.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => storage.close());

const put = (Key: string, Body = 'x', more: object = {}) => storage.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: object = {}) => storage.s3.send(new GetObjectCommand({ Bucket, Key, ...more }));

describe('objects', () => {
  it('come back as they were sent, also compressed ones, with what was said of them', async () => {
    const body = gzipSync('a settings document');
    await storage.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'a/b c+ü.json',
        Body: body,
        ContentEncoding: 'gzip',
        ContentType: 'application/json',
        CacheControl: 'no-store',
        Metadata: { sha: '1' },
      }),
    );
    const object = await get('a/b c+ü.json');
    expect((await bytesOf(object.Body)).equals(body)).toBe(true);
    expect(object).toMatchObject({
      ContentEncoding: 'gzip',
      ContentType: 'application/json',
      CacheControl: 'no-store',
      Metadata: { sha: '1' },
      ServerSideEncryption: 'AES256',
    });
    expect(object.VersionId).toBeUndefined();
    expect(await storage.s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b c+ü.json' }))).toMatchObject({ ContentLength: body.length });
  });

  it('come as a stream too, whose length the sender told', async () => {
    const parts = ['one ', 'two ', 'three'];
    await storage.s3.send(new PutObjectCommand({ Bucket, Key: 'streamed', Body: Readable.from(parts), ContentLength: 13 }));
    const { Body, ContentEncoding } = await get('streamed');
    expect([String(await bytesOf(Body)), ContentEncoding]).toEqual(['one two three', undefined]);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('are refused when a %s does not fit them', async (algorithm) => {
    const right = await put('summed', 'hello', { ChecksumAlgorithm: algorithm });
    const name = `Checksum${algorithm}` as const;
    expect(right[name]).toBeTruthy();
    await expect(put('summed', 'other', { [name]: right[name] })).rejects.toMatchObject({ name: 'BadDigest' });
    expect((await get('summed', { ChecksumMode: 'ENABLED' }))[name]).toBe(right[name]);
  });

  it('have the check sums that the standards give for "123456789"', async () => {
    const sums = await Promise.all(
      (['CRC32', 'CRC32C', 'CRC64NVME'] as const).map(
        async (algorithm) => (await put('nine', '123456789', { ChecksumAlgorithm: algorithm }))[`Checksum${algorithm}`],
      ),
    );
    expect(sums.map((sum) => Buffer.from(sum ?? '', 'base64').toString('hex'))).toEqual(['cbf43926', 'e3069283', 'ae8b14860a799888']);
  });

  it('are given in part, and to those who do not have them', async () => {
    await put('parts', '0123456789');
    expect(String(await bytesOf((await get('parts', { Range: 'bytes=2-4' })).Body))).toBe('234');
    expect((await get('parts', { Range: 'bytes=-3' })).ContentRange).toBe('bytes 7-9/10');
    await expect(get('parts', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
    const { ETag } = await get('parts');
    await expect(get('parts', { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await expect(get('parts', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  it('throw the typed exception for a key and a bucket that are not there', async () => {
    await expect(get('none')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(storage.s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(storage.s3.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'x' }))).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await expect(storage.s3.send(new HeadBucketCommand({ Bucket: 'nowhere' }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('are written once by writers that all want to be first', async () => {
    const tries = await Promise.allSettled(['a', 'b', 'c', 'd'].map((Body) => put('first', Body, { IfNoneMatch: '*' })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const failed = tries.find(({ status }) => status === 'rejected');
    expect(failed).toMatchObject({ reason: { name: 'PreconditionFailed' } });
  });

  it('are written over by whoever read the latest', async () => {
    const { ETag } = await put('compared', '1');
    await put('compared', '2', { IfMatch: ETag });
    await expect(put('compared', '3', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('never there', '3', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('are copied with what is said of them, or with something new', async () => {
    await put('source', 'copied', { ContentType: 'text/plain', Metadata: { a: '1' } });
    await storage.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` }));
    expect(await get('copy')).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' } });
    const replaced = { MetadataDirective: 'REPLACE', Metadata: { b: '2' } } as const;
    await storage.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source`, ...replaced }));
    expect((await get('copy')).Metadata).toEqual({ b: '2' });
  });

  it('are tagged', async () => {
    await put('tagged', 'x', { Tagging: 'team=blue' });
    expect((await get('tagged')).TagCount).toBe(1);
    const TagSet = [{ Key: 'team', Value: 'red & green' }];
    await storage.s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet } }));
    expect((await storage.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))).TagSet).toEqual(TagSet);
  });

  it('are reached by a presigned address, which may name headers of the answer', async () => {
    await put('public name', 'presigned');
    const client = new AwsClient({ accessKeyId: 'person', secretAccessKey: 'x', service: 's3', region: 'us-east-1' });
    const address = `${storage.origin}/${Bucket}/public%20name?X-Amz-Expires=60&response-content-disposition=attachment`;
    const signed = await client.sign(address, { aws: { signQuery: true } });
    const answer = await fetch(signed.url);
    expect([await answer.text(), answer.headers.get('content-disposition')]).toEqual(['presigned', 'attachment']);
  });

  it('are not reached by the signature that S3 takes no more, nor under a name that is no text', async () => {
    const old = await fetch(`${storage.origin}/${Bucket}/source?AWSAccessKeyId=person&Signature=x&Expires=1`);
    expect([old.status, await old.text()]).toEqual([400, expect.stringContaining('Please use AWS4-HMAC-SHA256')]);
    const authorization = 'AWS4-HMAC-SHA256 Credential=person/20260101/us-east-1/s3/aws4_request, Signature=x';
    const broken = await fetch(`${storage.origin}/${Bucket}/%E0%A4%A`, { headers: { authorization } });
    expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('<Code>InvalidURI</Code>')]);
  });

  it('are gone when they are deleted, one or many', async () => {
    await Promise.all(['d/1', 'd/2', 'd/3'].map((key) => put(key)));
    await storage.s3.send(new DeleteObjectCommand({ Bucket, Key: 'd/1' }));
    const Objects = [{ Key: 'd/2' }, { Key: 'd/3' }, { Key: 'd/never' }];
    const { Deleted } = await storage.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['d/2', 'd/3', 'd/never']);
    expect((await storage.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'd/' }))).KeyCount).toBe(0);
  });
});

describe('lists', () => {
  const listed = 'listed-things';
  beforeAll(async () => {
    await storage.s3.send(new CreateBucketCommand({ Bucket: listed }));
    for (const Key of ['a', 'b/1', 'b/2', 'c & d', 'e/1']) await storage.s3.send(new PutObjectCommand({ Bucket: listed, Key, Body: Key }));
  });

  it('come in pages, with common prefixes', async () => {
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await storage.s3.send(
        new ListObjectsV2Command({ Bucket: listed, Delimiter: '/', MaxKeys: 2, ...(ContinuationToken && { ContinuationToken }) }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key = '' }) => Key), ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen).toEqual(['a', 'b/', 'c & d', 'e/']);
  });

  it('start after a key and stay below a prefix', async () => {
    const { Contents } = await storage.s3.send(new ListObjectsV2Command({ Bucket: listed, StartAfter: 'b/1', Prefix: 'b/' }));
    expect(Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([['b/2', 3]]);
    const old = await storage.s3.send(new ListObjectsCommand({ Bucket: listed, Marker: 'c & d' }));
    expect(old.Contents?.map(({ Key }) => Key)).toEqual(['e/1']);
  });

  it('name the buckets, which go only when they are empty', async () => {
    const { Buckets } = await storage.s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(listed);
    await expect(storage.s3.send(new DeleteBucketCommand({ Bucket: listed }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  });
});

describe('multipart uploads', () => {
  const five = 5 * 1024 * 1024;
  const named = { Bucket, Key: 'large' };
  async function begin() {
    const { UploadId } = await storage.s3.send(new CreateMultipartUploadCommand({ ...named, ContentType: 'application/zip' }));
    const send = async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await storage.s3.send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body }));
      return { ETag, PartNumber };
    };
    const finish = (Parts: { ETag: string | undefined; PartNumber: number }[], more: object = {}) =>
      storage.s3.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts }, ...more }));
    return { UploadId, send, finish };
  }

  it('become one object of all their parts', async () => {
    const { UploadId, send, finish } = await begin();
    const parts = [await send(1, Buffer.alloc(five, 'a')), await send(2, Buffer.from('the rest'))];
    const { Parts } = await storage.s3.send(new ListPartsCommand({ ...named, UploadId }));
    expect(Parts?.map(({ Size }) => Size)).toEqual([five, 8]);
    const { ETag } = await finish(parts);
    expect(ETag).toMatch(/-2"$/);
    const object = await get('large', { Range: `bytes=${five - 1}-` });
    expect(String(await bytesOf(object.Body))).toBe('athe rest');
    expect(object.ContentType).toBe('application/zip');
    const attributes = { ...named, ObjectAttributes: ['ObjectSize', 'ObjectParts'] } as const;
    const shown = await storage.s3.send(
      new GetObjectAttributesCommand({ ...attributes, ObjectAttributes: [...attributes.ObjectAttributes] }),
    );
    expect(shown).toMatchObject({ ObjectSize: five + 8, ObjectParts: { TotalPartsCount: 2 } });
  });

  it('refuse parts that are too small, unknown or out of order', async () => {
    const { send, finish } = await begin();
    const [one, two] = [await send(1, Buffer.from('small')), await send(2, Buffer.from('last'))];
    await expect(finish([one, two])).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(finish([two, one])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(finish([{ ...one, ETag: '"other"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(finish([one], { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  it('are listed until they are ended', async () => {
    for (const { UploadId = '', Key = '' } of (await storage.s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [])
      await storage.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    expect((await storage.s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toBeUndefined();
  });
});

describe('what is said of a bucket', () => {
  it('is what AWS gives every new one: encrypted, and closed to the public', async () => {
    const { ServerSideEncryptionConfiguration } = await storage.s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256');
    const { PublicAccessBlockConfiguration } = await storage.s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(PublicAccessBlockConfiguration).toMatchObject({ BlockPublicAcls: true, RestrictPublicBuckets: true });
  });

  it('is refused in words where nothing would come of it', async () => {
    await expect(storage.s3.send(new GetBucketAclCommand({ Bucket }))).rejects.toThrow('"acl" is not in the embedded stack');
    await expect(put('x', 'x', { SSECustomerAlgorithm: 'AES256' })).rejects.toThrow('is not in the embedded stack');
    const Rules = [{ Status: 'Enabled', Filter: {}, Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] }] as const;
    const LifecycleConfiguration = { Rules: [...Rules] as never };
    await expect(storage.s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))).rejects.toThrow(
      'Transition is not in the embedded stack',
    );
  });
});

it('keeps all of it over a restart', async () => {
  await put('kept', 'over a restart');
  const { UploadId } = await storage.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'unfinished' }));
  await storage.restart();
  expect(String(await bytesOf((await get('kept')).Body))).toBe('over a restart');
  const { Uploads } = await storage.s3.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId]);
});
