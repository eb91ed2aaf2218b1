/** Proves EventBridge with the real client over HTTP, on a clock that only the tests move. */
import type { AddressInfo } from 'node:net';
import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutPartnerEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { createEndpoint } from '../endpoint.ts';
import type { Delivery } from './delivery.ts';
import { createEvents } from './events.ts';

const clock = createClock();
const delivered: Delivery[] = [];
const dead: unknown[] = [];
let refusals = 0;
const events = createEvents({
  clock,
  async deliver(delivery) {
    if (refusals-- > 0) throw new Error('target is away');
    delivered.push(delivery);
  },
  onDead: ({ event, target }, { attempts, condition, error }) =>
    dead.push([event['detail-type'], target.Id, attempts, condition, error.message]),
});
const server = createEndpoint({ services: [events.service], clock });
let client: EventBridgeClient;
const partner = 'aws.partner/okta.com/acme/prod';

beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new EventBridgeClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'person', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  await client.send(new CreateEventBusCommand({ Name: 'product' }));
  await client.send(new CreateEventBusCommand({ Name: partner, EventSourceName: partner }));
});
beforeEach(() => {
  delivered.length = 0;
  dead.length = 0;
  refusals = 0;
});
afterAll(() => {
  events.close();
  clock.close();
  server.closeAllConnections();
  server.close();
});

const entry = (change: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'gatehouse.people',
  DetailType: 'person-left',
  Detail: '{"person":"per_1"}',
  EventBusName: 'product',
  ...change,
});
const put = async (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));
const rule = async (Name: string, pattern: unknown, EventBusName = 'product', policy = {}) => {
  await client.send(new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify(pattern) }));
  const Arn = `arn:aws:lambda:us-east-1:000000000000:function:${Name}`;
  await client.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id: 'one', Arn, ...policy }] }));
};
const settled = async () => {
  while (events.inFlight() > 0) await new Promise(setImmediate);
};

