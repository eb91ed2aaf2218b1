/** Proves log groups over the wire protocol that the SDK clients speak (AWS JSON), and the metrics embedded in what functions print. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createEndpoint } from './endpoint.ts';
import { type MetricPoint, readEmf } from './logs/emf.ts';
import { createLogs } from './logs.ts';

const now = Date.parse('2030-01-01T00:00:30Z');
const clock = createClock(() => now);
const points: MetricPoint[] = [];
const logs = createLogs({ clock, onPoint: (point) => void points.push(point) });
const server = createEndpoint({ services: [logs.service], clock });
let url = '';
beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
// biome-ignore lint/suspicious/noExplicitAny: an answer of the wire; every read of it is an expectation.
async function call(target: string, input: object): Promise<any> {
  const answer = await fetch(url, { method: 'POST', headers: { 'x-amz-target': target }, body: JSON.stringify(input) });
  return answer.json();
}

const valid = () => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: 'Gatehouse',
        Dimensions: [['capability'], ['capability', 'model']],
        Metrics: [{ Name: 'Spend', Unit: 'Count' }, { Name: 'Tokens' }],
      },
    ],
  },
  capability: 'usage',
  model: 'haiku',
  Spend: 5,
  Tokens: [1, 2.5],
  person: 'per_1',
});
type Document = ReturnType<typeof valid>;
const read = (change: (document: Document) => void, at = now) => {
  const document = valid();
  change(document);
  return readEmf(JSON.stringify(document), at);
};
const directive = (document: Document) => document._aws.CloudWatchMetrics[0] as Record<string, unknown>;

describe('an embedded metric document', () => {
  it('gives a point for every metric under every dimension set', () => {
    const emf = read(() => {});
    expect(
      emf.kind === 'points' && emf.points.map(({ name, dimensions, values, unit }) => [name, Object.keys(dimensions).join(), values, unit]),
    ).toEqual([
      ['Spend', 'capability', [5], 'Count'],
      ['Spend', 'capability,model', [5], 'Count'],
      ['Tokens', 'capability', [1, 2.5], 'None'],
      ['Tokens', 'capability,model', [1, 2.5], 'None'],
    ]);
  });

  it.each<[string, (document: Document) => void]>([
    ['no timestamp', (d) => Reflect.deleteProperty(d._aws, 'Timestamp')],
    ['an old timestamp', (d) => Object.assign(d._aws, { Timestamp: now - 15 * 86_400_000 })],
    ['a timestamp ahead', (d) => Object.assign(d._aws, { Timestamp: now + 3 * 3_600_000 })],
    ['no namespace', (d) => Object.assign(directive(d), { Namespace: '' })],
    ["an AWS service's namespace", (d) => Object.assign(directive(d), { Namespace: 'AWS/Lambda' })],
    ['a unit of OpenTelemetry', (d) => Object.assign(directive(d), { Metrics: [{ Name: 'Spend', Unit: 'USD' }] })],
    ['too many metrics', (d) => Object.assign(directive(d), { Metrics: Array.from({ length: 101 }, () => ({ Name: 'Spend' })) })],
    ['too many dimensions', (d) => Object.assign(directive(d), { Dimensions: [Array.from({ length: 31 }, () => 'model')] })],
    ['a metric that is not there', (d) => Reflect.deleteProperty(d, 'Spend')],
    ['a metric that was NaN', (d) => Object.assign(d, { Spend: Number.NaN })],
    ['too many values', (d) => Object.assign(d, { Spend: Array.from({ length: 101 }, () => 1) })],
    ['a dimension that is not there', (d) => Reflect.deleteProperty(d, 'model')],
    ['a dimension that is a number', (d) => Object.assign(d, { model: 5 })],
    ['a dimension that is a path', (d) => Object.assign(d, { model: undefined, Dimensions: [['a.b']], a: { b: 'x' } })],
  ])('with %s is refused', (_title, change) => {
    expect(read(change).kind).toBe('validation');
  });

  it('is told from other lines', () => {
    expect(readEmf('hello', now).kind).toBe('none');
    expect(readEmf('{"message":"about \\"CloudWatchMetrics\\""}', now).kind).toBe('none');
    expect(readEmf(`${JSON.stringify(valid())} trailing`, now).kind).toBe('parsing');
  });
});

describe('the logs of functions', () => {
  it('answer by group, time and text', async () => {
    for (const line of ['first', 'second error', 'third']) logs.write('f', line);
    const group = { logGroupName: '/aws/lambda/f' };
    const all = await call('Logs_20140328.FilterLogEvents', group);
    expect(all.events.map(({ message, timestamp }: { message: string; timestamp: number }) => [message, timestamp])).toEqual([
      ['first', now],
      ['second error', now],
      ['third', now],
    ]);
    const some = await call('Logs_20140328.FilterLogEvents', { ...group, filterPattern: 'error -third', startTime: now });
    expect(some.events).toHaveLength(1);
    expect((await call('Logs_20140328.FilterLogEvents', { ...group, endTime: now })).events).toEqual([]);
    const described = await call('Logs_20140328.DescribeLogGroups', { logGroupNamePrefix: '/aws/' });
    expect(described.logGroups).toMatchObject([
      { logGroupName: '/aws/lambda/f', arn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*' },
    ]);
    expect(await call('Logs_20140328.FilterLogEvents', { logGroupName: 'nope' })).toMatchObject({ __type: 'ResourceNotFoundException' });
  });

  it('page forwards and backwards', async () => {
    for (let n = 0; n < 5; n++) logs.write('paged', `line ${n}`);
    const group = { logGroupName: '/aws/lambda/paged', limit: 2 };
    const first = await call('Logs_20140328.FilterLogEvents', group);
    const second = await call('Logs_20140328.FilterLogEvents', { ...group, nextToken: first.nextToken });
    expect(second.events.map(({ message }: { message: string }) => message)).toEqual(['line 2', 'line 3']);
    const last = await call('Logs_20140328.GetLogEvents', { ...group, logStreamName: 'local' });
    expect(last.events.map(({ message }: { message: string }) => message)).toEqual(['line 3', 'line 4']);
    const before = await call('Logs_20140328.GetLogEvents', { ...group, logStreamName: 'local', nextToken: last.nextBackwardToken });
    expect(before.events.map(({ message }: { message: string }) => message)).toEqual(['line 1', 'line 2']);
    expect(
      (await call('Logs_20140328.GetLogEvents', { ...group, logStreamName: 'local', nextToken: last.nextForwardToken })).events,
    ).toEqual([]);
  });

  it('are bounded', async () => {
    for (let n = 0; n < 25_000; n++) logs.write('bounded', `line ${n}`);
    const { events } = await call('Logs_20140328.GetLogEvents', { logGroupName: '/aws/lambda/bounded', logStreamName: 'local', limit: 1 });
    const { logGroups } = await call('Logs_20140328.DescribeLogGroups', { logGroupNamePrefix: '/aws/lambda/bounded' });
    expect([events[0].message, logGroups[0].storedBytes < 200_000]).toEqual(['line 24999', true]);
  });
});

describe('the embedded metrics of functions', () => {
  it('are told, a point for each metric and dimension set', () => {
    points.length = 0;
    logs.write('usage', JSON.stringify(valid()));
    expect(points.map(({ name, values }) => [name, values])).toEqual([
      ['Spend', [5]],
      ['Spend', [5]],
      ['Tokens', [1, 2.5]],
      ['Tokens', [1, 2.5]],
    ]);
  });

  it('count the documents that CloudWatch would drop', () => {
    const bad = valid();
    Reflect.deleteProperty(bad, 'Spend');
    logs.write('usage', JSON.stringify(bad));
    expect(points.at(-1)).toMatchObject({
      namespace: 'AWS/Logs',
      name: 'EMFValidationErrors',
      dimensions: { LogGroupName: '/aws/lambda/usage' },
    });
  });
});
