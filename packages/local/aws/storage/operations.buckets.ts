/** S3 operations on buckets: making and deleting them, versioning, Object Lock, and the documents that are kept as they were sent. */
import type { AwsAnswer } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { bucketOf, document, done, type Ground, isoTime, malformed, owner, readDocument, type StorageOperation } from './ground.ts';
import { readLifecycle } from './lifecycle.ts';
import { isMode } from './object-lock.ts';
import type { StorageRequest } from './request.ts';
import type { Bucket } from './version.ts';
import { elementAt, parseXml, textAt } from './xml.ts';

export const bucketOperations: Readonly<Record<string, StorageOperation>> = {
  ListBuckets({ query }, { catalogue }) {
    const prefix = query.get('prefix') ?? '';
    const all = catalogue.buckets().filter(({ name }) => name.startsWith(prefix));
    return document('ListAllMyBucketsResult', {
      Owner: owner,
      Buckets: { Bucket: all.map(({ name, createdAt }) => ({ Name: name, CreationDate: isoTime(createdAt) })) },
    });
  },
  CreateBucket: createBucket,
  HeadBucket(request, ground) {
    bucketOf(request, ground);
    return done(200, { 'x-amz-bucket-region': 'us-east-1' });
  },
  DeleteBucket(request, ground) {
    const { name } = bucketOf(request, ground);
    const isEmpty = ground.catalogue.keys(name).length === 0;
    if (!isEmpty)
      throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.', {
        status: 409,
      });
    for (const { id, bucket, parts } of ground.catalogue.uploads().filter((upload) => upload.bucket === name)) {
      ground.catalogue.dropUpload(id);
      for (const { body } of Object.values(parts)) if (bucket === name) ground.bodies.remove(body);
    }
    ground.catalogue.dropBucket(name);
    return done(204);
  },
  GetBucketLocation(request, ground) {
    bucketOf(request, ground);
    return document('LocationConstraint', '');
  },
  GetBucketVersioning(request, ground) {
    return document('VersioningConfiguration', { Status: bucketOf(request, ground).versioning });
  },
  PutBucketVersioning(request, ground) {
    const bucket = bucketOf(request, ground);
    const root = readDocument(request, 'VersioningConfiguration');
    const status = textAt(root, 'Status');
    if (textAt(root, 'MfaDelete') === 'Enabled') throw notHere('MFA delete');
    if (status !== 'Enabled' && status !== 'Suspended')
      throw new AwsError('IllegalVersioningConfigurationException', `${status} is no status`);
    if (status === 'Suspended' && bucket.lock)
      throw new AwsError(
        'InvalidBucketState',
        'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
        {
          status: 409,
        },
      );
    ground.catalogue.keepBucket({ ...bucket, versioning: status });
    return done();
  },
  GetObjectLockConfiguration(request, ground) {
    const { lock } = bucketOf(request, ground);
    if (!lock)
      throw new AwsError('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket', {
        status: 404,
      });
    const { rule } = lock;
    return document('ObjectLockConfiguration', {
      ObjectLockEnabled: 'Enabled',
      ...(rule && { Rule: { DefaultRetention: { Mode: rule.mode, Days: rule.days, Years: rule.years } } }),
    });
  },
  PutObjectLockConfiguration: putObjectLock,
  ...kept('lifecycle', 'LifecycleConfiguration', 'NoSuchLifecycleConfiguration', {
    get: 'GetBucketLifecycleConfiguration',
    put: 'PutBucketLifecycleConfiguration',
    delete: 'DeleteBucketLifecycle',
    check: (xml) => void readLifecycle(xml),
  }),
  ...kept('encryption', 'ServerSideEncryptionConfiguration', 'ServerSideEncryptionConfigurationNotFoundError', {
    get: 'GetBucketEncryption',
    put: 'PutBucketEncryption',
    delete: 'DeleteBucketEncryption',
  }),
  ...kept('public-access', 'PublicAccessBlockConfiguration', 'NoSuchPublicAccessBlockConfiguration', {
    get: 'GetPublicAccessBlock',
    put: 'PutPublicAccessBlock',
    delete: 'DeletePublicAccessBlock',
  }),
  ...kept('tags', 'Tagging', 'NoSuchTagSet', { get: 'GetBucketTagging', put: 'PutBucketTagging', delete: 'DeleteBucketTagging' }),
  ...kept('ownership', 'OwnershipControls', 'OwnershipControlsNotFoundError', {
    get: 'GetBucketOwnershipControls',
    put: 'PutBucketOwnershipControls',
    delete: 'DeleteBucketOwnershipControls',
    check(xml) {
      const rule = textAt(parseXml(xml), 'Rule', 'ObjectOwnership');
      if (rule !== 'BucketOwnerEnforced') throw notHere(`The object ownership ${rule}`);
    },
  }),
};

