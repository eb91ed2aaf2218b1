/** For tests: a database behind the real endpoint, the SDK's client for it, and a table as a capability has one. */
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { capabilityTable } from '../../capability-table.ts';
import { type Clock, createClock } from '../../clock.ts';
import { listen } from '../test-endpoint.ts';
import { createDynamoDb, type DynamoDb, type DynamoDbOptions } from './dynamodb.ts';

export interface TestDatabase {
  clock: Clock;
  db: DynamoDb;
  client: DynamoDBClient;
  documents: DynamoDBDocumentClient;
  close(): Promise<void>;
}

export async function startDatabase(options: Omit<DynamoDbOptions, 'clock'> = {}): Promise<TestDatabase> {
  const clock = createClock();
  const db = await createDynamoDb({ clock, ...options });
  const endpoint = await listen([db], clock);
  const client = new DynamoDBClient(endpoint.client);
  return {
    clock,
    db,
    client,
    documents: DynamoDBDocumentClient.from(client),
    close: async () => {
      client.destroy();
      await endpoint.close();
      await db.close();
      clock.close();
    },
  };
}

export function table(TableName: string, changes: Partial<CreateTableCommandInput> = {}): CreateTableCommandInput {
  return { ...capabilityTable(TableName), ...changes };
}

export async function createTables(database: TestDatabase, ...names: string[]): Promise<void> {
  for (const name of names) await database.client.send(new CreateTableCommand(table(name)));
}
