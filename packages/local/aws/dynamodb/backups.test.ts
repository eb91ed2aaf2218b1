import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupCommand,
  DescribeTableCommand,
  ListBackupsCommand,
  RestoreTableFromBackupCommand,
} from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, startDatabase, type TestDatabase } from './test-table.ts';

let database: TestDatabase;
const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-backup-')), 'dynamodb');
const count = 1200;

beforeAll(async () => {
  database = await startDatabase({ path });
  await createTables(database, 'source');
  for (let n = 0; n < count; n++) {
    const Item = { pk: { S: `p${n % 7}` }, sk: { S: String(n) }, gsi1pk: { S: 'all' }, gsi1sk: { S: String(n).padStart(5, '0') } };
    await database.db.call('PutItem', { TableName: 'source', Item });
  }
});
afterAll(() => database.close());

async function all(TableName: string): Promise<unknown[]> {
  const { Items = [] } = await database.documents.send(new ScanCommand({ TableName }));
  return Items;
}

describe('backups', () => {
  let BackupArn = '';

  it('keeps a table as it was, whatever is written later, and makes a new table of it', async () => {
    const before = await all('source');
    const made = await database.client.send(new CreateBackupCommand({ TableName: 'source', BackupName: 'nightly' }));
    expect(made.BackupDetails).toMatchObject({ BackupName: 'nightly', BackupStatus: 'AVAILABLE', BackupType: 'USER' });
    BackupArn = made.BackupDetails?.BackupArn ?? '';
    await database.documents.send(new PutCommand({ TableName: 'source', Item: { pk: 'later', sk: '1' } }));
    const { TableDescription } = await database.client.send(new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: 'restored' }));
    expect(TableDescription).toMatchObject({
      TableName: 'restored',
      TableStatus: 'CREATING',
      RestoreSummary: { SourceBackupArn: BackupArn },
    });
    expect(await all('restored')).toEqual(before);
    const { Items } = await database.documents.send(
      new QueryCommand({
        TableName: 'restored',
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :a',
        ExpressionAttributeValues: { ':a': 'all' },
      }),
    );
    expect(Items?.map(({ sk }) => Number(sk))).toEqual(Array.from({ length: count }, (_, n) => n));
    const { Table } = await database.client.send(new DescribeTableCommand({ TableName: 'restored' }));
    expect([Table?.TableStatus, Table?.StreamSpecification]).toEqual(['ACTIVE', undefined]);
  });

  it('describes and lists backups', async () => {
    const { BackupDescription } = await database.client.send(new DescribeBackupCommand({ BackupArn }));
    expect(BackupDescription).toMatchObject({
      BackupDetails: { BackupName: 'nightly' },
      SourceTableDetails: { TableName: 'source', ItemCount: count, BillingMode: 'PAY_PER_REQUEST' },
    });
    const { BackupSummaries } = await database.client.send(new ListBackupsCommand({ TableName: 'source' }));
    expect(BackupSummaries).toMatchObject([{ BackupArn, TableName: 'source' }]);
  });

  it.each([
    ['a table that is not there', () => new CreateBackupCommand({ TableName: 'none', BackupName: 'abc' }), 'TableNotFoundException'],
    ['a name that is too short', () => new CreateBackupCommand({ TableName: 'source', BackupName: 'a' }), 'ValidationException'],
    [
      'a table that is there',
      () => new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: 'source' }),
      'TableAlreadyExistsException',
    ],
  ])('refuses %s', async (_what, command, name) => {
    await expect(database.client.send(command() as CreateBackupCommand)).rejects.toMatchObject({ name });
  });

  it('survives a restart, takes away what a killed process had half restored, and is deleted at last', async () => {
    const { openStore } = await import('./store.ts');
    await database.close();
    const store = await openStore(database.clock, path);
    await store.commit([], [{ type: 'put', key: 'restoring~restored', value: BackupArn }]);
    await store.close();
    database = await startDatabase({ path });
    expect(await database.db.call('ListTables', {})).toEqual({ TableNames: ['source'] });
    await database.client.send(new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: 'restored' }));
    expect(await all('restored')).toHaveLength(count);
    await database.client.send(new DeleteBackupCommand({ BackupArn }));
    await expect(database.client.send(new DescribeBackupCommand({ BackupArn }))).rejects.toMatchObject({ name: 'BackupNotFoundException' });
  });
});
