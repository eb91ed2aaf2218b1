/**
 * The ingest pipeline as one writes it over protobufjs's static code, for B2: inflate, decode, a key for each point, price, fold, EMF. It comes to the same
 * rows as ours. The decoder is the static module that OpenTelemetry generated from its own protocol files with protobufjs.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { amountMicros, noTokens, type Tokens } from '@gatehouse/ledger/price';
import { listPrices, priceOn } from '@gatehouse/ledger/price-book';
import { modelName } from '@gatehouse/rules/models';

interface AnyValue {
  stringValue?: string | null;
  intValue?: unknown;
  doubleValue?: number | null;
  boolValue?: boolean | null;
}
interface KeyValue {
  key: string;
  value: AnyValue;
}
interface Point {
  attributes: KeyValue[];
  startTimeUnixNano: unknown;
  timeUnixNano: { low: number; high: number };
  asDouble?: number | null;
}
interface Request {
  resourceMetrics: {
    resource: { attributes: KeyValue[] };
    scopeMetrics: { metrics: { name: string; sum?: { dataPoints: Point[] } | null }[] }[];
  }[];
}
type Decoder = { decode(bytes: Uint8Array): Request };

/** Undefined when the installed OpenTelemetry brings it no more. */
export function staticDecoder(): Decoder {
  const entry = fileURLToPath(import.meta.resolve('@opentelemetry/otlp-transformer'));
  const folder = entry.slice(0, entry.indexOf('/build/') + 1);
  const root = createRequire(import.meta.url)(`${folder}build/src/generated/root.js`);
  return root.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
}

const kinds: Readonly<Record<string, keyof Tokens>> = {
  input: 'input',
  output: 'output',
  cacheRead: 'cache_read',
  cacheCreation: 'cache_write_5m',
};

interface Cell {
  model: string;
  at: number;
  tokens: Tokens;
}

/** Spend by model as EMF lines. */
export function ingestWithProtobufjs(decoder: Decoder, packed: Buffer, person: string): string[] {
  const bytes = gunzipSync(packed);
  const digest = createHash('sha256').update(person).update(bytes).digest('hex');
  const keys = new Set<string>();
  const cells = new Map<string, Cell>();
  for (const { resource, scopeMetrics } of decoder.decode(bytes).resourceMetrics) {
    const common = attributesOf(resource.attributes);
    for (const { metrics } of scopeMetrics)
      for (const { name, sum } of metrics)
        for (const point of name === 'claude_code.token.usage' ? (sum?.dataPoints ?? []) : []) addPoint(point, common, person, keys, cells);
  }
  return linesOf(cells, digest);
}

function addPoint(
  { attributes, startTimeUnixNano, timeUnixNano, asDouble }: Point,
  common: Record<string, unknown>,
  person: string,
  keys: Set<string>,
  cells: Map<string, Cell>,
): void {
  const said = attributesOf(attributes);
  const sorted = Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [person, common, sorted, String(startTimeUnixNano), String(timeUnixNano), asDouble];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const kind = kinds[String(said.type)];
  if (keys.has(key) || kind === undefined || asDouble == null || !Number.isSafeInteger(asDouble) || asDouble < 0) return;
  keys.add(key);
  const { name: model } = modelName(String(said.model));
  const at = Math.floor(((timeUnixNano.high >>> 0) * 4_294_967_296 + (timeUnixNano.low >>> 0)) / 1e6);
  const place = JSON.stringify([person, said['session.id'], model, at]);
  const cell = cells.get(place) ?? { model, at, tokens: { ...noTokens } };
  cells.set(place, cell);
  cell.tokens[kind] += asDouble;
}

function attributesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const { key, value } of attributes)
    said[key] = value.stringValue ?? value.boolValue ?? value.doubleValue ?? (value.intValue == null ? undefined : Number(value.intValue));
  return said;
}

function linesOf(cells: ReadonlyMap<string, Cell>, digest: string): string[] {
  const sums = new Map<string, { micros: number; tokens: number }>();
  for (const { model, at, tokens } of cells.values()) {
    const price = priceOn(listPrices, model, new Date(at).toISOString().slice(0, 10));
    const sum = sums.get(model) ?? { micros: 0, tokens: 0 };
    sums.set(model, sum);
    sum.micros += price ? amountMicros(tokens, price) : 0;
    sum.tokens += Object.values(tokens).reduce((total, count) => total + count, 0);
  }
  return [...sums].map(([model, { micros, tokens }]) =>
    JSON.stringify({
      _aws: {
        Timestamp: 0,
        CloudWatchMetrics: [
          { Namespace: 'Gatehouse', Dimensions: [[], ['model']], Metrics: [{ Name: 'SpendMicros' }, { Name: 'Tokens' }] },
        ],
      },
      model,
      SpendMicros: micros,
      Tokens: tokens,
      digest,
    }),
  );
}
