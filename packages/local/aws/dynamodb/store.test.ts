/** Proves that reads leave nothing open in LevelDB: what stays open stays in memory as long as the process. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { capabilityTable } from '../../capability-table.ts';
import { createClock } from '../../clock.ts';
import type { LevelIterator } from './dynalite.ts';
import { request } from './request.ts';
import { openStore, type Store } from './store.ts';
import { changeTable } from './tables.ts';

const clock = createClock();
const TableName = 'rows';
let store: Store;
let closed = 0;
const made: LevelIterator[] = [];

beforeAll(async () => {
  store = await openStore(clock);
  await changeTable(store, clock, 'CreateTable', capabilityTable(TableName));
  for (let n = 0; n < 20; n++) await request(store, 'PutItem', { TableName, Item: { pk: { S: 'p' }, sk: { S: String(n) } } });
  const values = store.root.values.bind(store.root);
  store.root.values = (range) => {
    const iterator = values(range);
    const close = iterator.close.bind(iterator);
    iterator.close = () => {
      closed++;
      return close();
    };
    made.push(iterator);
    return iterator;
  };
});
afterAll(async () => {
  await store.close();
  clock.close();
});

it.each([
  ['a query', 'Query', { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p' } } }],
  ['a page of a query', 'Query', { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p' } }, Limit: 2 }],
  ['a scan', 'Scan', {}],
  ['a page of a scan', 'Scan', { Limit: 3 }],
])('closes what %s has opened', async (_what, operation, input) => {
  [made.length, closed] = [0, 0];
  await request(store, operation, { TableName, ...input });
  expect(made).toHaveLength(1);
  await expect.poll(() => closed).toBe(1);
});
