/**
 * On-demand backups: a table's items and keys as they were at one moment, kept beside the tables, and a new table made of them. As on AWS
 * a restored table has its keys, indexes and items, and no stream, time to live or tags. There is no point-in-time recovery.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation } from '../service.ts';
import { type Item, itemKey, type Op, type Table } from './dynalite.ts';
import { after, entries, type Store } from './store.ts';
import { changeTable } from './tables.ts';

export interface Backups {
  operations: Readonly<Record<string, Operation>>;
  /** Run once, before anything else: a table that a killed process had half restored goes away. */
  finish(): Promise<void>;
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
const restoringPrefix = 'restoring~';
const itemsAtOnce = 500;
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
    if (store.table(name)) throw new AwsError('TableAlreadyExistsException', `Table already exists: ${name}`);
    await store.commit([], [{ type: 'put', key: `${restoringPrefix}${name}`, value: backup.BackupArn }]);
    const answer = await changeTable(store, clock, 'CreateTable', definitionOf(backup.table, name));
    const table = tableOf(name);
    const items = (await entries(store.root, itemsPrefix(backup.BackupArn))) as [string, Item][];
    for (let from = 0; from < items.length; from += itemsAtOnce)
      await store.commit(items.slice(from, from + itemsAtOnce).map(([key, item]) => ({ table, key, before: undefined, after: item })));
    await store.commit([], [{ type: 'del', key: `${restoringPrefix}${name}` }]);
    const RestoreSummary = {
      SourceBackupArn: backup.BackupArn,
      SourceTableArn: backup.table.TableArn,
      RestoreDateTime: backup.createdAt / 1000,
      RestoreInProgress: true,
    };
    return { TableDescription: { ...(answer.TableDescription as object), RestoreSummary } };
  }

  return {
    operations: {
      CreateBackup: create,
      DescribeBackup: (input) => ({ BackupDescription: describe(get(input.BackupArn)) }),
      DeleteBackup: (input) => remove(input.BackupArn),
      ListBackups: list,
      RestoreTableFromBackup: restore,
      DescribeContinuousBackups(input) {
        tableOf(input.TableName);
        const PointInTimeRecoveryDescription = { PointInTimeRecoveryStatus: 'DISABLED' };
        return { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED', PointInTimeRecoveryDescription } };
      },
    },
    async finish() {
      for (const [name] of await entries(store.root, restoringPrefix)) {
        if (store.table(name)) await changeTable(store, clock, 'DeleteTable', { TableName: name });
        await store.commit([], [{ type: 'del', key: `${restoringPrefix}${name}` }]);
      }
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

/** As CreateTable takes it: keys and indexes alone. */
function definitionOf(table: Table, TableName: string): object {
  const indexes = (list: Table['LocalSecondaryIndexes']) =>
    list?.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }));
  const local = indexes(table.LocalSecondaryIndexes);
  const global = indexes(table.GlobalSecondaryIndexes);
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: table.AttributeDefinitions,
    KeySchema: table.KeySchema,
    ...(local && { LocalSecondaryIndexes: local }),
    ...(global && { GlobalSecondaryIndexes: global }),
  };
}
