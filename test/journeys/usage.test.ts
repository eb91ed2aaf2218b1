import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordExporter, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let tables: DynamoDBDocumentClient;

beforeAll(async () => {
  stack = await startStack();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: stack.aws, region: 'us-east-1', credentials }));
}, 60_000);
afterAll(async () => {
  tables?.destroy();
  await stack?.stop();
});

const resource = resourceFromAttributes({
  'service.name': 'claude-code',
  'service.version': '2.1.330',
  'user.email': 'somebody.else@example.com',
});
const headersOf = ({ accessToken }: Person) => ({ authorization: `Bearer ${accessToken}` });
let sessions = 0;

/** Counts tokens as Claude Code does and sends them once, with the SDK's own exporter. */
async function exportTokens(
  exporter: PushMetricExporter,
  tokens: Readonly<Record<string, number>>,
  { model = 'claude-opus-4-8', rounds = 1 }: { model?: string; rounds?: number } = {},
): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const counter = meters.getMeter('com.anthropic.claude_code', '2.1.330').createCounter('claude_code.token.usage', { unit: 'tokens' });
  const session = { 'session.id': `journey-${sessions++}`, 'user.id': 'whoever', 'anthropic.provider': 'gateway' };
  for (let round = 0; round < rounds; round++) {
    for (const [type, count] of Object.entries(tokens)) counter.add(count, { ...session, type, model });
    await meters.forceFlush();
  }
  await meters.shutdown();
}

async function exportRequest(exporter: LogRecordExporter, attributes: Readonly<Record<string, string | number>>): Promise<void> {
  const loggers = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(exporter)] });
  loggers.getLogger('com.anthropic.claude_code.events', '2.1.330').emit({
    body: 'claude_code.api_request',
    attributes: { 'event.name': 'api_request', 'session.id': `journey-${sessions++}`, 'anthropic.provider': 'gateway', ...attributes },
  });
  await loggers.forceFlush();
  await loggers.shutdown();
}

interface Usage {
  rows: { key: string; amount_micros: number; requests: number; tokens: Record<string, number> }[];
  limits: { scope: string; period: string; amount_micros: number; used_micros: number; resets_at: string }[];
}
async function usageOf(person: Person): Promise<Usage> {
  const response = await person.fetch('/v1/usage');
  expect(response.status).toBe(200);
  return (await response.json()) as Usage;
}
/** An alarm of usage, asked for as the AWS SDK asks. */
async function alarmState(name: string): Promise<string | undefined> {
  const answer = await fetch(stack.aws, {
    method: 'POST',
    headers: { 'x-amz-target': 'GraniteServiceVersion20100801.DescribeAlarms', 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ AlarmNames: [`gatehouse-local-usage-${name}`] }),
  });
  const { MetricAlarms } = (await answer.json()) as { MetricAlarms: { StateValue: string }[] };
  return MetricAlarms[0]?.StateValue;
}

const total = ({ rows }: Usage) => rows.reduce((sum, row) => sum + row.amount_micros, 0);

describe('usage, from an OpenTelemetry SDK to the bill', () => {
  it.each([
    ['JSON', JsonMetricExporter],
    ['protobuf', ProtoMetricExporter],
  ])('counts the token counter of an unmodified SDK in %s', async (_, Exporter) => {
    const alice = await stack.as('alice@example.com');
    const before = total(await usageOf(alice));
    const options = { url: `${stack.gateway}/v1/metrics`, headers: headersOf(alice) };
    await exportTokens(new Exporter({ ...options, temporalityPreference: AggregationTemporality.DELTA }), {
      input: 1_000,
      output: 100,
      cacheRead: 10_000,
      cacheCreation: 400,
    });
    expect(total(await usageOf(alice)) - before).toBe(1_000 * 5 + 100 * 25 + 10_000 * 0.5 + 400 * 6.25);
  });

  it('counts a cumulative counter by its growth, compressed', async () => {
    const ivan = await stack.as('ivan@example.com');
    const exporter = new ProtoMetricExporter({
      url: `${stack.gateway}/v1/metrics`,
      headers: headersOf(ivan),
      compression: 'gzip' as never,
      temporalityPreference: AggregationTemporality.CUMULATIVE,
    });
    await exportTokens(exporter, { input: 1_000 }, { rounds: 3 });
    expect(total(await usageOf(ivan))).toBe(3 * 1_000 * 5);
  });

  it.each([
    ['JSON', JsonLogExporter],
    ['protobuf', ProtoLogExporter],
  ])('prices the request events of an unmodified SDK in %s, with both lifetimes of the cache', async (_, Exporter) => {
    const dave = await stack.as('dave@example.com');
    const before = total(await usageOf(dave));
    await exportRequest(new Exporter({ url: `${stack.gateway}/v1/logs`, headers: headersOf(dave) }), {
      'event.sequence': 1,
      model: 'claude-sonnet-4-6',
      input_tokens: 100,
      output_tokens: 10,
      cache_creation_tokens: 300,
      cache_creation_5m_tokens: 100,
      cache_creation_1h_tokens: 200,
    });
    expect(total(await usageOf(dave)) - before).toBe(100 * 3 + 10 * 15 + 100 * 3.75 + 200 * 6);
  });

  it('tells once that a budget is used up, and shows it to whom it concerns', async () => {
    const frank = await stack.as('frank@example.com');
    const options = { url: `${stack.gateway}/v1/metrics`, headers: headersOf(frank), temporalityPreference: AggregationTemporality.DELTA };
    for (let round = 0; round < 2; round++)
      await exportTokens(new JsonMetricExporter(options), { output: 1_500_000 }, { model: 'claude-haiku-4-5' });
    await stack.settled();
    const [daily] = (await usageOf(frank)).limits;
    expect(daily).toMatchObject({ scope: 'person', period: 'daily', amount_micros: 10_000_000, used_micros: 15_000_000 });
    const day = daily?.resets_at ?? '';
    const start = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
    const key = { pk: `BUDGET#person:${frank.id}:daily`, sk: `${start}#10000000` };
    const { Item } = await tables.send(new GetCommand({ TableName: 'gatehouse-local-usage', Key: key }));
    expect(Item).toMatchObject({ told_percent: 100 });
    const rings = await stack.until(async () => ((await alarmState('budget-exceeded')) === 'ALARM' ? true : undefined), {
      stepSeconds: 30,
      what: 'the alarm',
    });
    expect(rings).toBe(true);
    const bars = await (await frank.fetch('/api/oauth/usage')).json();
    expect(bars).toMatchObject({ extra_usage: { daily: { limit: 1_000, used_credits: 1_500, utilization: 150 } } });
  });

  it('answers an administrator for the whole company, and nobody else', async () => {
    const [carol, alice] = await Promise.all([stack.as('carol@example.com'), stack.as('alice@example.com')]);
    expect((await alice.fetch('/admin/spend')).status).toBe(403);
    const answer = await carol.fetch('/admin/spend?by=group');
    expect(answer.status).toBe(200);
    const { rows } = (await answer.json()) as Usage;
    expect(rows.map(({ key }) => key).sort()).toEqual(['contractors', 'engineering']);
    const csv = await carol.fetch('/admin/spend?by=person', { headers: { accept: 'text/csv' } });
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(await csv.text()).toContain(alice.id);
  });

  it('keeps what nobody can price aside, and says so', async () => {
    const alice = await stack.as('alice@example.com');
    const before = total(await usageOf(alice));
    const options = { url: `${stack.gateway}/v1/metrics`, headers: headersOf(alice), temporalityPreference: AggregationTemporality.DELTA };
    await exportTokens(new JsonMetricExporter(options), { input: 77 }, { model: 'claude-unheard-of-9' });
    expect(total(await usageOf(alice))).toBe(before);
    const waiting = await tables.send(
      new QueryCommand({
        TableName: 'gatehouse-local-usage',
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :model',
        ExpressionAttributeValues: { ':model': 'UNPRICED#claude-unheard-of-9' },
      }),
    );
    expect(waiting.Items).toHaveLength(1);
  });
});

