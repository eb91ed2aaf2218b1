/**
 * Every alarm of every surface goes off from its cause and is over when that ends, over full periods of the stack's clock, and people are told
 * once of each. Setting an alarm's state is no cause.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetQueueUrlCommand, PurgeQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { alarmsOf } from '@gatehouse/contracts/in-stage';
import { deadLettersName } from '@gatehouse/contracts/names';
import { hasDeadLetters } from '@gatehouse/local/dead-letters';
import { addressesOf, localProfile } from '@gatehouse/local/profile';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';
import { type Cause, causes, events, happensIn, type Point } from './alarm-causes.fixture.ts';

const surfaces = await loadSurfaces();
/** These go off from their real causes, with a company around them. */
const provenElsewhere: Readonly<Record<string, string>> = {
  'people-sweep-behind': 'product-alarms.test.ts',
  'workspaces-coder-down': 'coder-health.test.ts',
  'usage-budget-exceeded': 'usage-budgets.test.ts',
  'usage-coverage-low': 'usage-reconciliation.test.ts',
  'usage-bill-drift': 'usage-reconciliation.test.ts',
  'usage-spend-rate': 'usage.test.ts',
  'usage-unpriced-tokens': 'usage.test.ts',
  'usage-ingest-refusals': 'usage.test.ts',
};

let stack: Stack;
let cloudwatch: CloudWatchClient;
let sqs: SQSClient;

beforeAll(async () => {
  stack = await startStack();
  const client = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } };
  cloudwatch = new CloudWatchClient(client);
  sqs = new SQSClient(client);
});
afterAll(() => stack.stop());

it('there is a cause here for every alarm of every surface', () => {
  const profile: Readonly<Record<string, unknown>> = localProfile(addressesOf(0));
  const declared = surfaces.flatMap(({ capability, alarms = [] }) =>
    alarms.flatMap((alarm) => alarmsOf('local', capability, alarm, profile[capability]).map(({ name }) => `${capability}-${name}`)),
  );
  for (const [alarm, file] of Object.entries(provenElsewhere))
    expect(readFileSync(path.join(import.meta.dirname, file), 'utf8'), file).toContain(`'${alarm.slice(alarm.indexOf('-') + 1)}'`);
  expect([...Object.keys(causes), ...Object.keys(events), ...Object.keys(provenElsewhere)].sort()).toEqual(declared.sort());
});

it('an alarm over a metric of our own goes off from what happens, too, and not from points alone', () => {
  const own = Object.entries(causes).filter(([, { namespace }]) => namespace === 'Gatehouse');
  expect(Object.keys(happensIn).sort()).toEqual(own.map(([alarm]) => alarm).sort());
  for (const [alarm, file] of Object.entries(happensIn))
    expect(readFileSync(path.join(import.meta.dirname, file), 'utf8'), file).toContain(`${alarm.slice(alarm.indexOf('-') + 1)}'`);
});

/** Plays whoever owns the namespace. */
async function put({ namespace, metric, unit, dimensions }: Point, value: number): Promise<void> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  const response = await fetch(`${stack.aws}/_faults/metrics`, {
    method: 'POST',
    body: JSON.stringify({ Namespace: namespace, MetricData: [{ MetricName: metric, Unit: unit, Value: value, Dimensions }] }),
  });
  expect(response.status).toBe(202);
}

/** One value of each a period, for as many periods as the alarms take; then time to look. */
async function lasting(every: number, times: number, points: readonly (readonly [Point, number | undefined])[]): Promise<void> {
  for (let period = 0; period < times; period++) {
    for (const [point, value] of points) if (value !== undefined) await put(point, value);
    await stack.advance(every);
  }
  await stack.advance(60);
  await stack.settled();
}

async function inAlarm(): Promise<string[]> {
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ StateValue: 'ALARM', MaxRecords: 100 }));
  return MetricAlarms.map(({ AlarmName = '' }) => AlarmName.replace('gatehouse-local-', ''));
}