describe('buses and rules', () => {
  it('lists, describes and refuses a second bus of one name', async () => {
    const { EventBuses } = await client.send(new ListEventBusesCommand({}));
    expect(EventBuses?.map(({ Name }) => Name)).toEqual([partner, 'default', 'product']);
    const described = await client.send(new DescribeEventBusCommand({ Name: 'product' }));
    expect(described.Arn).toBe('arn:aws:events:us-east-1:000000000000:event-bus/product');
    await expect(client.send(new CreateEventBusCommand({ Name: 'product' }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
    await expect(client.send(new DescribeEventBusCommand({ Name: 'nope' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(client.send(new CreateEventBusCommand({ Name: 'aws.partner/x' }))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('keeps a rule with its targets through its life', async () => {
    await rule('life', { source: ['x'] });
    const at = { Name: 'life', EventBusName: 'product' };
    expect(await client.send(new DescribeRuleCommand(at))).toMatchObject({
      Arn: 'arn:aws:events:us-east-1:000000000000:rule/product/life',
      EventPattern: '{"source":["x"]}',
      State: 'ENABLED',
    });
    await client.send(new DisableRuleCommand(at));
    const { Rules } = await client.send(new ListRulesCommand({ EventBusName: 'product', NamePrefix: 'li' }));
    expect(Rules).toMatchObject([{ Name: 'life', State: 'DISABLED' }]);
    await client.send(new EnableRuleCommand(at));
    const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: 'life', EventBusName: 'product' }));
    expect(Targets?.map(({ Id }) => Id)).toEqual(['one']);
    await expect(client.send(new DeleteRuleCommand(at))).rejects.toMatchObject({ name: 'ValidationException' });
    await client.send(new RemoveTargetsCommand({ Rule: 'life', EventBusName: 'product', Ids: ['one'] }));
    await client.send(new DeleteRuleCommand(at));
    await expect(client.send(new DescribeRuleCommand(at))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('pages through rules', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await rule(name, { source: ['never'] });
    const first = await client.send(new ListRulesCommand({ EventBusName: 'product', NamePrefix: 'page-', Limit: 2 }));
    const second = await client.send(new ListRulesCommand({ EventBusName: 'product', NamePrefix: 'page-', NextToken: first.NextToken }));
    expect([first.Rules?.length, second.Rules?.map(({ Name }) => Name), second.NextToken]).toEqual([2, ['page-3'], undefined]);
  });

  it('says why it refuses a pattern or a target', async () => {
    await expect(rule('bad', { source: [{ like: 'x' }] })).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
      message: 'Event pattern is not valid. Reason: Unrecognized match type like',
    });
    await expect(rule('bad', { source: ['x'] }, 'product', { InputPath: '$..detail' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await expect(rule('bad', { source: ['x'] }, 'product', { RetryPolicy: { MaximumRetryAttempts: 186 } })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('tests a pattern against an event', async () => {
    const ask = (EventPattern: string) =>
      client.send(new TestEventPatternCommand({ EventPattern, Event: '{"source":"a","detail":{"n":3}}' }));
    expect((await ask('{"detail":{"n":[{"numeric":[">",2]}]}}')).Result).toBe(true);
    expect((await ask('{"source":["b"]}')).Result).toBe(false);
    await expect(ask('{"source":')).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });
});

describe('PutEvents', () => {
  it('delivers the whole event to the targets of matching rules of that bus only', async () => {
    await rule('leavers', { source: ['gatehouse.people'], 'detail-type': ['person-left'] });
    await rule('elsewhere', { source: ['gatehouse.people'] }, 'default');
    const { Entries, FailedEntryCount } = await put(
      entry({ Resources: ['r'], Time: new Date('2030-01-01T00:00:00.5Z') }),
      entry({ DetailType: 'person-joined' }),
    );
    await settled();
    expect(FailedEntryCount).toBe(0);
    expect(delivered.map(({ target, busName }) => [target.Arn.split(':').at(-1), busName])).toEqual([['leavers', 'product']]);
    expect(delivered[0]?.event).toEqual({
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'person-left',
      source: 'gatehouse.people',
      account: '000000000000',
      time: '2030-01-01T00:00:00Z',
      region: 'us-east-1',
      resources: ['r'],
      detail: { person: 'per_1' },
    });
  });

  it('takes the bus by ARN and stamps stack time', async () => {
    await rule('by-arn', { 'detail-type': ['by-arn'] });
    clock.advance(86_400);
    await put(entry({ DetailType: 'by-arn', EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/product' }));
    await settled();
    expect(Math.abs(Date.parse(delivered[0]?.event.time ?? '') - clock.now())).toBeLessThan(2000);
  });

  it('answers for each entry alone', async () => {
    const { Entries, FailedEntryCount } = await put(
      entry(),
      entry({ Source: '' }),
      entry({ DetailType: '' }),
      entry({ Detail: undefined }),
      entry({ Detail: '{' }),
      entry({ Detail: '[1]' }),
      entry({ EventBusName: 'nope' }),
      entry({ Source: 'aws.states' }),
    );
    expect(FailedEntryCount).toBe(7);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'InvalidArgument',
      'InvalidArgument',
      'InvalidArgument',
      'MalformedDetail',
      'MalformedDetail',
      'ResourceNotFoundException',
      'NotAuthorizedForSourceException',
    ]);
  });

  it('refuses no entries, eleven entries and more than 1 MB', async () => {
    const refused = { name: 'ValidationException' };
    await expect(put()).rejects.toMatchObject(refused);
    await expect(put(...Array.from({ length: 11 }, () => entry()))).rejects.toMatchObject(refused);
    await expect(put(entry({ Detail: JSON.stringify({ text: 'x'.repeat(1024 * 1024) }) }))).rejects.toMatchObject(refused);
  });

  it('lets a partner source onto its own bus and nowhere else', async () => {
    await rule('okta', { 'detail-type': ['SystemLog'] }, partner);
    const events = [
      entry({ Source: partner, DetailType: 'SystemLog', EventBusName: partner }),
      entry({ Source: partner, DetailType: 'SystemLog' }),
      entry({ Source: 'gatehouse.people', DetailType: 'SystemLog', EventBusName: partner }),
    ];
    const { Entries } = await put(...events);
    const both = await client.send(
      new PutPartnerEventsCommand({
        Entries: [
          { Source: partner, DetailType: 'SystemLog', Detail: '{}' },
          { Source: 'aws.partner/none', DetailType: 'x', Detail: '{}' },
        ],
      }),
    );
    await settled();
    const refused = 'NotAuthorizedForSourceException';
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, refused, refused]);
    expect(both.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, 'ResourceNotFoundException']);
    expect(delivered).toHaveLength(2);
  });

  it('carries events of AWS services that the stack itself publishes', async () => {
    await rule('failed-machines', { source: ['aws.states'], detail: { status: ['FAILED'] } }, 'default');
    events.publish('default', {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: { status: 'FAILED' },
    });
    await settled();
    expect(delivered).toHaveLength(1);
  });
});

describe('delivery', () => {
  it('tries again with growing pauses of stack time until it succeeds', async () => {
    await rule('again', { 'detail-type': ['again'] });
    refusals = 2;
    await put(entry({ DetailType: 'again' }));
    await settled();
    expect([delivered.length, events.inFlight(), events.waiting()]).toEqual([0, 0, 1]);
    clock.advance(1);
    await settled();
    expect(delivered).toHaveLength(0);
    clock.advance(2);
    await settled();
    expect([delivered.length, dead.length, events.waiting()]).toEqual([1, 0, 0]);
  });

  it('gives up after the allowed retries', async () => {
    await rule('few', { 'detail-type': ['few'] }, 'product', { RetryPolicy: { MaximumRetryAttempts: 1 } });
    refusals = 5;
    await put(entry({ DetailType: 'few' }));
    await settled();
    clock.advance(1);
    await settled();
    expect(dead).toEqual([['few', 'one', 2, 'MaximumRetryAttempts', 'target is away']]);
  });

  it('gives up when the event is too old', async () => {
    await rule('old', { 'detail-type': ['old'] }, 'product', { RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    refusals = 100;
    await put(entry({ DetailType: 'old' }));
    for (let minute = 0; minute < 10 && dead.length === 0; minute++) {
      await settled();
      clock.advance(60);
    }
    expect(dead).toMatchObject([['old', 'one', expect.any(Number), 'MaximumEventAgeInSeconds', 'target is away']]);
  });
});
