/** Alarms about Gatehouse's own doings go off from the doings themselves, and are over when those end. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let cloudwatch: CloudWatchClient;

beforeAll(async () => {
  stack = await startStack();
  const client = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } };
  cloudwatch = new CloudWatchClient(client);
});
afterAll(() => stack.stop());

async function stateOf(capability: string, alarm: string): Promise<string | undefined> {
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [`gatehouse-local-${capability}-${alarm}`] }));
  return MetricAlarms?.[0]?.StateValue;
}

async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await stack.advance(60);
    await stack.settled();
  }
}

function refresh(token: string): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  return fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body });
}

it('a retired refresh token that comes back', async () => {
  const { refreshToken } = await stack.as('alice@example.com');
  expect((await refresh(refreshToken)).status).toBe(200);
  await stack.advance(61);
  expect((await refresh(refreshToken)).status).toBe(401);
  await minutes(6);
  expect(await stateOf('access', 'refresh-reuse')).toBe('ALARM');
  await minutes(11);
  expect(await stateOf('access', 'refresh-reuse')).toBe('OK');
});

it('a hundred tokens that are none', async () => {
  const body = () =>
    new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'eyJhbGciOiJub25lIn0.e30.',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
  for (let tried = 0; tried < 100; tried += 10)
    await Promise.all(Array.from({ length: 10 }, () => fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body: body() })));
  await minutes(6);
  expect(await stateOf('access', 'refusal-surge')).toBe('ALARM');
  await minutes(11);
  expect(await stateOf('access', 'refusal-surge')).toBe('OK');
});

it('a directory that lists people and does not show them, sweep after sweep', async () => {
  // More than the sweep reads at once: it stops at those that it cannot read, and the others wait.
  for (let person = 0; person < 40; person++) {
    const hired = { method: 'POST', body: JSON.stringify({ email: `newcomer${person}@example.com` }) };
    const { id } = (await (await fetch(`${stack.idp}/directory/users?silent=1`, hired)).json()) as { id: string };
    await fetch(`${stack.idp}/_faults`, { method: 'POST', body: JSON.stringify({ path: `/api/v1/users/${id}`, status: 503 }) });
  }
  for (let sweep = 0; sweep < 6; sweep++) await minutes(15);
  expect(await stateOf('people', 'directory-unreadable')).toBe('ALARM');
  expect(await stateOf('people', 'sweep-behind')).toBe('ALARM');
  await fetch(`${stack.idp}/_faults`, { method: 'DELETE' });
  for (let sweep = 0; sweep < 3; sweep++) await minutes(15);
  expect(await stateOf('people', 'directory-unreadable')).toBe('OK');
  expect(await stateOf('people', 'sweep-behind')).toBe('OK');
});
