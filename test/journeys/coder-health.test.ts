/** The alarms about Coder go off from what Coder really does, and are over when that is. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { seededWorkspaceId } from '@gatehouse/local/outside/coder/create-coder';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;
let cloudwatch: CloudWatchClient;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
  cloudwatch = new CloudWatchClient({
    endpoint: stack.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'me', secretAccessKey: 'any' },
  });
});
afterAll(() => stack?.stop());

async function fault(wish: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${stack.outside}/_faults`, { method: 'POST', headers, body: JSON.stringify(wish) });
  expect(response.status).toBe(201);
}
const noFaults = () => fetch(`${stack.outside}/_faults`, { method: 'DELETE' });

async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await stack.advance(60);
    await stack.settled();
  }
}

async function stateOf(alarm: string): Promise<string | undefined> {
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [`gatehouse-local-workspaces-${alarm}`] }));
  return MetricAlarms?.[0]?.StateValue;
}

it('somebody is woken when Coder does not answer for two minutes, and it is over when it does', async () => {
  await minutes(3);
  expect(await stateOf('coder-down')).toBe('OK');
  await fault({ path: '/coder/healthz', status: 503 });
  await minutes(4);
  expect(await stateOf('coder-down')).toBe('ALARM');
  await noFaults();
  await minutes(4);
  expect(await stateOf('coder-down')).toBe('OK');
});

it('people are told when more than three builds fail within five minutes, each counted once', async () => {
  await fault({ path: '/coder/api/v2/workspaces', method: 'POST', effect: 'build-fails' });
  for (const name of ['alice', 'bob', 'carol', 'dave']) {
    const id = seededWorkspaceId(`${name}@example.com`);
    expect((await company.coder('POST', `/workspaces/${id}/builds`, { transition: 'start' })).status).toBe(201);
  }
  await minutes(6);
  expect(await stateOf('builds-failed')).toBe('ALARM');
  await minutes(11);
  expect(await stateOf('builds-failed'), 'nothing has failed since').toBe('OK');
});
