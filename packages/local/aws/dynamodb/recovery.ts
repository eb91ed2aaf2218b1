/**
 * Point-in-time recovery: a table as it was at any second since it was switched on. Each change keeps what it replaced, in the same batch;
 * a past is the present with those changes undone. The log ends at the recovery period, and at a bound on its length before that.
 */
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation } from '../service.ts';
import { type Item, itemKey, type Op, type Table } from './dynalite.ts';
import { restoreTable } from './restore.ts';
import { after, entries, type Recovery, recoveryKey, type Store, type Undo, undoPrefix, undoTime } from './store.ts';

export interface PointInTimeRecovery {
  operations: Readonly<Record<string, Operation>>;
  /** Forgets what lies before each table's recovery period, and the oldest changes above the bound. */
  trim(): Promise<void>;
  /** The items of a table at a time in milliseconds, by dynalite's keys. Throws when recovery is off or does not reach there. */
  itemsAt(table: Table, time: number | 'now'): Promise<[string, Item][]>;
}

/** AWS: the latest restorable time is typically five minutes before now. */
const lagMs = 5 * 60_000;
const dayMs = 86_400_000;
const maxPeriodDays = 35;
/** Changes that are kept of one table, and a tenth more for a while. Above it the earliest restorable time moves up. */
const maxUndos = 100_000;

export function createRecovery(store: Store, clock: Clock): PointInTimeRecovery {
  function tableOf(name: unknown): Table {
    const table = typeof name === 'string' ? store.table(name.split(':table/').at(-1) ?? '') : undefined;
    if (!table) throw new AwsError('TableNotFoundException', `Table not found: ${name}`);
    return table;
  }

  function describe({ TableName }: Table) {
    const recovery = store.recovery.get(TableName);
    const { earliest, latest } = recovery ? windowOf(recovery) : { earliest: 0, latest: 0 };
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: recovery
          ? {
              PointInTimeRecoveryStatus: 'ENABLED',
              RecoveryPeriodInDays: recovery.periodDays,
              EarliestRestorableDateTime: earliest / 1000,
              LatestRestorableDateTime: latest / 1000,
            }
          : { PointInTimeRecoveryStatus: 'DISABLED' },
      },
    };
  }
  function windowOf({ since, periodDays }: Recovery): { earliest: number; latest: number } {
    const earliest = Math.max(since, clock.now() - periodDays * dayMs);
    return { earliest, latest: Math.max(earliest, clock.now() - lagMs) };
  }

  async function update(input: { TableName?: unknown; PointInTimeRecoverySpecification?: Record<string, unknown> }) {
    const table = tableOf(input.TableName);
    const name = table.TableName;
    const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays } = input.PointInTimeRecoverySpecification ?? {};
    if (typeof enabled !== 'boolean') throw invalid("'pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled' must not be null");
    const known = store.recovery.get(name);
    const periodDays = Number(RecoveryPeriodInDays ?? known?.periodDays ?? maxPeriodDays);
    if (!Number.isInteger(periodDays) || periodDays < 1 || periodDays > maxPeriodDays)
      throw invalid(`'recoveryPeriodInDays' must be between 1 and ${maxPeriodDays}`);
    if (enabled) {
      const recovery = { since: known?.since ?? clock.now(), periodDays };
      store.recovery.set(name, recovery);
      await store.commit([], [{ type: 'put', key: recoveryKey(name), value: recovery }]);
    } else {
      store.recovery.delete(name);
      await store.commit([], [{ type: 'del', key: recoveryKey(name) }]);
      await store.root.clear({ gte: undoPrefix(name), lt: `${undoPrefix(name)}${after}` });
    }
    return describe(table);
  }

  async function itemsAt(table: Table, time: number | 'now'): Promise<[string, Item][]> {
    const recovery = store.recovery.get(table.TableName);
    if (!recovery)
      throw new AwsError('PointInTimeRecoveryUnavailableException', `Point in time recovery is not enabled for table '${table.TableName}'`);
    if (time === 'now') return (await entries(store.root, itemKey(table.TableName, ''))) as [string, Item][];
    const { earliest, latest } = windowOf(recovery);
    // AWS counts in seconds: the second in which recovery began is in.
    if (!(time >= Math.floor(earliest / 1000) * 1000 && time <= latest))
      throw new AwsError(
        'InvalidRestoreTimeException',
        `The time must be between ${new Date(earliest).toISOString()} and ${new Date(latest).toISOString()}`,
      );
    // The items come first: an undo of what was written meanwhile puts back what they show.
    const items = new Map((await entries(store.root, itemKey(table.TableName, ''))) as [string, Item][]);
    const undone = new Set<string>();
    const undos = store.root.iterator({
      gte: `${undoPrefix(table.TableName)}${undoTime(time + 1)}`,
      lt: `${undoPrefix(table.TableName)}${after}`,
    });
    for await (const [, undo] of undos) {
      const { key, before } = undo as Undo;
      // The first change since then knows what was there.
      if (undone.has(key)) continue;
      undone.add(key);
      if (before) items.set(key, before);
      else items.delete(key);
    }
    return [...items];
  }

  async function restore(input: Record<string, unknown>) {
    const table = tableOf(input.SourceTableName ?? input.SourceTableArn);
    const recovery = store.recovery.get(table.TableName);
    const override = Object.keys(input).find((name) => /Override$/.test(name) && name !== 'BillingModeOverride');
    if (override) throw new AwsError('ValidationException', `${override} is not in the embedded stack`);
    if (input.UseLatestRestorableTime !== true && typeof input.RestoreDateTime !== 'number')
      throw invalid('RestoreDateTime or UseLatestRestorableTime must be given');
    const latest = recovery ? windowOf(recovery).latest : 0;
    const time = input.UseLatestRestorableTime === true ? latest : Number(input.RestoreDateTime) * 1000;
    const items = await itemsAt(table, time);
    const description = await restoreTable(store, clock, table, String(input.TargetTableName ?? ''), items);
    const RestoreSummary = { SourceTableArn: table.TableArn, RestoreDateTime: time / 1000, RestoreInProgress: true };
    return { TableDescription: { ...description, RestoreSummary } };
  }

  let countedAt = Number.NEGATIVE_INFINITY;
  async function trim(): Promise<void> {
    const countsAll = store.undos() - countedAt > maxUndos / 10;
    if (countsAll) countedAt = store.undos();
    for (const [name, recovery] of [...store.recovery]) {
      const prefix = undoPrefix(name);
      const old = await store.root.keys({ gte: prefix, lt: `${prefix}${undoTime(windowOf(recovery).earliest)}` }).all();
      const all = countsAll ? await store.root.keys({ gte: prefix, lt: `${prefix}${after}` }).all() : old;
      const drop = Math.max(old.length, all.length - maxUndos);
      if (drop === 0) continue;
      const ops = all.slice(0, drop).map((key): Op => ({ type: 'del', key }));
      const [last = ''] = all.slice(drop - 1, drop);
      // What is not known any more is everything up to the newest change that was dropped.
      const since = Math.max(recovery.since, Number(last.slice(prefix.length).split('~')[0]));
      const next = { ...recovery, since };
      store.recovery.set(name, next);
      await store.commit([], [...ops, { type: 'put', key: recoveryKey(name), value: next }]);
    }
  }

  return {
    operations: {
      UpdateContinuousBackups: update,
      DescribeContinuousBackups: (input) => describe(tableOf(input.TableName)),
      RestoreTableToPointInTime: restore,
    },
    trim,
    itemsAt,
  };
}

function invalid(what: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: Value at ${what}`);
}
