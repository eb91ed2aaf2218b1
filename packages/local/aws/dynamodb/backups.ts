/** On-demand backups: a table's items and keys as they were at one moment, kept beside the tables until somebody deletes them. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation } from '../service.ts';
import { type Item, itemKey, type Op, type Table } from './dynalite.ts';
import { restoreTable } from './restore.ts';
import { after, entries, type Store } from './store.ts';

export interface Backups {
  operations: Readonly<Record<string, Operation>>;
}

interface Backup {
  BackupArn: string;
  BackupName: string;
  /** Milliseconds. */
  createdAt: number;
  bytes: number;
  count: number;
  table: Table;
}

const backupPrefix = 'backup~';
const itemsPrefix = (arn: string) => `backup-items~${arn}~`;
const maxPage = 100;

export function createBackups(store: Store, clock: Clock): Backups {
  function tableOf(name: unknown): Table {
    const table = typeof name === 'string' ? store.table(name) : undefined;
    if (!table) throw new AwsError('TableNotFoundException', `Table not found: ${name}`);
    return table;
  }
  function get(arn: unknown): Backup {
    const backup = store.root.getSync(`${backupPrefix}${arn}`) as Backup | undefined;
    if (!backup) throw new AwsError('BackupNotFoundException', `Backup not found: ${arn}`);
    return backup;
  }

  async function create(input: { TableName?: unknown; BackupName?: unknown }) {
    const table = tableOf(input.TableName);
    const { BackupName } = input;
    if (typeof BackupName !== 'string' || !/^[\w.-]{3,255}$/.test(BackupName))
      throw new AwsError(
        'ValidationException',
        `BackupName must be 3 to 255 of the characters a-z, A-Z, 0-9, _, - and ., not '${BackupName}'`,
      );
    // LevelDB reads a snapshot: what is written while this iterates is not in it.
    const items = await entries(store.root, itemKey(table.TableName, ''));
    const createdAt = clock.now();
    const BackupArn = `${table.TableArn}/backup/${String(Math.floor(createdAt)).padStart(14, '0')}-${randomBytes(4).toString('hex')}`;
    const bytes = items.reduce((sum, [, item]) => sum + Buffer.byteLength(JSON.stringify(item)), 0);
    const backup: Backup = { BackupArn, BackupName, createdAt, bytes, count: items.length, table };
    const ops = items.map(([key, value]): Op => ({ type: 'put', key: `${itemsPrefix(BackupArn)}${key}`, value }));
    await store.commit([], [...ops, { type: 'put', key: `${backupPrefix}${BackupArn}`, value: backup }]);
    return { BackupDetails: detailsOf(backup) };
  }

  async function remove(arn: unknown) {
    const backup = get(arn);
    await store.commit([], [{ type: 'del', key: `${backupPrefix}${backup.BackupArn}` }]);
    await store.root.clear({ gte: itemsPrefix(backup.BackupArn), lt: `${itemsPrefix(backup.BackupArn)}${after}` });
    return { BackupDescription: { ...describe(backup), BackupDetails: { ...detailsOf(backup), BackupStatus: 'DELETED' } } };
  }

  async function list(input: { TableName?: string; Limit?: number; ExclusiveStartBackupArn?: string }) {
    const found = (await entries(store.root, backupPrefix)).map(([, backup]) => backup as Backup);
    const wanted = found
      .filter(({ table }) => input.TableName === undefined || table.TableName === input.TableName)
      .filter(({ BackupArn }) => BackupArn > (input.ExclusiveStartBackupArn ?? ''));
    const page = wanted.slice(0, Math.min(input.Limit ?? maxPage, maxPage));
    const last = page.at(-1);
    return {
      BackupSummaries: page.map((backup) => ({ ...tableIds(backup.table), ...detailsOf(backup) })),
      ...(last && page.length < wanted.length && { LastEvaluatedBackupArn: last.BackupArn }),
    };
  }

  async function restore(input: { TargetTableName?: string; BackupArn?: unknown }) {
    const backup = get(input.BackupArn);
    const { TargetTableName: name = '' } = input;
    const items = (await entries(store.root, itemsPrefix(backup.BackupArn))) as [string, Item][];
    const description = await restoreTable(store, clock, backup.table, name, items);
    const RestoreSummary = {
      SourceBackupArn: backup.BackupArn,
      SourceTableArn: backup.table.TableArn,
      RestoreDateTime: backup.createdAt / 1000,
      RestoreInProgress: true,
    };
    return { TableDescription: { ...description, RestoreSummary } };
  }

  return {
    operations: {
      CreateBackup: create,
      DescribeBackup: (input) => ({ BackupDescription: describe(get(input.BackupArn)) }),
      DeleteBackup: (input) => remove(input.BackupArn),
      ListBackups: list,
      RestoreTableFromBackup: restore,
    },
  };
}

function detailsOf({ BackupArn, BackupName, bytes, createdAt }: Backup): Record<string, unknown> {
  return {
    BackupArn,
    BackupName,
    BackupSizeBytes: bytes,
    BackupStatus: 'AVAILABLE',
    BackupType: 'USER',
    BackupCreationDateTime: createdAt / 1000,
  };
}

function tableIds({ TableName, TableArn, TableId }: Table): Record<string, unknown> {
  return { TableName, TableArn, ...(TableId !== undefined && { TableId }) };
}

function describe(backup: Backup): Record<string, unknown> {
  const { table, count, bytes } = backup;
  return {
    BackupDetails: detailsOf(backup),
    SourceTableDetails: {
      ...tableIds(table),
      KeySchema: table.KeySchema,
      TableCreationDateTime: table.CreationDateTime,
      TableSizeBytes: bytes,
      ItemCount: count,
      BillingMode: table.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
    },
    SourceTableFeatureDetails: {},
  };
}
