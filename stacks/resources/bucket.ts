/** A capability's bucket: versioned, encrypted, closed to the public, reached over TLS alone; with Object Lock where the surface asks for it. */
import { bucketName } from '@gatehouse/contracts/names';
import type { Bucket, Capability } from '@gatehouse/contracts/surface';
import { accountId, keep, keepData, partition, pascal, region, stage } from '../stage.ts';

export function bucketOf(capability: Capability, name: string, bucket: Bucket): void {
  const logical = pascal(capability, name, 'bucket');
  const made = new sst.aws.Bucket(logical, {
    versioning: true,
    cors: false,
    lifecycle: [{ id: 'keep', prefix: '', enabled: true, ...(bucket.expireObjects && { expiresIn: `${bucket.keepDays} days` }) }],
    transform: {
      bucket: (args, options) => {
        args.bucket = nameOf(capability, name);
        args.objectLockEnabled = bucket.lock !== undefined;
        // A stage that keeps nothing goes with what is in it.
        args.forceDestroy = !keepData;
        Object.assign(options, keep);
      },
      lifecycle: (args) => {
        args.rules = $resolve([args.rules]).apply(([rules]) =>
          (rules ?? []).map((rule) => ({ ...rule, noncurrentVersionExpiration: { noncurrentDays: bucket.keepDays } })),
        );
      },
    },
  });
  // S3's own default, said so that nobody changes it unseen.
  new aws.s3.BucketServerSideEncryptionConfiguration(`${logical}Encryption`, {
    bucket: made.name,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
  });
  if (bucket.lock)
    new aws.s3.BucketObjectLockConfiguration(`${logical}Lock`, {
      bucket: made.name,
      rule: { defaultRetention: { mode: bucket.lock.mode, days: bucket.lock.days } },
    });
}

/** `<capability>/<bucket>` -> its name in this account and region. */
export function physicalBucket(bucket: string): $util.Output<string> {
  const [capability = '', name = ''] = bucket.split('/');
  return nameOf(capability as Capability, name);
}

export function bucketArn(bucket: string): $util.Output<string> {
  return $interpolate`arn:${partition}:s3:::${physicalBucket(bucket)}`;
}

function nameOf(capability: Capability, name: string): $util.Output<string> {
  return $resolve([accountId, region]).apply(([account, place]) => bucketName(stage, capability, name, { account, region: place }));
}
