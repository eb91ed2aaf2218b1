/** What is asked of any EventBridge: a bus, its rules and targets, entries, patterns, and an archive with a replay. */
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeArchiveCommand,
  DescribeEventBusCommand,
  DescribeReplayCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  StartReplayCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

export function describeEvents(target: () => Target): void {
  describe('EventBridge', () => {
    let client: EventBridgeClient;
    let bus: string;
    let arn: string;

    beforeAll(async () => {
      client = new EventBridgeClient(target().client);
      bus = target().name('bus');
      arn = (await client.send(new CreateEventBusCommand({ Name: bus }))).EventBusArn ?? '';
    });
    afterAll(() => client.send(new DeleteEventBusCommand({ Name: bus })));

    it('describes a bus and refuses its name a second time', async () => {
      expect(await client.send(new DescribeEventBusCommand({ Name: bus }))).toMatchObject({ Name: bus, Arn: arn });
      await expect(client.send(new CreateEventBusCommand({ Name: bus }))).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    });

    it('keeps a rule and its targets through their life', async () => {
      const at = { Name: 'rule', EventBusName: bus };
      await client.send(new PutRuleCommand({ ...at, EventPattern: '{"source":["conformance"]}' }));
      expect(await client.send(new DescribeRuleCommand(at))).toMatchObject({
        EventPattern: '{"source":["conformance"]}',
        State: 'ENABLED',
      });
      const [, , , region, account] = arn.split(':');
      const Targets = [{ Id: 'one', Arn: `arn:aws:lambda:${region}:${account}:function:${target().name('nothing')}` }];
      const put = await client.send(new PutTargetsCommand({ Rule: 'rule', EventBusName: bus, Targets }));
      expect(put.FailedEntryCount).toBe(0);
      const listed = await client.send(new ListTargetsByRuleCommand({ Rule: 'rule', EventBusName: bus }));
      expect(listed.Targets?.map(({ Id }) => Id)).toEqual(['one']);
      await client.send(new DisableRuleCommand(at));
      const { Rules } = await client.send(new ListRulesCommand({ EventBusName: bus, NamePrefix: 'rule' }));
      expect(Rules).toMatchObject([{ Name: 'rule', State: 'DISABLED' }]);
      await client.send(new RemoveTargetsCommand({ Rule: 'rule', EventBusName: bus, Ids: ['one'] }));
      await client.send(new DeleteRuleCommand(at));
      await expect(client.send(new DescribeRuleCommand(at))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    });

    it('refuses a pattern that is none', async () => {
      const bad = new PutRuleCommand({ Name: 'bad', EventBusName: bus, EventPattern: '{"source":[{"like":"x"}]}' });
      await expect(client.send(bad)).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
    });

    it('takes good entries and says what is wrong with each bad one', async () => {
      const good = { Source: 'conformance', DetailType: 'Tried', Detail: '{"a":1}', EventBusName: bus };
      const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({ Entries: [good, { ...good, Detail: '{' }] }));
      expect(FailedEntryCount).toBe(1);
      expect(Entries?.map(({ EventId, ErrorCode }) => (EventId ? 'taken' : ErrorCode))).toEqual(['taken', 'MalformedDetail']);
    });

    const event = {
      id: '1',
      account: '123456789012',
      source: 'conformance',
      time: '2026-11-22T09:00:00Z',
      region: 'us-east-1',
      resources: ['r'],
      'detail-type': 'Tried',
      detail: {
        n: 5,
        s: 'abc',
        ip: '10.0.0.7',
        list: ['x', 'y'],
        people: [
          { a: 1, b: 2 },
          { a: 3, b: 4 },
        ],
        nothing: null,
      },
    };
    it.each<[string, object, boolean]>([
      ['an exact string', { source: ['conformance'] }, true],
      ['a number by value', { detail: { n: [5.0] } }, true],
      ['a number for a string', { detail: { s: [5] } }, false],
      ['null', { detail: { nothing: [null] } }, true],
      ['a prefix', { detail: { s: [{ prefix: 'ab' }] } }, true],
      ['a suffix', { detail: { s: [{ suffix: 'bc' }] } }, true],
      ['a wildcard', { detail: { s: [{ wildcard: 'a*c' }] } }, true],
      ['any case', { detail: { s: [{ 'equals-ignore-case': 'ABC' }] } }, true],
      ['anything but', { detail: { s: [{ 'anything-but': ['abc'] }] } }, false],
      ['anything but a prefix', { detail: { s: [{ 'anything-but': { prefix: 'x' } }] } }, true],
      ['a numeric range', { detail: { n: [{ numeric: ['>', 0, '<=', 5] }] } }, true],
      ['an address block', { detail: { ip: [{ cidr: '10.0.0.0/24' }] } }, true],
      ['what is there', { detail: { n: [{ exists: true }] } }, true],
      ['what is not there', { detail: { none: [{ exists: false }] } }, true],
      ['an element of a list', { detail: { list: ['y'] } }, true],
      ['either of two fields', { $or: [{ source: ['other'] }, { detail: { n: [5] } }] }, true],
    ])('matches %s', async (_what, pattern, expected) => {
      const tried = await client.send(new TestEventPatternCommand({ EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) }));
      expect(tried.Result).toBe(expected);
    });

    it('archives, describes the archive, and replays from it', async () => {
      const ArchiveName = target().name('archive');
      const { ArchiveArn } = await client.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn: arn, RetentionDays: 1 }));
      try {
        await target().until(
          async () => ((await client.send(new DescribeArchiveCommand({ ArchiveName }))).State === 'ENABLED' ? true : undefined),
          'the archive',
        );
        const ReplayName = target().name('replay');
        const span = { EventStartTime: new Date(Date.now() - 3_600_000), EventEndTime: new Date(Date.now() + 60_000) };
        await client.send(new StartReplayCommand({ ReplayName, EventSourceArn: ArchiveArn, Destination: { Arn: arn }, ...span }));
        const ended = await target().until(async () => {
          const replay = await client.send(new DescribeReplayCommand({ ReplayName }));
          return replay.State === 'STARTING' || replay.State === 'RUNNING' ? undefined : replay;
        }, 'the replay');
        expect(ended.State).toBe('COMPLETED');
      } finally {
        await client.send(new DeleteArchiveCommand({ ArchiveName }));
      }
    });
  });
}
