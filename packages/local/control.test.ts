/** Proves the paths beside the AWS endpoint over HTTP: faults are read strictly, listed, and taken away; the clock only moves forward. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CloudWatchClient, ListMetricsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloudWatch } from './aws/cloudwatch/cloudwatch.ts';
import { createEndpoint } from './aws/endpoint.ts';
import { createAwsFaults } from './aws/faults.ts';
import { createClock } from './clock.ts';
import { createControl } from './control.ts';

const clock = createClock();
const faults = createAwsFaults(clock, async () => ({}));
const cloudwatch = createCloudWatch({ clock, onAlarm: () => {} });
let moves = 0;
const published: unknown[] = [];
const server = createControl(createEndpoint({ services: [cloudwatch.service], faults, clock }), {
  clock,
  faults,
  putPlatformMetrics: cloudwatch.putPlatformMetrics,
  publishEvent: (bus, event) => void published.push({ bus, event }),
  settled: async () => {},
  routes: [],
  moved: () => {
    moves++;
  },
});
let url = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  cloudwatch.close();
  clock.close();
});
// biome-ignore lint/suspicious/noExplicitAny: answers of several paths; every read of one is an expectation.
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url + path, { method, ...(body !== undefined && { body: text }) });
  return { status: response.status, body: await response.json() };
}

describe('/_faults', () => {
  it('adds a fault, lists it with how often it struck, and takes it away', async () => {
    const added = await call('POST', '/_faults', { service: 'dynamodb', operation: 'PutItem', throttle: true, times: 2, seconds: 60 });
    expect([added.status, added.body]).toMatchObject([201, { service: 'dynamodb', throttle: true, struck: 0, id: expect.any(String) }]);
    expect((await call('GET', '/_faults')).body.faults).toHaveLength(1);
    expect((await call('DELETE', `/_faults/${added.body.id}`)).body).toEqual({ faults: [] });
    expect((await call('DELETE', `/_faults/${added.body.id}`)).status).toBe(404);
  });

  it('clears all at once', async () => {
    await call('POST', '/_faults', { throttle: true });
    await call('POST', '/_faults', { hang: true });
    expect((await call('DELETE', '/_faults')).body).toEqual({ faults: [] });
  });

  it.each([
    ['no JSON', 'x', 'Write a JSON object'],
    ['a word it does not know', { service: 'kms', throtle: true }, '"throtle" is no part of a fault'],
    ['a value of another type', { delay_ms: '5' }, '"delay_ms" is a number'],
    ['a fault that does nothing', { service: 'kms' }, 'A fault does something'],
    ['no times at all', { throttle: true, times: 0 }, '"times" is at least 1'],
    ['no time at all', { throttle: true, seconds: 0 }, '"seconds" is above 0'],
    ['half an entry', { partial: 0.5 }, '"partial" is how many'],
    ['a status of success', { error: 'X', status: 200 }, '"status" is between 400 and 599'],
  ])('refuses %s in a sentence', async (_name, body, words) => {
    const answer = await call('POST', '/_faults', body);
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(words)]);
  });
});

describe('/_clock', () => {
  it('moves forward, and tells that it moved', async () => {
    const { body } = await call('POST', '/_clock', { advance_seconds: 60 });
    expect([body.ahead_seconds, moves]).toEqual([60, 1]);
    expect((await call('POST', '/_clock', { advance_seconds: -1 })).status).toBe(400);
    expect((await call('GET', '/_clock')).body.ahead_seconds).toBe(60);
  });
});

describe('/_faults/events', () => {
  const event = { source: 'aws.ecs', 'detail-type': 'ECS Service Action', detail: { eventType: 'WARN' }, resources: ['arn'] };

  it('plays a service or a partner, whose sources PutEvents refuses to everybody else', async () => {
    expect((await call('POST', '/_faults/events', { ...event, id: 'any', version: '0' })).status).toBe(202);
    expect((await call('POST', '/_faults/events?bus=partner', event)).status).toBe(202);
    expect(published).toEqual([
      { bus: 'default', event },
      { bus: 'partner', event },
    ]);
  });

  it.each([
    ['no source', { ...event, source: undefined }],
    ['a detail that is text', { ...event, detail: 'x' }],
    ['no JSON', 'x'],
  ])('refuses %s in words', async (_, wrong) => {
    expect(await call('POST', '/_faults/events', wrong)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('detail-type') },
    });
  });
});

describe('/_faults/metrics', () => {
  const MetricData = [{ MetricName: 'Throttles', Value: 3, Dimensions: [{ Name: 'FunctionName', Value: 'f' }] }];

  it('plays an AWS service, whose name space PutMetricData refuses to everybody else', async () => {
    const client = new CloudWatchClient({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
    const put = client.send(new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData }));
    await expect(put).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    expect((await call('POST', '/_faults/metrics', { Namespace: 'AWS/Lambda', MetricData })).status).toBe(202);
    const { Metrics } = await client.send(new ListMetricsCommand({ Namespace: 'AWS/Lambda' }));
    expect(Metrics).toMatchObject([{ MetricName: 'Throttles', Dimensions: [{ Name: 'FunctionName', Value: 'f' }] }]);
  });

  it('says what is wrong with what it does not take', async () => {
    expect((await call('POST', '/_faults/metrics', 'x')).body.error).toContain('MetricData');
    const unnamed = await call('POST', '/_faults/metrics', { Namespace: 'AWS/Lambda', MetricData: [{ Value: 1 }] });
    expect([unnamed.status, unnamed.body.error]).toEqual([400, expect.stringContaining('MetricName')]);
  });
});
