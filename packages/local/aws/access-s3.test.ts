/** Proves what a function may do with buckets: its surface's actions on its surface's keys, and nothing that S3 would not tell it. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { BucketUse, Surface } from '@gatehouse/contracts/surface';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { declaredBuckets } from '../buckets.ts';
import { createAccess } from './access.ts';
import { startStorage, type TestStorage } from './storage/test-storage.ts';

const entry = (...uses: Omit<BucketUse, 'bucket'>[]) => ({
  handler: 'packages/policy/x.lambda.x',
  timeoutSeconds: 5,
  memoryMb: 128,
  buckets: uses.map((use) => ({ ...use, bucket: 'policy/served' })),
});
const surfaces: Surface[] = [
  {
    capability: 'policy',
    table: false,
    buckets: { served: { keepDays: 30, expireObjects: false, lock: { mode: 'GOVERNANCE', days: 1 } } },
    entries: {
      reader: entry({ actions: ['s3:GetObject'], keys: ['served/*'] }),
      sweeper: entry({ actions: ['s3:GetObjectVersion'], keys: ['served/*'] }),
      writer: entry({ actions: ['s3:PutObject', 's3:DeleteObject'], keys: ['served/*'] }),
    },
  },
];
const Bucket = 'gatehouse-local-policy-served-000000000000-us-east-1';
const as = (name: string) => storage.as(`gatehouse-local-policy-${name}`);
const denied = { name: 'AccessDenied' };
let storage: TestStorage;

beforeAll(async () => {
  storage = await startStorage({ buckets: declaredBuckets(surfaces, 'local'), authorize: createAccess({ surfaces, stage: 'local' }) });
});
afterAll(() => storage.close());

it('lets a function do its actions on its keys and no others', async () => {
  const object = { Bucket, Key: 'served/alice' };
  await as('writer').send(new PutObjectCommand({ ...object, Body: 'x' }));
  await as('reader').send(new GetObjectCommand(object));
  await expect(as('writer').send(new GetObjectCommand(object))).rejects.toMatchObject(denied);
  await expect(as('writer').send(new PutObjectCommand({ Bucket, Key: 'other/alice', Body: 'x' }))).rejects.toMatchObject(denied);
  await expect(as('reader').send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toMatchObject(denied);
  await expect(as('writer').send(new CopyObjectCommand({ ...object, CopySource: `${Bucket}/served/alice` }))).rejects.toMatchObject(denied);
});

it('asks for more where a call does more: a lock, a version, the bypass, each key of many', async () => {
  const object = { Bucket, Key: 'served/bob' };
  const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(storage.clock.now() + 1e6) } as const;
  const { VersionId } = await as('writer').send(new PutObjectCommand({ ...object, Body: 'x' }));
  await expect(as('writer').send(new PutObjectCommand({ ...object, Body: 'x', ...lock }))).rejects.toThrow('s3:PutObjectRetention');
  await expect(as('writer').send(new DeleteObjectCommand({ ...object, VersionId }))).rejects.toThrow('s3:DeleteObjectVersion');
  const bypass = new DeleteObjectCommand({ ...object, BypassGovernanceRetention: true });
  await expect(as('writer').send(bypass)).rejects.toThrow('s3:BypassGovernanceRetention');
  const Delete = { Objects: [{ Key: 'served/bob' }, { Key: 'other/bob' }] };
  await expect(as('writer').send(new DeleteObjectsCommand({ Bucket, Delete }))).rejects.toMatchObject(denied);
  await as('writer').send(new DeleteObjectCommand(object));
});

it('tells which keys are missing only to a function that may read the others', async () => {
  const missing = { Bucket, Key: 'served/nobody' };
  await expect(as('reader').send(new GetObjectCommand(missing))).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(as('sweeper').send(new GetObjectCommand({ ...missing, VersionId: 'none' }))).rejects.toMatchObject(denied);
  await as('reader').send(new ListObjectsV2Command({ Bucket }));
  await expect(as('sweeper').send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
});
