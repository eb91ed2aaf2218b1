/** Archives, replays and undelivered events, with the real client over HTTP and across a restart on the same folder. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  ListArchivesCommand,
  ListEventBusesCommand,
  ListReplaysCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { listen, type TestEndpoint } from '../test-endpoint.ts';
import { openArchiveLog } from './archive-log.ts';
import type { BusEvent, Delivery } from './delivery.ts';
import { createEvents, type Events } from './events.ts';

const clock = createClock();
const busArn = 'arn:aws:events:us-east-1:000000000000:event-bus/product';
const archiveArn = (name: string) => `arn:aws:events:us-east-1:000000000000:archive/${name}`;
const folder = () => join(mkdtempSync(join(tmpdir(), 'gatehouse-events-')), 'events');
const delivered: Delivery[] = [];
const events = createEvents({ clock, deliver: async (delivery) => void delivered.push(delivery), onDead: () => {}, folder: folder() });
let endpoint: TestEndpoint;
let client: EventBridgeClient;

async function settled(of: Events = events): Promise<void> {
  while (of.inFlight() > 0) await new Promise(setImmediate);
}
async function rule(Name: string, pattern: object, of = client): Promise<string> {
  const { RuleArn = '' } = await of.send(new PutRuleCommand({ Name, EventBusName: 'product', EventPattern: JSON.stringify(pattern) }));
  const Targets = [{ Id: 'one', Arn: `arn:aws:lambda:us-east-1:000000000000:function:${Name}` }];
  await of.send(new PutTargetsCommand({ Rule: Name, EventBusName: 'product', Targets }));
  return RuleArn;
}
async function put(DetailType: string, count = 1): Promise<void> {
  const entry = { Source: 'test', DetailType, Detail: '{"n":1}', EventBusName: 'product', Time: new Date(clock.now()) };
  for (let left = count; left > 0; left -= 10)
    await client.send(new PutEventsCommand({ Entries: Array.from({ length: Math.min(10, left) }, () => entry) }));
}
const span = () => ({ EventStartTime: new Date(clock.now() - 3_600_000), EventEndTime: new Date(clock.now() + 3_600_000) });

beforeAll(async () => {
  endpoint = await listen([events.service], clock);
  client = new EventBridgeClient(endpoint.client);
  await client.send(new CreateEventBusCommand({ Name: 'product' }));
});
beforeEach(() => void delivered.splice(0));
afterAll(async () => {
  client.destroy();
  await endpoint.close();
  events.close();
  clock.close();
});

describe('archives', () => {
  it('keeps what matches, and says how much that is', async () => {
    const made = await client.send(
      new CreateArchiveCommand({ ArchiveName: 'some', EventSourceArn: busArn, EventPattern: '{"detail-type":["kept"]}', RetentionDays: 2 }),
    );
    expect(made).toMatchObject({ ArchiveArn: archiveArn('some'), State: 'ENABLED', CreationTime: expect.any(Date) });
    await put('kept', 3);
    await put('other', 2);
    const described = await client.send(new DescribeArchiveCommand({ ArchiveName: 'some' }));
    expect(described).toMatchObject({ ArchiveName: 'some', EventSourceArn: busArn, EventCount: 3, RetentionDays: 2, State: 'ENABLED' });
    expect(described.SizeBytes).toBeGreaterThan(300);
    const { Archives } = await client.send(new ListArchivesCommand({ NamePrefix: 'so' }));
    expect(Archives).toMatchObject([{ ArchiveName: 'some', EventCount: 3 }]);
  });

  it('forgets what is older than the retention, on the stack clock', async () => {
    clock.advance(2 * 86_400 + 60);
    expect(await client.send(new DescribeArchiveCommand({ ArchiveName: 'some' }))).toMatchObject({ EventCount: 0, SizeBytes: 0 });
  });

  it('changes and deletes', async () => {
    await client.send(new UpdateArchiveCommand({ ArchiveName: 'some', Description: 'changed', RetentionDays: 0 }));
    expect(await client.send(new DescribeArchiveCommand({ ArchiveName: 'some' }))).toMatchObject({
      Description: 'changed',
      EventPattern: '{"detail-type":["kept"]}',
      RetentionDays: 0,
    });
    await client.send(new DeleteArchiveCommand({ ArchiveName: 'some' }));
    await expect(client.send(new DescribeArchiveCommand({ ArchiveName: 'some' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it.each([
    ['a bus that is not there', { ArchiveName: 'a', EventSourceArn: `${busArn}x` }, 'ResourceNotFoundException'],
    ['a bad pattern', { ArchiveName: 'a', EventSourceArn: busArn, EventPattern: '{"a":[]}' }, 'InvalidEventPatternException'],
    ['a bad name', { ArchiveName: 'a b', EventSourceArn: busArn }, 'ValidationException'],
    ['a negative retention', { ArchiveName: 'a', EventSourceArn: busArn, RetentionDays: -1 }, 'ValidationException'],
  ])('refuses %s', async (_what, input, name) => {
    await expect(client.send(new CreateArchiveCommand(input))).rejects.toMatchObject({ name });
  });

  it.each([undefined, folder()])('stays below its bound by letting the oldest go (folder %s)', (at) => {
    const log = openArchiveLog({ ...(at && { folder: at }), maxBytes: 3 * 1024 * 1024 });
    const event = { id: '', detail: { text: 'x'.repeat(10_000) } } as unknown as BusEvent;
    for (let n = 0; n < 600; n++) log.append({ at: n, event: { ...event, id: String(n) } });
    expect(log.bytes()).toBeLessThan(3.1 * 1024 * 1024);
    const ids = [...log.read()].flat().map(({ event: { id } }) => Number(id));
    expect([ids.at(-1), ids.length, ids.length < 600]).toEqual([599, log.count(), true]);
    if (at) expect(openArchiveLog({ folder: at }).count()).toBe(log.count());
  });
});

describe('replays', () => {
  it('puts the span of time once more, marked, and to the rules asked for', async () => {
    await client.send(new CreateArchiveCommand({ ArchiveName: 'all', EventSourceArn: busArn }));
    const wanted = await rule('wanted', { source: ['test'] });
    await rule('unwanted', { source: ['test'] });
    await put('early');
    clock.advance(86_400);
    await put('now', 250);
    await settled();
    delivered.splice(0);
    const started = await client.send(
      new StartReplayCommand({
        ReplayName: 'first',
        EventSourceArn: archiveArn('all'),
        Destination: { Arn: busArn, FilterArns: [wanted] },
        ...span(),
      }),
    );
    expect(started).toMatchObject({ State: 'STARTING', ReplayArn: expect.stringContaining(':replay/first') });
    await settled();
    expect(delivered).toHaveLength(250);
    expect(new Set(delivered.map(({ target }) => target.Arn.split(':').at(-1)))).toEqual(new Set(['wanted']));
    expect(delivered[0]?.event).toMatchObject({ 'replay-name': 'first', 'detail-type': 'now', source: 'test' });
    expect(await client.send(new DescribeReplayCommand({ ReplayName: 'first' }))).toMatchObject({
      State: 'COMPLETED',
      EventLastReplayedTime: expect.any(Date),
      ReplayEndTime: expect.any(Date),
      Destination: { Arn: busArn, FilterArns: [wanted] },
    });
    // What was replayed is not archived again.
    expect(await client.send(new DescribeArchiveCommand({ ArchiveName: 'all' }))).toMatchObject({ EventCount: 251 });
  });

  it('cancels one that runs, and no other', async () => {
    await put('now', 1000);
    await settled();
    const named = { ReplayName: 'cancelled', EventSourceArn: archiveArn('all'), Destination: { Arn: busArn } };
    await client.send(new StartReplayCommand({ ...named, ...span() }));
    const { operations } = events.service;
    const cancelled = operations.CancelReplay?.({ ReplayName: 'cancelled' }, { caller: '', requestId: '' });
    await settled();
    const { State } = await client.send(new DescribeReplayCommand({ ReplayName: 'cancelled' }));
    expect([cancelled, State]).toEqual([expect.objectContaining({ State: 'CANCELLING' }), 'CANCELLED']);
    await expect(client.send(new CancelReplayCommand({ ReplayName: 'first' }))).rejects.toMatchObject({ name: 'IllegalStatusException' });
    const { Replays } = await client.send(new ListReplaysCommand({ State: 'COMPLETED' }));
    expect(Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['first']);
  });

  it.each([
    ['another bus', { Destination: { Arn: 'arn:aws:events:us-east-1:000000000000:event-bus/default' } }, 'ValidationException'],
    ['an unknown archive', { EventSourceArn: archiveArn('none') }, 'ResourceNotFoundException'],
    ['an end before the start', { EventEndTime: new Date(0) }, 'ValidationException'],
    ['a name that is taken', { ReplayName: 'first' }, 'ResourceAlreadyExistsException'],
  ])('refuses %s', async (_what, change, name) => {
    const input = { ReplayName: 'refused', EventSourceArn: archiveArn('all'), Destination: { Arn: busArn }, ...span(), ...change };
    await expect(client.send(new StartReplayCommand(input))).rejects.toMatchObject({ name });
  });
});

describe('after a restart on the same folder', () => {
  async function on(at: string, deliver: (delivery: Delivery) => Promise<{ handled: Promise<unknown> } | undefined>) {
    const restarted = createEvents({ clock, deliver, onDead: () => {}, folder: at });
    const here = await listen([restarted.service], clock);
    const its = new EventBridgeClient(here.client);
    // The second time they are there already.
    const { EventBuses } = await its.send(new ListEventBusesCommand({ NamePrefix: 'product' }));
    if (!EventBuses?.length) await its.send(new CreateEventBusCommand({ Name: 'product' }));
    await rule('worker', { source: ['test'] }, its);
    const stop = async () => {
      its.destroy();
      await here.close();
      restarted.close();
    };
    return { events: restarted, client: its, stop };
  }
  const entry = { Source: 'test', DetailType: 'kept', Detail: '{}', EventBusName: 'product' };

  it('delivers what no target had handled, and nothing else', async () => {
    const at = folder();
    const types: string[] = [];
    const first = await on(at, async ({ event: { 'detail-type': type } }) => {
      if (type === 'refused') throw new Error('away');
      return { handled: type === 'handled' ? Promise.resolve() : new Promise(() => {}) };
    });
    for (const DetailType of ['handled', 'taken', 'refused'])
      await first.client.send(new PutEventsCommand({ Entries: [{ ...entry, DetailType }] }));
    await settled(first.events);
    await first.stop();
    const second = await on(at, async ({ event }) => void types.push(event['detail-type']));
    expect(types).toEqual([]);
    second.events.resume();
    await settled(second.events);
    expect(types).toEqual(['taken', 'refused']);
    await second.stop();
    const third = await on(at, async ({ event }) => void types.push(event['detail-type']));
    third.events.resume();
    await settled(third.events);
    expect(types).toHaveLength(2);
    await third.stop();
  });

  it('still has its archives and goes on with a replay', async () => {
    const at = folder();
    const first = await on(at, async () => undefined);
    await first.client.send(new CreateArchiveCommand({ ArchiveName: 'kept', EventSourceArn: busArn }));
    await first.client.send(new PutEventsCommand({ Entries: [entry, entry] }));
    await settled(first.events);
    const asked = { ReplayName: 'again', EventSourceArn: archiveArn('kept'), Destination: { Arn: busArn }, ...span() };
    const wire = { ...asked, EventStartTime: asked.EventStartTime.getTime() / 1000, EventEndTime: asked.EventEndTime.getTime() / 1000 };
    void first.events.service.operations.StartReplay?.(wire, { caller: '', requestId: '' });
    first.events.close();
    await first.stop();
    const replayed: unknown[] = [];
    const second = await on(at, async ({ event }) => void replayed.push(event['replay-name']));
    second.events.resume();
    await settled(second.events);
    expect(replayed).toEqual(['again', 'again']);
    expect(await second.client.send(new DescribeReplayCommand({ ReplayName: 'again' }))).toMatchObject({ State: 'COMPLETED' });
    await second.stop();
  });
});
