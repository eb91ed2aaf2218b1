/** What holds a capability's data: the same resources by the same names in a stage that serves and in one that is parked. Runs nothing. */
import { holds } from '@gatehouse/contracts/in-stage';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { bucketOf } from './resources/bucket.ts';
import { keyOf } from './resources/key.ts';
import { functionLog } from './resources/log.ts';
import { secretOf } from './resources/secret.ts';
import { tableOf } from './resources/table.ts';
import { profile } from './stage.ts';

export interface Stores {
  table: sst.aws.Dynamo | undefined;
  /** The log group of each entry's function. */
  logs: ReadonlyMap<string, aws.cloudwatch.LogGroup>;
}

/** A capability's part of the profile; some have none. */
export function partOf(capability: Capability): unknown {
  const parts: Readonly<Record<string, unknown>> = profile;
  return parts[capability];
}

export function storesOf({ capability, table, keys = {}, secrets = {}, buckets = {}, entries }: Surface): Stores {
  const part = partOf(capability);
  const made = table ? tableOf(capability) : undefined;
  for (const [name, key] of Object.entries(keys)) if (holds(part, key.where)) keyOf(capability, name, key);
  for (const [name, secret] of Object.entries(secrets)) if (holds(part, secret.where)) secretOf(capability, name, secret);
  for (const [name, bucket] of Object.entries(buckets)) bucketOf(capability, name, bucket);
  return { table: made, logs: new Map(Object.keys(entries).map((entry) => [entry, functionLog(capability, entry)])) };
}
