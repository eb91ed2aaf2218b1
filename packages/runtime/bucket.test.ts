import { CreateBucketCommand, GetObjectRetentionCommand } from '@aws-sdk/client-s3';
import { startStorage, type TestStorage } from '@gatehouse/local/aws/storage/test-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getObject, putObject } from './bucket.ts';

const bucket = 'kept-settings';
let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage();
  await storage.s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_S3: storage.origin,
  });
});
afterAll(() => storage.close());

const json = { contentType: 'application/json' };

describe('an object', () => {
  it('comes back with its type and what was noted on it, whatever its key', async () => {
    const key = "per_1/it's (a) b+c ü.json";
    expect(await putObject(bucket, key, '{"ä":1}', { ...json, metadata: { etag: 'v7' } })).toBe(true);
    const found = await getObject(bucket, key);
    expect(found).toEqual({
      body: Buffer.from('{"ä":1}'),
      contentType: 'application/json',
      metadata: expect.objectContaining({ etag: 'v7' }),
    });
  });

  it('that is not there is undefined', async () => {
    expect(await getObject(bucket, 'nobody')).toBeUndefined();
  });

  it('that must be new is not written over', async () => {
    expect(await putObject(bucket, 'once', 'first', { ...json, onlyNew: true })).toBe(true);
    expect(await putObject(bucket, 'once', 'second', { ...json, onlyNew: true })).toBe(false);
    expect((await getObject(bucket, 'once'))?.body.toString()).toBe('first');
  });

  it('can be locked until a time', async () => {
    const until = Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000;
    await putObject(bucket, 'evidence', 'packet', { ...json, lock: { mode: 'COMPLIANCE', until } });
    const { Retention } = await storage.s3.send(new GetObjectRetentionCommand({ Bucket: bucket, Key: 'evidence' }));
    expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: new Date(until) });
  });
});

it('a bucket that is not there is for an operator to mend', async () => {
  await expect(getObject('nowhere', 'a')).rejects.toMatchObject({ name: 'Misconfigured' });
});

it('S3 that does not answer is unavailable', async () => {
  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:1';
  await expect(getObject(bucket, 'a')).rejects.toMatchObject({ name: 'Unavailable' });
});