describe('the gateway’s answers to exporters', () => {
  it('are in the sender’s encoding, for what is taken and what is not', async () => {
    const erin = await stack.as('erin@example.com');
    const send = (type: string, body: string | Buffer, more: Record<string, string> = {}) =>
      erin.fetch('/v1/metrics', { method: 'POST', headers: { 'content-type': type, ...more }, body: body as string });
    const empty = await send('application/x-protobuf', '');
    expect([empty.status, empty.headers.get('content-type'), await empty.text()]).toEqual([200, 'application/x-protobuf', '']);
    expect(await (await send('application/json; charset=utf-8', '{}')).text()).toBe('{}');
    expect((await send('application/json', gzipSync('{}'), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await send('application/json', '{')).status).toBe(400);
    expect((await send('text/plain', 'hello')).status).toBe(415);
    expect((await erin.fetch('/v1/metrics')).status).toBe(405);
    const refused = await fetch(`${stack.gateway}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect([refused.status, await refused.json()]).toEqual([401, { code: 16, message: expect.any(String) }]);
  });

  it('refuse a session within seconds of its end', async () => {
    const erin = await stack.as('erin@example.com');
    const post = () => erin.fetch('/v1/logs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect((await post()).status).toBe(200);
    const revoked = await fetch(`${stack.gateway}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: erin.refreshToken }),
    });
    expect(revoked.status).toBe(200);
    await stack.advance(3);
    expect((await post()).status).toBe(401);
  });
});

describe('the alarms on usage', () => {
  const names = ['unpriced-tokens', 'ingest-refusals', 'spend-rate'];
  const told = async (name: string) => {
    const { messages } = (await (await fetch(`${stack.outside}/slack/_messages`)).json()) as { messages: string[] };
    return messages.filter((text) => text.includes(`gatehouse-local-usage-${name}`)).map((text) => text.includes('is over'));
  };
  const states = async () => Promise.all(names.map(alarmState));
  it('go off for what nobody can price, nobody can read and costs too much, and are over with it', async () => {
    const alice = await stack.as('alice@example.com');
    const options = { url: `${stack.gateway}/v1/metrics`, headers: headersOf(alice), temporalityPreference: AggregationTemporality.DELTA };
    await exportTokens(new JsonMetricExporter(options), { input: 1 }, { model: 'claude-unheard-of-10' });
    // 25 dollars for a million of them.
    await exportTokens(new JsonMetricExporter(options), { output: 20_000_000 });
    for (let sent = 0; sent < 10; sent++) {
      const answer = await alice.fetch('/v1/logs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
      expect(answer.status).toBe(400);
    }
    await stack.settled();
    // Periods are full before they are judged: the alarms of minutes are over before the one of an hour goes off.
    const rang = new Set<string>();
    await stack.until(
      async () => {
        for (const [index, state] of (await states()).entries()) if (state === 'ALARM') rang.add(names[index] ?? '');
        return rang.size === names.length ? true : undefined;
      },
      { stepSeconds: 240, timeoutMs: 40_000, what: 'all three' },
    );
    await stack.until(async () => ((await states()).every((state) => state === 'OK') ? true : undefined), {
      stepSeconds: 1_800,
      timeoutMs: 40_000,
      what: 'the end of all three',
    });
    await stack.settled();
    for (const name of names) expect(await told(name), name).toEqual([false, true]);
  }, 90_000);
});