/** A bucket as everybody gets it: encrypted by S3, closed to the public. */
export function newBucket(name: string, createdAt: number): Bucket {
  const documents = {
    encryption:
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>',
    'public-access':
      '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>',
    ownership: '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>',
  };
  return { name, createdAt, documents };
}

function createBucket(request: StorageRequest, ground: Ground): AwsAnswer {
  const { bucket: name, headers } = request;
  if (!/^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
  const place = textAt(parseXml(request.body.toString('utf8')), 'LocationConstraint');
  if (place !== undefined && place !== '')
    throw new AwsError('InvalidLocationConstraint', 'The embedded stack is us-east-1, whose buckets name no location');
  // us-east-1 alone answers its owner with success again.
  if (!ground.catalogue.bucket(name)) {
    const locks = headers['x-amz-bucket-object-lock-enabled'] === 'true';
    const bucket = newBucket(name, ground.clock.now());
    ground.catalogue.keepBucket(locks ? { ...bucket, versioning: 'Enabled', lock: {} } : bucket);
  }
  return done(200, { location: `/${name}` });
}

function putObjectLock(request: StorageRequest, ground: Ground): AwsAnswer {
  const bucket = bucketOf(request, ground);
  const root = readDocument(request, 'ObjectLockConfiguration');
  if (textAt(root, 'ObjectLockEnabled') !== 'Enabled') throw malformed();
  if (bucket.versioning !== 'Enabled')
    throw new AwsError('InvalidBucketState', "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", {
      status: 409,
    });
  const rule = elementAt(root, 'Rule', 'DefaultRetention');
  if (!rule) {
    ground.catalogue.keepBucket({ ...bucket, lock: {} });
    return done();
  }
  const mode = textAt(rule, 'Mode');
  const [days, years] = [textAt(rule, 'Days'), textAt(rule, 'Years')];
  const count = Number(days ?? years);
  if (!isMode(mode) || (days === undefined) === (years === undefined)) throw malformed();
  if (!Number.isInteger(count) || count < 1)
    throw new AwsError('InvalidArgument', 'Default retention period must be a positive integer value');
  ground.catalogue.keepBucket({ ...bucket, lock: { rule: { mode, ...(days === undefined ? { years: count } : { days: count }) } } });
  return done();
}

interface Kept {
  get: string;
  put: string;
  delete: string;
  /** Throws for a document that cannot be kept. */
  check?: (xml: string) => void;
}

/** A document that is checked for its root, kept, and answered as it came. */
function kept(slot: string, root: string, missing: string, { get, put, delete: remove, check }: Kept): Record<string, StorageOperation> {
  return {
    [get](request, ground) {
      const xml = bucketOf(request, ground).documents[slot];
      if (xml === undefined) throw new AwsError(missing, `The bucket has no ${root}`, { status: 404 });
      return { status: 200, contentType: 'application/xml', body: xml };
    },
    [put](request, ground) {
      const bucket = bucketOf(request, ground);
      readDocument(request, root);
      const xml = request.body.toString('utf8');
      check?.(xml);
      ground.catalogue.keepBucket({ ...bucket, documents: { ...bucket.documents, [slot]: xml } });
      return done(slot === 'tags' ? 204 : 200);
    },
    [remove](request, ground) {
      const bucket = bucketOf(request, ground);
      const { [slot]: _gone, ...documents } = bucket.documents;
      ground.catalogue.keepBucket({ ...bucket, documents });
      return done(204);
    },
  };
}

function notHere(what: string): AwsError {
  return new AwsError('NotImplemented', `${what} is not in the embedded stack`, { status: 501 });
}
