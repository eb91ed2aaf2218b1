/**
 * DynamoDB for the embedded stack: dynalite's operations, and those it lacks (transactions, time to live, streams as a change feed,
 * backups, point-in-time recovery and exports). It speaks no HTTP. By itself it emulates no throttling, no TransactionConflict and no eventual consistency.
 */
import type { Clock, Timer } from '../../clock.ts';
import { AwsError, type AwsService, type Operation } from '../service.ts';
import { createBackups } from './backups.ts';
import { loadDynalite } from './dynalite.ts';
import { createExports, type PutObject } from './exports.ts';
import { createFeed, type Feed, type OnFault } from './feed.ts';
import { createRecovery } from './recovery.ts';
import { request, toAwsError } from './request.ts';
import { finishRestores } from './restore.ts';
import { openStore } from './store.ts';
import { changeTable, finishTables } from './tables.ts';
import { createTimeToLive } from './time-to-live.ts';
import { createTransactions } from './transactions.ts';

export interface DynamoDb extends AwsService, Pick<Feed, 'onRecords'> {
  /** Runs one operation in this process; rejects with an `AwsError` for what the SDK would throw. */
  call(operation: string, input: object): Promise<unknown>;
  /** Deletes what stack time has passed; resolves with the number of items. Runs by itself each minute of stack time. */
  sweepExpired(): Promise<number>;
  /** Resolves once no sweep runs and every consumer has taken every committed record. */
  settled(): Promise<void>;
  /** Ends the consumers and waits for the writes on their way. Calls after it fail. */
  close(): Promise<void>;
}

const sweepEveryMs = 60_000;

export interface DynamoDbOptions {
  clock: Clock;
  /** A LevelDB folder of its own, made when missing; without it everything is in memory. */
  path?: string;
  onFault?: OnFault;
  /** Where exports go. */
  putObject?: PutObject;
}

export async function createDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const { clock } = options;
  const onFault = options.onFault ?? ((error, what) => console.error(`embedded DynamoDB: ${what}`, error));
  const store = await openStore(clock, options.path);
  await finishTables(store, clock);
  await finishRestores(store, clock);
  const backups = createBackups(store, clock);
  const recovery = createRecovery(store, clock);
  const exports = createExports(store, clock, recovery, options.putObject ?? noBucket);
  await exports.finish();
  const feed = await createFeed(store, clock, onFault);
  const ttl = createTimeToLive(store, clock);
  const transactions = await createTransactions(store, clock);
  let sweeping: Promise<number> | undefined;
  let timer: Timer = clock.after(sweepEveryMs, tick);
  let closed = false;

  const operations: Record<string, Operation> = {};
  for (const operation of loadDynalite().actions.keys()) operations[operation] = (input) => request(store, operation, input);
  operations.CreateTable = (input) => changeTable(store, clock, 'CreateTable', input);
  operations.UpdateTable = (input) => changeTable(store, clock, 'UpdateTable', input);
  operations.DeleteTable = async (input) => {
    const answer = await changeTable(store, clock, 'DeleteTable', input);
    await feed.drop(input.TableName);
    return answer;
  };
  operations.TransactWriteItems = (input) => transactions.write(input);
  operations.TransactGetItems = (input) => transactions.get(input);
  operations.UpdateTimeToLive = (input) => ttl.update(input);
  operations.DescribeTimeToLive = (input) => ttl.describe(input);
  Object.assign(operations, backups.operations, recovery.operations, exports.operations);
  for (const [name, operation] of Object.entries(operations)) {
    operations[name] = async (input, call) => {
      if (closed) throw new AwsError('ServiceUnavailable', 'The embedded stack is stopping', { status: 503 });
      try {
        return await operation(input, call);
      } catch (error) {
        throw toAwsError(error);
      }
    };
  }

  function tick(): void {
    sweepExpired()
      .catch((error: unknown) => onFault(error, 'sweeping'))
      .finally(() => {
        if (!closed) timer = clock.after(sweepEveryMs, tick);
      });
  }
  function sweepExpired(): Promise<number> {
    sweeping ??= sweep().finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  }
  async function sweep(): Promise<number> {
    const deleted = await ttl.sweep();
    await transactions.sweepTokens();
    await feed.trim();
    await recovery.trim();
    return deleted;
  }
  async function call(operation: string, input: object): Promise<unknown> {
    const found = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (!found) throw new AwsError('UnknownOperationException', `DynamoDB ${operation} is not in the embedded stack`);
    return found(input, { caller: 'embedded', requestId: '' });
  }
  return {
    targets: ['DynamoDB_20120810'],
    json: '1.0',
    operations,
    call,
    onRecords: feed.onRecords,
    sweepExpired,
    settled: async () => {
      while (sweeping) await sweeping;
      await exports.settled();
      await feed.settled();
    },
    close: async () => {
      closed = true;
      timer.cancel();
      feed.close();
      await sweeping;
      await exports.settled();
      await store.close();
    },
  };
}

async function noBucket(bucket: string): Promise<never> {
  throw new AwsError('NoSuchBucket', `There is no bucket ${bucket}`, { status: 404 });
}
