/** A real AWS endpoint on loopback for tests that need less than the whole stack: DynamoDB, KMS and secrets, with a clock that tests move. */
import type { AddressInfo } from 'node:net';
import { tableName } from '@gatehouse/contracts/names';
import type { Capability } from '@gatehouse/contracts/surface';
import { createDynamoDb, type DynamoDb } from '../../packages/local/aws/dynamodb/dynamodb.ts';
import { createEndpoint } from '../../packages/local/aws/endpoint.ts';
import type { AwsService } from '../../packages/local/aws/service.ts';
import { type Clock, createClock } from '../../packages/local/clock.ts';

export interface TestAws {
  clock: Clock;
  dynamodb: DynamoDb;
  url: string;
  /** The physical table, made when asked for the first time. */
  table(capability: Capability): Promise<string>;
  close(): Promise<void>;
}

/** Sets the AWS variables of this process, so that clients made afterwards come here. */
export async function startAws(more: (clock: Clock) => readonly AwsService[] = () => []): Promise<TestAws> {
  const clock = createClock();
  const dynamodb = await createDynamoDb({ clock });
  const server = createEndpoint({ services: [dynamodb, ...more(clock)], clock });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  const made = new Map<Capability, Promise<string>>();
  return {
    clock,
    dynamodb,
    url,
    table: (capability) => {
      const known = made.get(capability);
      if (known !== undefined) return known;
      const making = createTable(dynamodb, tableName('test', capability));
      made.set(capability, making);
      return making;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await dynamodb.close();
      clock.close();
    },
  };
}

async function createTable(dynamodb: DynamoDb, name: string): Promise<string> {
  await dynamodb.call('CreateTable', {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'gsi1',
        KeySchema: [
          { AttributeName: 'gsi1pk', KeyType: 'HASH' },
          { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  return name;
}
