/** The buckets of the surfaces as they are deployed: versioned, with their lifecycle and their Object Lock. It makes none itself. */
import { bucketName } from '@gatehouse/contracts/names';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { account, region } from './aws/service.ts';
import type { DeclaredBucket } from './aws/storage/storage.ts';
import { toXml } from './aws/storage/xml.ts';

/** `<capability>/<bucket>` -> its name. */
export function physicalBucket(stage: string, bucket: string): string {
  const [capability = '', name = ''] = bucket.split('/');
  return bucketName(stage, capability as Capability, name, { account, region });
}

export function declaredBuckets(surfaces: readonly Surface[], stage: string): DeclaredBucket[] {
  return surfaces.flatMap(({ capability, buckets = {} }) =>
    Object.entries(buckets).map(([name, { keepDays, expireObjects, lock }]) => ({
      name: physicalBucket(stage, `${capability}/${name}`),
      versioning: 'Enabled' as const,
      ...(lock && { lock: { rule: lock } }),
      lifecycle: toXml('LifecycleConfiguration', {
        Rule: {
          ID: 'keep',
          Status: 'Enabled',
          Filter: { Prefix: '' },
          ...(expireObjects && { Expiration: { Days: keepDays } }),
          NoncurrentVersionExpiration: { NoncurrentDays: keepDays },
        },
      }),
    })),
  );
}
