/** A real AWS endpoint on loopback for tests that need less than the whole stack: DynamoDB, KMS and secrets, with a clock that tests move. */
import type { AddressInfo } from 'node:net';
import { tableName } from '@gatehouse/contracts/names';
import type { Capability } from '@gatehouse/contracts/surface';
import { createDynamoDb, type DynamoDb } from '../../packages/local/aws/dynamodb/dynamodb.ts';
import { createEndpoint, type EndpointOptions } from '../../packages/local/aws/endpoint.ts';
import type { AwsError, AwsService, Operation } from '../../packages/local/aws/service.ts';
import { capabilityTable } from '../../packages/local/capability-table.ts';
import { type Clock, createClock } from '../../packages/local/clock.ts';

export interface TestAws {
  clock: Clock;
  dynamodb: DynamoDb;
  url: string;
  /** Asked before each call: what it answers is the answer. Nothing, unless a test puts it there. */
  trouble: ((operation: string, input: unknown) => AwsError | undefined) | undefined;
  /** The physical table, made when asked for the first time. */
  table(capability: Capability): Promise<string>;
  close(): Promise<void>;
}

/** Sets the AWS variables of this process, so that clients made afterwards come here. */
export async function startAws(
  more: (clock: Clock) => readonly AwsService[] = () => [],
  whole: (clock: Clock) => Pick<EndpointOptions, 'whole' | 'authorize'> = () => ({}),
): Promise<TestAws> {
  const clock = createClock();
  const dynamodb = await createDynamoDb({ clock });
  const services = [dynamodb, ...more(clock)].map((service) => troubled(service, (operation, input) => aws.trouble?.(operation, input)));
  const server = createEndpoint({ services, clock, ...whole(clock) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    LOG_LEVEL: 'SILENT',
  });
  const made = new Map<Capability, Promise<string>>();
  const aws: TestAws = {
    clock,
    dynamodb,
    url,
    trouble: undefined,
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
  return aws;
}

function troubled<S extends AwsService>(service: S, trouble: NonNullable<TestAws['trouble']>): AwsService {
  const operations = Object.entries(service.operations).map(([name, operation]): [string, Operation] => [
    name,
    (input, call) => {
      const error = trouble(name, input);
      if (error) throw error;
      // Looked up at each call: a test may put another in its place.
      return (service.operations[name] ?? operation)(input, call);
    },
  ]);
  return { ...service, operations: Object.fromEntries(operations) };
}

async function createTable(dynamodb: DynamoDb, name: string): Promise<string> {
  await dynamodb.call('CreateTable', capabilityTable(name));
  return name;
}
