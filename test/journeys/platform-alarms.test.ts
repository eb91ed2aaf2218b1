/**
 * Each alarm of the platform goes off from what its vendor would send and is over when that ends, and people are told once of each. Data points
 * carry the documented namespace, dimensions, unit and period; events are of the documented shape.
 */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let cloudwatch: CloudWatchClient;

beforeAll(async () => {
  stack = await startStack();
  const client = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } };
  cloudwatch = new CloudWatchClient(client);
});
afterAll(() => stack.stop());

interface Point {
  namespace: string;
  metric: string;
  unit: string;
  dimensions: Readonly<Record<string, string>>;
}

/** Plays the service that owns the namespace: one value a minute. */
async function put({ namespace, metric, unit, dimensions }: Point, value: number): Promise<void> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  const response = await fetch(`${stack.aws}/_faults/metrics`, {
    method: 'POST',
    body: JSON.stringify({ Namespace: namespace, MetricData: [{ MetricName: metric, Unit: unit, Value: value, Dimensions }] }),
  });
  expect(response.status).toBe(202);
}

async function lasting(point: Point, value: number, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await put(point, value);
    await stack.advance(60);
  }
  await stack.advance(60);
  await stack.settled();
}

async function stateOf(alarm: string): Promise<string | undefined> {
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [`gatehouse-local-operations-${alarm}`] }));
  return MetricAlarms?.[0]?.StateValue;
}

async function messagesOf(alarm: string): Promise<string[]> {
  const { messages } = (await (await fetch(`${stack.outside}/slack/_messages`)).json()) as { messages: string[] };
  return messages.filter((text) => text.includes(`*gatehouse-local-operations-${alarm}`));
}

/** @see Amazon RDS, EFS, Bedrock, ACM and Lambda guides, "Metrics in CloudWatch" */
describe.each<[string, Point, { ill: number; well: number; minutes: number }]>([
  [
    'database-busy-1',
    { namespace: 'AWS/RDS', metric: 'CPUUtilization', unit: 'Percent', dimensions: { DBInstanceIdentifier: 'coder' } },
    { ill: 93, well: 12, minutes: 5 },
  ],
  [
    'homes-slow-1',
    { namespace: 'AWS/EFS', metric: 'BurstCreditBalance', unit: 'Bytes', dimensions: { FileSystemId: 'fs-0123456789abcdef0' } },
    { ill: 1e11, well: 2.3e12, minutes: 5 },
  ],
  [
    'bedrock-throttled-1',
    { namespace: 'AWS/Bedrock', metric: 'InvocationThrottles', unit: 'Count', dimensions: { ModelId: 'us.anthropic.claude-sonnet-4-6' } },
    { ill: 11, well: 0, minutes: 1 },
  ],
  ['functions-throttled', { namespace: 'AWS/Lambda', metric: 'Throttles', unit: 'Count', dimensions: {} }, { ill: 4, well: 0, minutes: 5 }],
])('%s', (alarm, point, { ill, well, minutes }) => {
  it('goes off, and people are told once', async () => {
    await lasting(point, ill, minutes);
    expect(await stateOf(alarm)).toBe('ALARM');
    expect(await messagesOf(alarm)).toHaveLength(1);
  });

  it('is over when its cause is, and people are told that too', async () => {
    await lasting(point, well, minutes);
    expect(await stateOf(alarm)).toBe('OK');
    expect(await messagesOf(alarm)).toEqual([expect.any(String), expect.stringContaining('is over')]);
  });
});

it('stays quiet when the same numbers come for another database', async () => {
  await lasting({ namespace: 'AWS/RDS', metric: 'CPUUtilization', unit: 'Percent', dimensions: { DBInstanceIdentifier: 'shop' } }, 99, 6);
  expect(await stateOf('database-busy-1')).toBe('OK');
});

it("warns of a certificate's end a month before", async () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:000000000000:certificate/claude';
  await put({ namespace: 'AWS/CertificateManager', metric: 'DaysToExpiry', unit: 'None', dimensions: { CertificateArn } }, 29);
  await stack.advance(86_400);
  await stack.settled();
  expect(await stateOf('certificate-ends-1')).toBe('ALARM');
  await put({ namespace: 'AWS/CertificateManager', metric: 'DaysToExpiry', unit: 'None', dimensions: { CertificateArn } }, 394);
  await stack.advance(86_400);
  await stack.settled();
  expect(await stateOf('certificate-ends-1')).toBe('OK');
});

const here = 'arn:aws:ecs:us-east-1:000000000000';
const stoppedTask = {
  source: 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  detail: {
    clusterArn: `${here}:cluster/workspaces`,
    group: 'service:coder',
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    taskArn: `${here}:task/workspaces/1`,
    version: 6,
  },
  resources: [`${here}:task/workspaces/1`],
};

/** @see "Amazon ECS events", "Monitoring AWS Backup events using EventBridge", "Step Functions event examples" */
describe.each([
  ['ecs-unstable', 3, stoppedTask],
  [
    'deployment-failed',
    1,
    {
      source: 'aws.ecs',
      'detail-type': 'ECS Deployment State Change',
      detail: { eventType: 'ERROR', eventName: 'SERVICE_DEPLOYMENT_FAILED', deploymentId: 'ecs-svc/1', reason: 'tasks failed to start' },
      resources: [`${here}:service/workspaces/coder`],
    },
  ],
  [
    'backup-failed',
    1,
    {
      source: 'aws.backup',
      'detail-type': 'Backup Job State Change',
      detail: {
        backupJobId: 'job-1',
        state: 'FAILED',
        resourceType: 'EFS',
        resourceArn: 'arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/fs-0123456789abcdef0',
      },
      resources: [],
    },
  ],
  [
    'machine-failed',
    1,
    {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: {
        executionArn: 'arn:aws:states:us-east-1:000000000000:execution:gatehouse-local-offboarding:1',
        stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-offboarding',
        name: '1',
        status: 'FAILED',
        startDate: 1_764_000_000_000,
        stopDate: 1_764_000_001_000,
        input: '{}',
      },
      resources: [],
    },
  ],
])('%s', (alarm, times, event) => {
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
    expect(await stateOf(alarm)).toBe('OK');
    expect(await messagesOf(alarm)).toHaveLength(2);
  });
});

it('pages for what cannot wait, by one incident that opens and closes', async () => {
  const { incidents } = (await (await fetch(`${stack.outside}/pagerduty/_incidents`)).json()) as { incidents: object[] };
  expect(incidents).toEqual([
    expect.objectContaining({ dedup_key: 'gatehouse-local-operations-machine-failed', state: 'resolved', severity: 'critical', events: 2 }),
  ]);
});
