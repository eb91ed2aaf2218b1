/** Usage from a real OpenTelemetry SDK: metrics over protobuf, an event over JSON, and a retry that changes nothing. */
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { type Chapter, expectJson, type Story } from './story.ts';

interface Usage {
  rows: { key: string; amount_micros: number; requests: number; tokens: Record<string, number> }[];
  price_book: string;
}

const resource = resourceFromAttributes({ 'service.name': 'claude-code', 'service.version': '2.1.330' });
const model = 'claude-opus-4-8';
const counted = { input: 1200, output: 400, cacheRead: 50_000, cacheCreation: 8_000 };

export const chapter: Chapter = {
  title: 'Usage is counted once, and priced',
  async tell(story) {
    const token = story.kept.get('token alice@example.com') as string;
    const headers = { authorization: `Bearer ${token}` };

    await story.step('an OpenTelemetry SDK exports token counts (POST /v1/metrics, protobuf)', async () => {
      await exportTokens(story, headers);
      return { result: undefined, said: `${JSON.stringify(counted)} of ${model}` };
    });
    const first = await story.step('what alice has spent (GET /v1/usage)', async () => {
      const usage = await expectJson<Usage>(200, await fetch(`${story.gateway}/v1/usage`, { headers }));
      const micros = spent(usage);
      // 5, 25, 0.5 and 6.25 dollars for a million tokens of this model, the cache written for five minutes.
      const expected = counted.input * 5 + counted.output * 25 + counted.cacheRead * 0.5 + counted.cacheCreation * 6.25;
      if (micros !== expected) throw new Error(`${micros} micro-dollars instead of ${expected}`);
      return { result: micros, said: `${micros} micro-dollars = $${(micros / 1e6).toFixed(4)}, price book ${usage.price_book}` };
    });
    await story.step('the same body again, twice, as a retrying exporter sends it', async () => {
      const body = eventBody(story);
      for (let copy = 0; copy < 3; copy++) {
        const sent = await fetch(`${story.gateway}/v1/logs`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
        });
        if (sent.status !== 200) throw new Error(`answered ${sent.status}: ${await sent.text()}`);
      }
      const usage = await expectJson<Usage>(200, await fetch(`${story.gateway}/v1/usage`, { headers }));
      const added = spent(usage) - first;
      if (added !== 10 * 5 + 20 * 25) throw new Error(`three copies added ${added} micro-dollars instead of 550`);
      return { result: undefined, said: 'counted once: 550 micro-dollars' };
    });
    await story.step('an event of the SDK (POST /v1/logs, JSON)', async () => {
      await exportEvent(story, headers);
      const usage = await expectJson<Usage>(200, await fetch(`${story.gateway}/v1/usage`, { headers }));
      const added = spent(usage) - first - 550;
      if (added !== 100 * 5 + 50 * 25) throw new Error(`it added ${added} micro-dollars instead of 1750`);
      return { result: undefined, said: '1750 micro-dollars' };
    });
    await story.step('what alice reports, beside what the ledger bills (GET /admin/reconciliation)', async () => {
      const administrator = story.kept.get('token carol@example.com');
      if (typeof administrator !== 'string') return { result: undefined, said: 'no administrator is signed in yet' };
      const day = new Date().toISOString().slice(0, 10);
      const answer = await fetch(`${story.gateway}/admin/reconciliation?from=${day}&to=${day}`, {
        headers: { authorization: `Bearer ${administrator}` },
      });
      const { rows } = await expectJson<{ rows: { ledger_micros: number; client_micros: number; state: string }[] }>(200, answer);
      const [row] = rows;
      if (row?.state !== 'reporting' || row.client_micros !== row.ledger_micros) throw new Error(`reconciled to ${JSON.stringify(row)}`);
      return { result: undefined, said: `reporting, ${row.client_micros} of ${row.ledger_micros} micro-dollars, no event lost` };
    });
  },
};

function spent(usage: Usage): number {
  return usage.rows.reduce((sum, row) => sum + row.amount_micros, 0);
}

async function exportTokens(story: Story, headers: Record<string, string>): Promise<void> {
  const exporter = new OTLPMetricExporter({
    url: `${story.gateway}/v1/metrics`,
    headers,
    temporalityPreference: AggregationTemporality.DELTA,
  });
  const provider = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  const tokens = provider.getMeter('com.anthropic.claude_code', '2.1.330').createCounter('claude_code.token.usage', { unit: 'tokens' });
  for (const [type, count] of Object.entries(counted))
    tokens.add(count, { type, model, 'session.id': 'demo-metrics', 'user.id': 'whatever the client claims' });
  await provider.forceFlush();
  await provider.shutdown();
}

async function exportEvent(story: Story, headers: Record<string, string>): Promise<void> {
  const exporter = new OTLPLogExporter({ url: `${story.gateway}/v1/logs`, headers });
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(exporter)] });
  provider.getLogger('com.anthropic.claude_code.events', '2.1.330').emit({
    severityNumber: SeverityNumber.UNSPECIFIED,
    body: 'claude_code.api_request',
    attributes: {
      'event.name': 'api_request',
      'event.timestamp': new Date().toISOString(),
      'event.sequence': 0,
      'session.id': 'demo-events',
      model,
      input_tokens: 100,
      output_tokens: 50,
      cache_read_tokens: 0,
      cache_creation_tokens: 0,
    },
  });
  await provider.forceFlush();
  await provider.shutdown();
}

/** One api_request event as Claude Code writes it, the same bytes each time. */
function eventBody(story: Story): string {
  const known = story.kept.get('event body');
  if (typeof known === 'string') return known;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const count = (key: string, intValue: number) => ({ key, value: { intValue } });
  const now = Date.now();
  const body = JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', 'claude-code')] },
        scopeLogs: [
          {
            scope: { name: 'com.anthropic.claude_code.events', version: '2.1.330' },
            logRecords: [
              {
                timeUnixNano: `${now}000000`,
                body: { stringValue: 'claude_code.api_request' },
                attributes: [
                  text('event.name', 'api_request'),
                  text('event.timestamp', new Date(now).toISOString()),
                  count('event.sequence', 7),
                  text('session.id', 'demo-retry'),
                  text('model', model),
                  count('input_tokens', 10),
                  count('output_tokens', 20),
                ],
              },
            ],
          },
        ],
      },
    ],
  });
  story.kept.set('event body', body);
  return body;
}
