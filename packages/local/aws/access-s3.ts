/** What IAM asks about an S3 call: actions and buckets or objects (Service Authorization Reference, Amazon S3). Decides nothing. */
import type { Asked } from './access-dynamo.ts';
import { namedKeys, sourceOf } from './storage/operations.objects.ts';
import type { StorageRequest } from './storage/request.ts';

/** Operations whose action has another name. */
const actions: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  HeadBucket: 'ListBucket',
  ListBuckets: 'ListAllMyBuckets',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListParts: 'ListMultipartUploadParts',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  GetBucketEncryption: 'GetEncryptionConfiguration',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
};
/** Operations whose action is another one when they name a version. */
const ofVersion = new Set(['GetObject', 'DeleteObject', 'GetObjectTagging', 'PutObjectTagging', 'GetObjectAttributes']);

export function storageRequests(operation: string, input: Partial<StorageRequest>): Asked[] {
  const { bucket = '', key = '', query = new URLSearchParams(), headers = {} } = input;
  const on = (action: string, at: { bucket: string; key?: string } = { bucket, key }): Asked => ({
    action: `s3:${action}`,
    resource: `arn:aws:s3:::${at.bucket || '*'}${at.key ? `/${at.key}` : ''}`,
  });
  const bypass = headers['x-amz-bypass-governance-retention'] === 'true' ? [on('BypassGovernanceRetention')] : [];
  switch (operation) {
    case 'DeleteObjects':
      return namedKeys({ body: input.body ?? Buffer.alloc(0) }).flatMap((named) => [
        on(named.id === undefined ? 'DeleteObject' : 'DeleteObjectVersion', { bucket, key: named.key }),
        ...bypass.map(({ action }) => on(action.slice(3), { bucket, key: named.key })),
      ]);
    case 'CopyObject': {
      const source = sourceOf({ headers });
      return [on(source.query.size > 0 ? 'GetObjectVersion' : 'GetObject', source), ...written()];
    }
    case 'PutObject':
    case 'CreateMultipartUpload':
      return written();
    default: {
      const action = actions[operation] ?? operation;
      return [on(query.has('versionId') && ofVersion.has(action) ? action.replace('Object', 'ObjectVersion') : action), ...bypass];
    }
  }

  function written(): Asked[] {
    return [
      on('PutObject'),
      ...(headers['x-amz-object-lock-mode'] === undefined ? [] : [on('PutObjectRetention')]),
      ...(headers['x-amz-object-lock-legal-hold'] === undefined ? [] : [on('PutObjectLegalHold')]),
      ...(headers['x-amz-tagging'] === undefined ? [] : [on('PutObjectTagging')]),
    ];
  }
}
