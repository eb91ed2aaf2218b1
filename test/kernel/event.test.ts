import { personLeft } from '@gatehouse/events/person-left';
import { onFact } from '@gatehouse/runtime/event';
import { publish } from '@gatehouse/runtime/publish';
import { query, transact, update } from '@gatehouse/runtime/table';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startAws, type TestAws } from '../support/aws.ts';

const env = z.object({ TABLE_LIFECYCLE: z.string() });
const context = { awsRequestId: 'test' } as Context;
let aws: TestAws;
let table = '';

beforeAll(async () => {
  aws = await startAws();
  table = await aws.table('lifecycle');
  process.env.TABLE_LIFECYCLE = table;
});
afterAll(() => aws.close());

function consumer(name: string, handle: () => Promise<void>) {
  const entry = onFact({ env, table: (read) => read.TABLE_LIFECYCLE, consumer: name }, personLeft, handle);
  const event = (id: string) => ({
    version: '0',
    id: 'f0f0f0f0-0000-0000-0000-000000000000',
    source: personLeft.source,
    'detail-type': personLeft.type,
    account: '000000000000',
    time: '2026-11-22T09:00:00Z',
    region: 'us-east-1',
    resources: [],
    detail: { ...personLeft.example, id },
  });
  return (id: string) => entry(event(id), context);
}

describe('a consumer of facts', () => {
  it('handles a fact once, however often it comes', async () => {
    let handled = 0;
    const tell = consumer('once', async () => void handled++);
    await tell('evt_01h00000000000000000000001');
    await tell('evt_01h00000000000000000000001');
    expect(handled).toBe(1);
  });

  it('handles a fact again when the first try failed', async () => {
    let tries = 0;
    const tell = consumer('again', async () => {
      if (tries++ === 0) throw new Error('the first try fails');
    });
    await expect(tell('evt_01h00000000000000000000002')).rejects.toThrow('the first try fails');
    await tell('evt_01h00000000000000000000002');
    expect(tries).toBe(2);
  });

  it('asks to come back while another environment is at work on the fact', async () => {
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = () => {};
    const working = new Promise<void>((resolve) => {
      started = resolve;
    });
    const tell = consumer('busy', async () => {
      started();
      await waiting;
    });
    const first = tell('evt_01h00000000000000000000003');
    await working;
    await expect(tell('evt_01h00000000000000000000003')).rejects.toMatchObject({ name: 'Busy' });
    release();
    await first;
  });

  it('gives two consumers of a capability a claim each', async () => {
    const told: string[] = [];
    await consumer('left', async () => void told.push('left'))('evt_01h00000000000000000000004');
    await consumer('right', async () => void told.push('right'))('evt_01h00000000000000000000004');
    expect(told).toEqual(['left', 'right']);
  });

  it('refuses a fact whose detail is not what its schema says', async () => {
    const tell = consumer('strict', async () => {});
    await expect(tell('no event id')).rejects.toMatchObject({ name: 'ZodError' });
  });
});

describe('the outbox', () => {
  it('keeps a fact in the transaction of the write it tells of', async () => {
    const { id: _id, at: _at, ...detail } = personLeft.example;
    const failed = await transact([
      publish(table, personLeft, { ...detail, id: 'evt_01h00000000000000000000009' }),
      { ConditionCheck: { TableName: table, Key: { pk: 'NOBODY', sk: 'NOBODY' }, ConditionExpression: 'attribute_exists(pk)' } },
    ]);
    expect(failed).toMatchObject({ held: false, reasons: [{ code: 'None' }, { code: 'ConditionalCheckFailed' }] });
    expect(await query(table, 'OUTBOX#evt_01h00000000000000000000009')).toEqual([]);
    expect(await transact([publish(table, personLeft, { ...detail, id: 'evt_01h00000000000000000000009' })])).toEqual({ held: true });
    expect(await query(table, 'OUTBOX#evt_01h00000000000000000000009')).toMatchObject([
      { type: 'person-left', source: 'gatehouse.people' },
    ]);
  });
});

describe('a conditional update', () => {
  it('that does not hold brings the item as it is', async () => {
    const key = { pk: 'ROW', sk: 'ROW' };
    await update(table, key, { UpdateExpression: 'SET colour = :colour', ExpressionAttributeValues: { ':colour': 'red' } });
    const second = await update(table, key, {
      UpdateExpression: 'SET colour = :colour',
      ConditionExpression: 'attribute_not_exists(pk)',
      ExpressionAttributeValues: { ':colour': 'blue' },
    });
    expect(second).toEqual({ held: false, item: { ...key, colour: 'red' } });
  });
});
