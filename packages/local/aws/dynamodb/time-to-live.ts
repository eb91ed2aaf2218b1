/**
 * Time to live: which attribute expires a table's items, and the sweep that deletes what stack time has passed. An item is deleted
 * at the next sweep, where AWS may take days: nothing may rely on it being prompt.
 */
import type { Clock } from '../../clock.ts';
import { AwsError } from '../service.ts';
import { type Change, expiryPrefix, expirySecond, itemOps } from './change.ts';
import { type Item, itemKey, type Op, type Table } from './dynalite.ts';
import { after, entries, type Store, ttlKey } from './store.ts';

export interface TimeToLive {
  update(input: TimeToLiveInput): Promise<Record<string, unknown>>;
  describe(input: { TableName?: string }): Record<string, unknown>;
  /** Deletes every expired item, in order of expiry; resolves with their number. */
  sweep(): Promise<number>;
}

export interface TimeToLiveInput {
  TableName?: string;
  TimeToLiveSpecification?: { AttributeName?: string; Enabled?: boolean };
}

/** AWS: an item whose time lies more than five years back is left alone. */
const oldestSeconds = 5 * 365 * 86_400;
const sweepAtOnce = 100;
const byService = { type: 'Service', principalId: 'dynamodb.amazonaws.com' } as const;

export function createTimeToLive(store: Store, clock: Clock): TimeToLive {
  function existing(name: string | undefined): Table {
    const table = name ? store.table(name) : undefined;
    if (!table) throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
    return table;
  }
  async function update(input: TimeToLiveInput): Promise<Record<string, unknown>> {
    const table = existing(input.TableName);
    const { AttributeName: attribute, Enabled: enabled } = input.TimeToLiveSpecification ?? {};
    if (!attribute || typeof enabled !== 'boolean')
      throw new AwsError('ValidationException', 'TimeToLiveSpecification needs AttributeName and Enabled');
    const name = table.TableName;
    const current = store.ttl.get(name);
    if (enabled && current) throw new AwsError('ValidationException', 'TimeToLive is already enabled');
    if (!enabled && !current) throw new AwsError('ValidationException', 'TimeToLive is already disabled');
    if (!enabled && current !== attribute)
      throw new AwsError('ValidationException', `TimeToLive is active on a different AttributeName: current AttributeName is ${current}`);
    if (enabled) {
      // From here on writes keep the expiry order; what was there before is added to it.
      store.ttl.set(name, attribute);
      await store.root.batch([{ type: 'put', key: ttlKey(name), value: attribute }]);
      await addExisting(table, attribute);
    } else {
      store.ttl.delete(name);
      await store.root.batch([{ type: 'del', key: ttlKey(name) }]);
      await store.root.clear({ gte: expiryPrefix(name), lt: `${expiryPrefix(name)}${after}` });
    }
    return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
  }
  /** An item that changes meanwhile may leave an entry behind; the sweep looks at the item before it believes one. */
  async function addExisting(table: Table, attribute: string): Promise<void> {
    const ops: Op[] = [];
    for (const [key, item] of await entries(store.root, itemKey(table.TableName, ''))) {
      const all = itemOps({ table, key, before: undefined, after: item as Item }, attribute);
      ops.push(...all.filter((op) => op.key.startsWith(expiryPrefix(table.TableName))));
    }
    await store.root.batch(ops);
  }
  function describe(input: { TableName?: string }): Record<string, unknown> {
    const attribute = store.ttl.get(existing(input.TableName).TableName);
    return {
      TimeToLiveDescription: attribute ? { TimeToLiveStatus: 'ENABLED', AttributeName: attribute } : { TimeToLiveStatus: 'DISABLED' },
    };
  }
  async function sweep(): Promise<number> {
    const now = Math.floor(clock.now() / 1000);
    let deleted = 0;
    for (const [name, attribute] of [...store.ttl]) {
      const prefix = expiryPrefix(name);
      const range = { gte: `${prefix}${expirySecond(Math.max(0, now - oldestSeconds))}`, lt: `${prefix}${expirySecond(now)}` };
      const due = await store.root.iterator(range).all();
      for (let start = 0; start < due.length; start += sweepAtOnce) {
        const group = due.slice(start, start + sweepAtOnce);
        const results = await Promise.all(group.map(([place, key]) => expire(name, attribute, place, String(key), now)));
        deleted += results.filter(Boolean).length;
      }
    }
    return deleted;
  }
  /** Under the item's lock: it may have been given more time since its entry was read. */
  async function expire(name: string, attribute: string, place: string, key: string, now: number): Promise<boolean> {
    const release = await new Promise<() => void>((resolve) => store.dynalite.getItemDb(name).lock(key, (free) => resolve(free(() => {}))));
    try {
      const table = store.table(name);
      const before = store.root.getSync(itemKey(name, key)) as Item | undefined;
      const expired = before && Math.floor(Number(before[attribute]?.N)) < now;
      const changes: Change[] = table && expired ? [{ table, key, before, after: undefined, by: byService }] : [];
      await store.commit(changes, [{ type: 'del', key: place }]);
      return changes.length > 0;
    } finally {
      release();
    }
  }
  return { update, describe, sweep };
}
