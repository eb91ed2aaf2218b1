/** Proves the event source mapping over a real table: order, halves, reports, and who ends in the dead letters. */
import type { StreamFilter } from '@gatehouse/contracts/stream-filter';
import type { Surface } from '@gatehouse/contracts/surface';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { createDynamoDb, type DynamoDb } from './aws/dynamodb/dynamodb.ts';
import { type Clock, createClock } from './clock.ts';
import type { InvokeResult } from './lambda/contract.ts';
import { connectStreams } from './streams.ts';

const TableName = 'gatehouse-local-people';
const everything: StreamFilter = { dynamodb: { Keys: { pk: { S: [{ exists: true }] } } } };
const surfaceWith = (filter: StreamFilter): Surface => ({
  capability: 'people',
  table: true,
  streams: [{ entry: 'publish', filters: [filter] }],
  entries: { publish: { handler: 'x.y', timeoutSeconds: 1, memoryMb: 128 } },
});
let clock: Clock;
let dynamodb: DynamoDb;
afterEach(async () => {
  await dynamodb.close();
  clock.close();
});

const nameOf = (record: DynamoDBRecord) => record.dynamodb?.Keys?.pk?.S ?? '';

/** Writes the items, runs the mapping until every record is taken or skipped, and tells what happened. */
async function run(
  items: readonly string[],
  answer: (names: readonly string[], records: readonly DynamoDBRecord[]) => InvokeResult,
  filter = everything,
) {
  clock = createClock();
  dynamodb = await createDynamoDb({ clock, onFault: () => {} });
  await dynamodb.call('CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  for (const pk of items) await dynamodb.call('PutItem', { TableName, Item: { pk: { S: pk } } });
  const batches: string[][] = [];
  const skipped: { names: string[]; attempts: number }[] = [];
  connectStreams(
    [surfaceWith(filter)],
    dynamodb,
    {
      invoke: async (_name, event) => {
        const { Records } = event as { Records: DynamoDBRecord[] };
        batches.push(Records.map(nameOf));
        return answer(batches.at(-1) ?? [], Records);
      },
    },
    async (_name, _arn, records, attempts) => void skipped.push({ names: records.map(nameOf), attempts }),
  );
  let settled = false;
  const done = dynamodb.settled().then(() => {
    settled = true;
  });
  while (!settled) {
    await new Promise(setImmediate);
    clock.advance(11);
  }
  await done;
  return { batches, skipped };
}
const error = { errorType: 'Error', errorMessage: 'no' };

describe('a stream', () => {
  it('hands over only what one of its filters matches, and goes on without waking the function for the rest', async () => {
    const ours: StreamFilter = { eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'OUR-' }] } } } };
    const take = () => ({ value: null });
    expect((await run(['OUR-a', 'b', 'OUR-c'], take, ours)).batches).toEqual([['OUR-a', 'OUR-c']]);
    expect((await run(['a', 'b'], take, ours)).batches).toEqual([]);
  });

  it('hands its records over in order, in one batch', async () => {
    const { batches, skipped } = await run(['a', 'b', 'c'], () => ({ value: null }));
    expect(batches).toEqual([['a', 'b', 'c']]);
    expect(skipped).toEqual([]);
  });

  it('halves a batch that failed whole until the bad record is alone, and skips that one after its retries', async () => {
    const { batches, skipped } = await run(['a', 'b', 'bad', 'd'], (names) => (names.includes('bad') ? { error } : { value: null }));
    expect(batches.slice(0, 3)).toEqual([
      ['a', 'b', 'bad', 'd'],
      ['a', 'b'],
      ['bad', 'd'],
    ]);
    expect(skipped.map(({ names }) => names)).toEqual([['bad']]);
    expect(skipped[0]?.attempts).toBeGreaterThan(20);
    const handled = batches.filter((batch) => !batch.includes('bad')).flat();
    expect(handled).toEqual(['a', 'b', 'd']);
  });

  it('comes again from the record that the function reported, and never with those before it', async () => {
    let failures = 0;
    const { batches, skipped } = await run(['a', 'b', 'c'], (names, records) => {
      const bad = records[names.indexOf('b')]?.dynamodb?.SequenceNumber;
      return bad !== undefined && failures++ < 2 ? { value: { batchItemFailures: [{ itemIdentifier: bad }] } } : { value: null };
    });
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['b', 'c'],
    ]);
    expect(skipped).toEqual([]);
  });

  it('puts a record aside that is reported each time, and goes on with the next', async () => {
    const { batches, skipped } = await run(['a', 'bad', 'c'], (names, records) => {
      const bad = records[names.indexOf('bad')]?.dynamodb?.SequenceNumber;
      return { value: { batchItemFailures: bad === undefined ? [] : [{ itemIdentifier: bad }] } };
    });
    expect(skipped).toEqual([{ names: ['bad'], attempts: 21 }]);
    expect(batches.at(-1)).toEqual(['c']);
  });
});
