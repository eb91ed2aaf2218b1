/** Proves groups and streams that people make themselves, with the SDK client on the stack clock. */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import type { MetricPoint } from '../cloudwatch/metric-store.ts';
import { createLogs } from '../logs.ts';
import { listen, type TestEndpoint } from '../test-endpoint.ts';
import { createGroups } from './groups.ts';

const clock = createClock();
const points: MetricPoint[] = [];
const logs = createLogs({ clock, onPoint: (point) => void points.push(point) });
const logGroupName = 'own/group';
const daySeconds = 86_400;
let endpoint: TestEndpoint;
let client: CloudWatchLogsClient;

beforeAll(async () => {
  endpoint = await listen([logs.service], clock);
  client = new CloudWatchLogsClient(endpoint.client);
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of ['a', 'b']) await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
});
afterAll(async () => {
  await endpoint.close();
  clock.close();
});

const put = (logStreamName: string, ...events: [agoSeconds: number, message: string][]) =>
  client.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName,
      logEvents: events.map(([ago, message]) => ({ timestamp: Math.floor(clock.now() - ago * 1000), message })),
    }),
  );
async function lines(more: object = {}): Promise<(string | undefined)[]> {
  const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName, ...more }));
  return events.map(({ message }) => message);
}

it('keeps what is put into each stream, and reads it by stream and by text', async () => {
  await put('a', [2, 'first'], [1, 'second']);
  await put('b', [0, 'third']);
  expect([await lines(), await lines({ logStreamNames: ['b'] }), await lines({ filterPattern: 'second' })]).toEqual([
    ['first', 'second', 'third'],
    ['third'],
    ['second'],
  ]);
  const { events } = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'a', startFromHead: true }));
  expect(events?.map(({ message }) => message)).toEqual(['first', 'second']);
  await expect(put('never made', [0, 'x'])).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('leaves out what is too old or too new, and says so', async () => {
  const { rejectedLogEventsInfo } = await put('b', [15 * daySeconds, 'old'], [0, 'now'], [-3 * 3600, 'soon']);
  expect(rejectedLogEventsInfo).toMatchObject({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
  expect((await lines()).at(-1)).toBe('now');
  await expect(put('b', [0, 'late'], [1, 'early'])).rejects.toMatchObject({ name: 'InvalidParameterException' });
});

it('reads the metrics embedded in what is put', async () => {
  const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [{ Namespace: 'Own', Dimensions: [[]], Metrics: [{ Name: 'Count' }] }] };
  await put('a', [0, JSON.stringify({ _aws, Count: 3 })]);
  expect(points).toMatchObject([{ namespace: 'Own', name: 'Count', values: [3] }]);
});

it('forgets a stream, what its retention is over, and a whole group', async () => {
  await client.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: 'b' }));
  const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect([logStreams?.map(({ logStreamName }) => logStreamName), (await lines()).includes('third')]).toEqual([['a'], false]);
  await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
  expect(await lines()).toContain('first');
  clock.advance(daySeconds + 3);
  expect(await lines()).toEqual([]);
  await client.send(new DeleteLogGroupCommand({ logGroupName }));
  await expect(lines()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('keeps no more of all groups than a fixed amount, and takes it from the longest one', () => {
  const groups = createGroups({ now: () => 0, write: () => {}, onGone: () => {} });
  const stored = () => {
    const described = groups.operations.DescribeLogGroups?.({}, {} as never) as { logGroups: { storedBytes: number }[] } | undefined;
    return (described?.logGroups ?? []).map(({ storedBytes }) => storedBytes);
  };
  groups.append('quiet', { stream: 'a', message: 'the only one', timestamp: 0 });
  const message = 'x'.repeat(100_000);
  for (let line = 0; line < 390; line++)
    for (let group = 0; group < 6; group++) groups.append(`group-${group}`, { stream: 'a', message, timestamp: line });
  const [quiet, ...others] = stored().reverse();
  expect(quiet).toBe('the only one'.length);
  const sum = others.reduce((total, one) => total + one, 0);
  expect(sum).toBeGreaterThan(12_000_000);
  expect(sum).toBeLessThanOrEqual(16_000_000);
  expect(Math.min(...others)).toBeGreaterThan(1_000_000);
});
