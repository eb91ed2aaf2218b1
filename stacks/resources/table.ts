/** A capability's one table: on demand, encrypted, recoverable to any second, and with a stream of both images. */
import { tableName } from '@gatehouse/contracts/names';
import type { Capability } from '@gatehouse/contracts/surface';
import { keepData, pascal, stage } from '../stage.ts';

export function tableOf(capability: Capability): sst.aws.Dynamo {
  return new sst.aws.Dynamo(pascal(capability, 'table'), {
    fields: { pk: 'string', sk: 'string', gsi1pk: 'string', gsi1sk: 'string' },
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
    globalIndexes: { gsi1: { hashKey: 'gsi1pk', rangeKey: 'gsi1sk', projection: 'all' } },
    ttl: 'expires_at',
    stream: 'new-and-old-images',
    deletionProtection: keepData,
    transform: {
      table: {
        name: tableName(stage, capability),
        serverSideEncryption: { enabled: true },
        pointInTimeRecovery: { enabled: true },
      },
    },
  });
}