async function messagesOf(alarm: string): Promise<string[]> {
  const { messages } = (await (await fetch(`${stack.outside}/slack/_messages`)).json()) as { messages: string[] };
  return messages.filter((text) =>
    [`*gatehouse-local-${alarm}*`, `*gatehouse-local-${alarm} is over*`].some((title) => text.includes(title)),
  );
}

type Named = readonly [string, Cause];
const rhythms = Object.entries(Object.groupBy(Object.entries(causes), ([, { every, times }]) => `${times} of ${every} seconds`)).map(
  ([rhythm, group = []]): [string, readonly Named[]] => [rhythm, group],
);

describe.each(rhythms)('alarms that take %s', (_, group) => {
  const [{ every, times }] = group.map(([, cause]) => cause) as [Cause]; // no group is empty

  it('stay quiet when the same numbers come for something else', async () => {
    const strange = group.flatMap(([, cause]) => [
      [{ ...cause, dimensions: { ...cause.dimensions, Strange: 'one' } }, cause.ill] as const,
      [{ ...cause, namespace: `${cause.namespace}/Strange` }, cause.ill] as const,
    ]);
    await lasting(every, times, strange);
    expect((await inAlarm()).filter((alarm) => group.some(([name]) => name === alarm))).toEqual([]);
  });

  it('go off, and people are told once of each', async () => {
    await lasting(
      every,
      times,
      group.map(([, cause]) => [cause, cause.ill]),
    );
    const ringing = await inAlarm();
    expect(group.map(([alarm]) => alarm).filter((alarm) => !ringing.includes(alarm))).toEqual([]);
    for (const [alarm] of group) expect(await messagesOf(alarm), alarm).toEqual([expect.stringContaining('Runbook: docs/alarms.md#')]);
  });

  it('are over when their causes are, and people are told that too', async () => {
    await lasting(
      every,
      times + 1,
      group.map(([, cause]) => [cause, cause.well]),
    );
    const ringing = await inAlarm();
    expect(group.map(([alarm]) => alarm).filter((alarm) => ringing.includes(alarm))).toEqual([]);
    for (const [alarm] of group) expect(await messagesOf(alarm), alarm).toEqual([expect.any(String), expect.stringContaining('is over')]);
  });
});

describe.each(Object.entries(events))('%s', (alarm, { times, event }) => {
  it('goes off after as many events as it says, is told once, and is over later', async () => {
    for (let time = 0; time < times; time++) {
      const response = await fetch(`${stack.aws}/_faults/events`, { method: 'POST', body: JSON.stringify(event) });
      expect(response.status).toBe(202);
    }
    await stack.settled();
    await stack.advance(360);
    await stack.settled();
    expect(await messagesOf(alarm)).toEqual([expect.stringContaining('Runbook: docs/alarms.md#operations-')]);
    await stack.advance(600);
    await stack.settled();
    expect(await inAlarm()).not.toContain(alarm);
    expect(await messagesOf(alarm)).toHaveLength(2);
  });
});

it('tells of an event that could not be handled, by capability, until its queue is empty', async () => {
  const queues = surfaces.filter(hasDeadLetters).map(({ capability }) => capability);
  const urls = await Promise.all(
    queues.map(async (capability) => {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: deadLettersName('local', capability) }));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
      return QueueUrl;
    }),
  );
  await stack.advance(120);
  await stack.settled();
  expect(await inAlarm()).toEqual(expect.arrayContaining(queues.map((capability) => `${capability}-dead-letters`)));
  for (const QueueUrl of urls) await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await stack.advance(180);
  await stack.settled();
  expect((await inAlarm()).filter((alarm) => alarm.endsWith('-dead-letters'))).toEqual([]);
});

it('pages for what cannot wait, by one incident that opens and closes', async () => {
  const { incidents } = (await (await fetch(`${stack.outside}/pagerduty/_incidents`)).json()) as { incidents: { dedup_key: string }[] };
  const incident = incidents.filter(({ dedup_key }) => dedup_key === 'gatehouse-local-operations-machine-failed');
  expect(incident).toEqual([expect.objectContaining({ state: 'resolved', severity: 'critical', events: 2 })]);
});
