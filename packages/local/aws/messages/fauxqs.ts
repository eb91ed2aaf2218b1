/**
 * Opens fauxqs (SQS and SNS as a library) over one folder, without a port of its own. It deep-imports the stores, which the package does
 * not export, because its own start function listens on every interface; the version is pinned, and a missing part is told at once.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildAppOptions, buildApp } from 'fauxqs';
import { account, region } from '../service.ts';

type Stores = NonNullable<BuildAppOptions['stores']>;
export type QueueStore = Stores['sqsStore'];
export type TopicStore = Stores['snsStore'];
export type Subscription = NonNullable<ReturnType<TopicStore['getSubscription']>>;
type Attributes = Readonly<Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }>>;

export interface Fauxqs {
  app: ReturnType<typeof buildApp>;
  queues: QueueStore;
  topics: TopicStore;
  /** Whether a subscription's filter policy lets a message through; one without a policy takes all. */
  passes(subscription: Subscription, published: { message: string; attributes: Attributes }): boolean;
  close(): Promise<void>;
}

type Persistence = NonNullable<QueueStore['persistence']>;
interface Opened extends Persistence {
  load(queues: Stores['sqsStore'], topics: Stores['snsStore'], objects: Stores['s3Store']): void;
  close(): void;
}

const file = 'fauxqs.db';

/** Something was kept in this folder by an earlier run. */
export function hasState(folder: string | undefined): boolean {
  return folder !== undefined && existsSync(join(folder, file));
}

/** `origin`: where the queues' URLs point, e.g. `http://127.0.0.1:8788`. Without a folder everything is in memory. */
export async function openFauxqs(folder: string | undefined, origin: string): Promise<Fauxqs> {
  const root = import.meta.resolve('fauxqs');
  const part = async <T>(path: string, name: string): Promise<T> => {
    const module: Record<string, unknown> = await import(new URL(path, root).href);
    if (typeof module[name] !== 'function') throw new Error(`fauxqs has no ${name} in ${path}: the pinned version 2.4.1 has`);
    return module[name] as T;
  };
  const { buildApp } = await import('fauxqs');
  const SqsStore = await part<new () => Stores['sqsStore']>('sqs/sqsStore.js', 'SqsStore');
  const SnsStore = await part<new () => Stores['snsStore']>('sns/snsStore.js', 'SnsStore');
  const S3Store = await part<new () => Stores['s3Store']>('s3/s3Store.js', 'S3Store');
  const passesAttributes = await part<(policy: unknown, attributes: Attributes) => boolean>('sns/filter.js', 'matchesFilterPolicy');
  const passesBody = await part<(policy: unknown, body: string) => boolean>('sns/filter.js', 'matchesFilterPolicyOnBody');
  const stores: Stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  // Without a host of its own a queue's URL names the host that its creator called.
  stores.sqsStore.host = '';
  stores.sqsStore.region = region;
  stores.snsStore.region = region;

  const persistence = folder === undefined ? undefined : await restore(folder, origin, stores, part);
  const app = buildApp({ logger: false, stores });
  await app.ready();
  return {
    app,
    queues: stores.sqsStore,
    topics: stores.snsStore,
    passes({ attributes: { FilterPolicy, FilterPolicyScope } }, { message, attributes }) {
      if (FilterPolicy === undefined) return true;
      const policy: unknown = JSON.parse(FilterPolicy);
      return FilterPolicyScope === 'MessageBody' ? passesBody(policy, message) : passesAttributes(policy, attributes);
    },
    close: async () => {
      await app.close();
      persistence?.close();
    },
  };
}

async function restore(
  folder: string,
  origin: string,
  stores: Stores,
  part: <T>(path: string, name: string) => Promise<T>,
): Promise<Opened> {
  // The port may be another one since: a queue's URL is written whole into its row.
  if (hasState(folder)) {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(folder, file));
    database.prepare("UPDATE sqs_queues SET url = ? || '/' || ? || '/' || name").run(origin, account);
    database.close();
  }
  const Manager = await part<new (folder: string) => Opened>('persistence.js', 'PersistenceManager');
  const persistence = new Manager(folder);
  keepCounts(persistence);
  // Loading comes first: a store that is being filled must not write what it reads.
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  stores.sqsStore.persistence = persistence;
  stores.snsStore.persistence = persistence;
  stores.s3Store.persistence = persistence;
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence;
  return persistence;
}

/**
 * A message that is made visible at once (VisibilityTimeout 0) is written without its counts in 2.4.1, which its own table refuses: such a
 * message is written as one whose time in flight is over, with the counts of its last receipt.
 */
function keepCounts(persistence: Opened): void {
  const counts = new Map<string, [received: number, first: number | undefined]>();
  const write = persistence.updateMessageInflight.bind(persistence);
  const remove = persistence.deleteMessage.bind(persistence);
  persistence.updateMessageInflight = (id, handle, deadline, received, first) => {
    counts.set(id, [received, first]);
    write(id, handle, deadline, received, first);
  };
  persistence.updateMessageReady = (id) => write(id, 'released', 0, ...(counts.get(id) ?? [1, undefined]));
  persistence.deleteMessage = (id) => {
    counts.delete(id);
    remove(id);
  };
}
