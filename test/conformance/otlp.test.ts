import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { spendPk } from '@gatehouse/ledger/rows';
import { query } from '@gatehouse/runtime/table';
import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SignedIn, startCompany } from '../../packages/policy/signed-in.fixture.ts';
import {
  call,
  type Entry,
  keyValues,
  logsBody,
  metricsBody,
  requestRecord,
  type Told,
  tokenPoint,
} from '../../packages/usage/exporter.fixture.ts';
import { encodeMetrics } from '../../packages/usage/otlp/encode.fixture.ts';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let table: string;
let handler: Entry;
let somebody: SignedIn;
let signIn: () => Promise<SignedIn>;
let people = 0;
const lines: string[] = [];

beforeAll(async () => {
  aws = await startAws();
  const company = await startCompany(aws);
  table = await aws.table('usage');
  Object.assign(process.env, { TABLE_USAGE: table, CONFIG: '{}' });
  ({ handler } = await import('../../packages/usage/ingest.lambda.ts'));
  signIn = () => company.signIn(`person-${people++}`, ['engineering']);
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
beforeEach(async () => {
  lines.length = 0;
  somebody = await signIn();
});
afterAll(() => aws.close());

const json = { 'Content-Type': 'application/json' };
const protobuf = { 'Content-Type': 'application/x-protobuf' };
const at = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;

async function spent(person = somebody.id) {
  const rows = await query(table, spendPk(person));
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);
  return {
    micros: sum('amount_micros'),
    input: sum('input'),
    output: sum('output'),
    write5m: sum('cache_write_5m'),
    write1h: sum('cache_write_1h'),
  };
}

const send = (path: `/v1/${string}`, body: unknown, headers: Record<string, string> = json, token = somebody.token) =>
  call(handler, `POST ${path}`, { token, headers, body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) });

describe('POST /v1/metrics in JSON', () => {
  it('bills the tokens of a delta counter to the person of the token', async () => {
    const body = metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 }), tokenPoint({ at, type: 'output', tokens: 100 })]);
    const told = await send('/v1/metrics', body);
    expect(told).toMatchObject({ status: 200, text: '{}', headers: { 'content-type': 'application/json' } });
    expect(await spent()).toMatchObject({ micros: 1000 * 5 + 100 * 25, input: 1000, output: 100 });
  });
  it('changes nothing when the same body comes again, or in another order', async () => {
    const points = [tokenPoint({ at, type: 'input', tokens: 1000 }), tokenPoint({ at, type: 'output', tokens: 100 })];
    for (const some of [points, points, [...points].reverse(), points.slice(1)]) await send('/v1/metrics', metricsBody(some));
    expect(await spent()).toMatchObject({ micros: 7500 });
  });
  it('says on stdout what was spent, with few dimensions', async () => {
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 })]));
    const rows = lines.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line));
    expect(rows.find((row) => 'SpendMicros' in row)).toMatchObject({
      SpendMicros: 5000,
      model_name: 'claude-opus-4-8',
      route: 'anthropic',
      person: somebody.id,
    });
    expect(rows.find((row) => 'Tokens' in row)).toMatchObject({ Tokens: 1000, model: 'claude-opus-4-8', type: 'input' });
    expect(rows.find((row) => 'IngestRequests' in row)).toMatchObject({ IngestRequests: 1, DuplicateBatches: 0 });
  });
  it('counts only the growth of a cumulative counter, in any order', async () => {
    const start = { raw: { startTimeUnixNano: `${at - 180_000}000000` } };
    const points = [300, 100, 200].map((tokens, index) =>
      tokenPoint({ at: at - [0, 120_000, 60_000][index]!, type: 'input', tokens, ...start }),
    );
    for (const point of [points[1], points[0], points[2], points[0]])
      expect((await send('/v1/metrics', metricsBody([point!], 2))).status).toBe(200);
    expect(await spent()).toMatchObject({ input: 300 });
  });
});

describe('POST /v1/logs in JSON', () => {
  it('bills a request event with both lifetimes of cache writes', async () => {
    const tokens = { input: 10, output: 20, cacheCreation: 300, cache5m: 100, cache1h: 200 };
    expect((await send('/v1/logs', logsBody([requestRecord({ at, sequence: 1, tokens })]))).status).toBe(200);
    expect(await spent()).toEqual({ micros: 10 * 5 + 20 * 25 + 100 * 6.25 + 200 * 10, input: 10, output: 20, write5m: 100, write1h: 200 });
  });
  it('bills the event and not the metric that speaks of it too', async () => {
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 1000 })]));
    await send('/v1/logs', logsBody([requestRecord({ at: at - 30_000, sequence: 1, tokens: { input: 1000 } })]));
    expect(await spent()).toMatchObject({ micros: 5000, input: 1000 });
  });
});

describe('one bad item among good ones', () => {
  const good = (count: number) =>
    Array.from({ length: count }, (_, index) => tokenPoint({ at: at - index * 1_000, type: 'input', tokens: 1 }));
  const bad = (raw: Record<string, unknown>) => tokenPoint({ at, type: 'output', tokens: 1, raw });

  it.each([
    ['no number', { asDouble: undefined }],
    ['null, as JSON writes NaN', { asDouble: null }],
    ['NaN', { asDouble: 'NaN' }],
    ['Infinity', { asDouble: 'Infinity' }],
    ['text', { asDouble: 'many' }],
    ['less than nothing', { asDouble: -5 }],
    ['half a token', { asDouble: 0.5 }],
    ['more than an integer holds', { asDouble: 2 ** 60 }],
    ['no time', { timeUnixNano: undefined }],
    ['time 0', { timeUnixNano: '0' }],
    ['a time that is text', { timeUnixNano: 'now' }],
    ['a time in the far future', { timeUnixNano: `${at + 40 * 86_400_000}000000` }],
    ['a time of long ago', { timeUnixNano: `${at - 400 * 86_400_000}000000` }],
    ['a type nobody knows', { attributes: keyValues({ type: 'imaginary', model: 'claude-opus-4-8' }) }],
    ['no type', { attributes: keyValues({ model: 'claude-opus-4-8' }) }],
    ['attributes that are no list', { attributes: 'type=input' }],
    ['attributes that are no objects', { attributes: ['type'] }],
  ])('is rejected for %s, and the good are counted', async (_, raw) => {
    const told = await send('/v1/metrics', metricsBody([...good(25), bad(raw), ...good(49).slice(25)]));
    expect(told.status).toBe(200);
    const { partialSuccess } = JSON.parse(told.text);
    expect(partialSuccess).toEqual({ rejectedDataPoints: '1', errorMessage: expect.stringContaining('claude_code.token.usage') });
    expect(await spent()).toMatchObject({ input: 49, output: 0 });
  });

  it('is rejected when it is no object, and the good are counted', async () => {
    const told = await send('/v1/metrics', metricsBody([...good(2), 7 as never, null as never]));
    expect(JSON.parse(told.text)).toMatchObject({ partialSuccess: { rejectedDataPoints: '2' } });
    const logs = await send('/v1/logs', logsBody([requestRecord({ at, sequence: 1, tokens: { output: 5 } }), 'record' as never]));
    expect(JSON.parse(logs.text)).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
    expect(await spent()).toMatchObject({ output: 5 });
  });

  it('bears a number and a time of no calendar, and harms nobody', async () => {
    const record = { ...requestRecord({ at, sequence: 1, tokens: {} }), body: { stringValue: 'x' }, timeUnixNano: 1e300 };
    const told = await send('/v1/logs', logsBody([{ ...record, attributes: keyValues({ 'session.id': 's', 'event.sequence': 4 }) }]));
    expect(told).toMatchObject({ status: 200, text: '{}' });
  });

  it('says something without an end of its nesting, and is counted like any other', async () => {
    const deep = (levels: number) => '{"arrayValue":{"values":['.repeat(levels) + ']}}'.repeat(levels);
    const body = metricsBody([tokenPoint({ at, type: 'input', tokens: 5, more: { nested: 'here' } })]);
    const text = JSON.stringify(body).replace('{"stringValue":"here"}', deep(20_000));
    expect(text.length).toBeGreaterThan(500_000);
    expect(await send('/v1/metrics', text)).toMatchObject({ status: 200, text: '{}' });
    expect(await spent()).toMatchObject({ input: 5 });
  });

  it('is rejected in a log, too, by its own name', async () => {
    const [first, second] = [1, 2].map((sequence) => requestRecord({ at, sequence, tokens: { input: 5 } }));
    const broken = requestRecord({ at, sequence: 3, tokens: { input: 5 }, more: { output_tokens: 'some' } });
    const told = await send('/v1/logs', logsBody([first!, broken, second!]));
    expect(JSON.parse(told.text)).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
    expect(await spent()).toMatchObject({ input: 10 });
  });

  it.each([
    ['unspecified', 0],
    ['a name', 'AGGREGATION_TEMPORALITY_DELTA'],
    ['unknown', 7],
  ])('is a whole counter whose temporality is %s', async (_, temporality) => {
    const told = await send('/v1/metrics', metricsBody(good(3), temporality));
    expect(JSON.parse(told.text)).toMatchObject({ partialSuccess: { rejectedDataPoints: '3' } });
    expect(await spent()).toMatchObject({ input: 0 });
  });

  it('is told of in protobuf to who sent protobuf', async () => {
    const body = encodeMetrics(metricsBody([...good(1), tokenPoint({ at, type: 'output', tokens: -1 })]));
    const told = await send('/v1/metrics', body, protobuf);
    expect(told).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf' } });
    // partial_success = 1 { rejected = 1 (varint 1), error_message = 2 }
    expect([told.bytes[0], told.bytes[2], told.bytes[3], told.bytes[4]]).toEqual([0x0a, 0x08, 1, 0x12]);
    expect(await spent()).toMatchObject({ input: 1 });
  });
});

describe('what is not ours', () => {
  it.each([
    ['an empty object', {}],
    ['keys in snake_case', { resource_metrics: metricsBody([tokenPoint({ at, type: 'input', tokens: 9 })]).resourceMetrics }],
    ['another counter', metricsBody([tokenPoint({ at, type: 'input', tokens: 9 })], 1, 'http.requests')],
    ['a gauge', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'claude_code.token.usage', gauge: { dataPoints: [{}] } }] }] }] }],
    ['a point without a value, and its flag', metricsBody([tokenPoint({ at, type: 'input', tokens: 9, raw: { flags: 1 } })])],
  ])('is taken without a word: %s', async (_, body) => {
    expect(await send('/v1/metrics', body)).toMatchObject({ status: 200, text: '{}' });
    expect(await spent()).toMatchObject({ input: 0 });
  });
  it('is taken in logs and traces, too', async () => {
    const other = { ...requestRecord({ at, sequence: 1, tokens: { input: 9 } }), body: { stringValue: 'claude_code.tool_result' } };
    const tool = { ...other, attributes: keyValues({ 'event.name': 'tool_result' }) };
    expect(await send('/v1/logs', logsBody([tool]))).toMatchObject({ status: 200, text: '{}' });
    expect(await send('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'x' }] }] }] })).toMatchObject({
      status: 200,
      text: '{}',
    });
    expect(await spent()).toMatchObject({ input: 0 });
  });
});

describe('clients of all ages', () => {
  it('are counted with the [1m] of long context, without a provider, with numeric text, with Bedrock’s spellings', async () => {
    const without =
      (...names: string[]) =>
      (record: ReturnType<typeof requestRecord>) => ({
        ...record,
        attributes: record.attributes.filter(({ key }) => !names.includes(key)),
      });
    const plain = without('anthropic.provider');
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 100, model: 'claude-opus-4-8[1m]' })]));
    await send('/v1/logs', logsBody([plain(requestRecord({ at: at - 1_000, sequence: 1, tokens: {}, more: { input_tokens: '100' } }))]));
    expect(await spent()).toMatchObject({ micros: 500, input: 100 });
    const regional = requestRecord({ at, sequence: 2, tokens: { input: 100 }, model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0' });
    await send('/v1/logs', logsBody([plain(regional)]));
    expect(await spent()).toMatchObject({ micros: 500 + 110 });
  });
  it('lose nothing to the limit of 2,000 series: the overflow waits for a price', async () => {
    const overflow = { attributes: keyValues({ 'otel.metric.overflow': true }) };
    expect((await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 106, raw: overflow })]))).text).toBe('{}');
    expect(await spent()).toMatchObject({ micros: 0, input: 106 });
  });
  it('are not believed about who they are', async () => {
    const other = await signIn();
    const claims = { 'user.id': other.id, 'user.email': 'somebody.else@example.com', person: other.id };
    await send('/v1/metrics', metricsBody([tokenPoint({ at, type: 'input', tokens: 10, more: claims })]));
    expect([await spent(), await spent(other.id)]).toMatchObject([{ input: 10 }, { input: 0 }]);
  });
  it('mean one point by a time in text and by a bare number, in JSON and in protobuf', async () => {
    const point = tokenPoint({ at, type: 'input', tokens: 10 });
    await send('/v1/metrics', metricsBody([point]));
    await send('/v1/metrics', JSON.stringify(metricsBody([point])).replace(/"(timeUnixNano|startTimeUnixNano)":"(\d+)"/g, '"$1":$2'));
    await send('/v1/metrics', encodeMetrics(metricsBody([point])), protobuf);
    await send('/v1/metrics', gzipSync(encodeMetrics(metricsBody([point]))), { ...protobuf, 'Content-Encoding': 'gzip' });
    expect(await spent()).toMatchObject({ input: 10 });
  });
});

/** google.rpc.Status: code = 1, message = 2. */
function codeOf(told: Told): number {
  return told.headers['content-type'] === 'application/json' ? JSON.parse(told.text).code : (told.bytes[1] ?? -1);
}

describe('a ledger that one can bill from', () => {
  const point = fc.record({
    seconds: fc.integer({ min: 0, max: 600 }),
    type: fc.constantFrom('input', 'output', 'cacheRead', 'cacheCreation' as const),
    tokens: fc.integer({ min: 1, max: 5_000 }),
    session: fc.constantFrom('a', 'b'),
    model: fc.constantFrom('claude-opus-4-8', 'claude-haiku-4-5'),
  });
  const request = fc.record({
    seconds: fc.integer({ min: 0, max: 600 }),
    input: fc.integer({ min: 1, max: 5_000 }),
    session: fc.constantFrom('a', 'b'),
    model: fc.constantFrom('claude-opus-4-8', 'claude-haiku-4-5'),
  });

  it('is the same for any splitting, order, repetition, encoding and concurrency', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(point, { minLength: 1, maxLength: 10, selector: (one) => JSON.stringify(one) }),
        fc.array(request, { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (points, requests, parts, seed) => {
          const metrics = points.map(({ seconds, ...one }) => tokenPoint({ ...one, at: at - seconds * 1_000 }));
          const events = requests.map(({ seconds, input, ...one }, sequence) =>
            requestRecord({ ...one, at: at - seconds * 1_000, sequence, tokens: { input } }),
          );
          const [straight, crooked] = [await signIn(), await signIn()];
          await send('/v1/metrics', metricsBody(metrics), json, straight.token);
          await send('/v1/logs', logsBody(events), json, straight.token);

          const turn = <T>(items: readonly T[]) => items.map((_, index) => items[(index + seed) % items.length]!).reverse();
          const part = <T>(items: readonly T[], which: number) => items.filter((_, index) => index % parts === which);
          const bodies = Array.from({ length: parts }, (_, which) => [
            ['/v1/logs', logsBody(part(turn(events), which)), json],
            ['/v1/metrics', encodeMetrics(metricsBody(part(turn(metrics), which))), protobuf],
            ['/v1/metrics', metricsBody(turn(metrics).slice(0, 3)), json],
          ]).flat() as ['/v1/logs', unknown, Record<string, string>][];
          const again = async ([path, body, headers]: (typeof bodies)[number]) => {
            // What is answered 503 is sent again, as exporters do.
            for (let attempt = 0; attempt < 20; attempt++) if ((await send(path, body, headers, crooked.token)).status === 200) return;
            throw new Error('refused twenty times');
          };
          await Promise.all([...bodies, ...bodies.slice(0, 2)].map(again));
          expect(await spent(crooked.id)).toEqual(await spent(straight.id));
        },
      ),
      { numRuns: 8, endOnFailure: true },
    );
  });
});

describe('the envelope', () => {
  const body = () => metricsBody([tokenPoint({ at, type: 'input', tokens: 7 })]);
  const bomb = () => gzipSync(Buffer.alloc(70 * 1024 * 1024));
  const whole = () => gzipSync(JSON.stringify(body()));

  it('is taken with gzip, whether a header says so or not, in one member or two, and with deflate', async () => {
    const text = JSON.stringify(body());
    expect((await send('/v1/metrics', whole(), { ...json, 'Content-Encoding': 'gzip' })).status).toBe(200);
    expect((await send('/v1/metrics', whole())).status).toBe(200);
    expect((await send('/v1/metrics', text, { ...json, 'Content-Encoding': 'gzip' })).status).toBe(200);
    expect((await send('/v1/metrics', Buffer.concat([gzipSync(text.slice(0, 50)), gzipSync(text.slice(50))]))).status).toBe(200);
    expect((await send('/v1/metrics', deflateSync(text), { ...json, 'Content-Encoding': 'deflate' })).status).toBe(200);
    expect(await spent()).toMatchObject({ input: 7 });
  });

  it.each([
    ['no JSON', '{', 400, 3],
    ['JSON that is no object', '[]', 400, 3],
    ['a list that is none', '{"resourceMetrics":{}}', 400, 3],
    ['gzip that is cut off', () => whole().subarray(0, -9), 400, 3],
    ['gzip with something behind it', () => Buffer.concat([whole(), Buffer.from('trailing')]), 400, 3],
    ['gzip that inflates beyond measure', bomb, 413, 8],
    ['more than 5 MiB', () => Buffer.alloc(5 * 1024 * 1024 + 1, 32), 413, 8],
  ])('is refused for good when it holds %s', async (_, made, status, code) => {
    const sent = typeof made === 'function' ? made() : made;
    for (const headers of [json, protobuf]) {
      if (headers === protobuf && typeof sent === 'string' && sent !== '{') continue;
      const told = await send('/v1/metrics', sent, headers);
      expect([told.status, codeOf(told)]).toEqual([status, code]);
      expect(told.headers['content-type']).toBe(headers['Content-Type']);
    }
    expect(await spent()).toMatchObject({ input: 0 });
  });

  it.each([[{ 'Content-Type': 'text/plain' }], [{}], [{ ...json, 'Content-Encoding': 'br' }]] as Record<string, string>[][])(
    'is refused in another format: %j',
    async (headers) => {
      expect((await send('/v1/metrics', JSON.stringify(body()), headers)).status).toBe(415);
    },
  );

  it('is refused with another method', async () => {
    const told = await call(handler, 'GET /v1/metrics', { token: somebody.token });
    expect(told).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  it.each([json, protobuf])('is refused without a token, in the sender’s encoding: %j', async (headers) => {
    const told = await call(handler, 'POST /v1/metrics', { headers, body: '{}' });
    expect(told).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringMatching(/^Bearer resource_metadata=/), 'content-type': headers['Content-Type'] },
    });
    expect(codeOf(told)).toBe(16);
  });

  it('is asked for again when the ledger is away', async () => {
    vi.resetModules();
    process.env.TABLE_USAGE = 'no-such-table';
    const { handler: lost } = await import('../../packages/usage/ingest.lambda.ts');
    for (const [headers, bytes] of [
      [json, JSON.stringify(body())],
      [protobuf, encodeMetrics(body())],
    ] as const) {
      const told = await call(lost, 'POST /v1/metrics', { token: somebody.token, headers, body: bytes });
      expect(told).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'content-type': headers['Content-Type'] } });
      expect(codeOf(told)).toBe(14);
    }
    process.env.TABLE_USAGE = table;
  });

  it('is asked for again within two seconds when nothing behind it answers', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const endpoint = process.env.AWS_ENDPOINT_URL;
    vi.resetModules();
    const { handler: stuck } = await import('../../packages/usage/ingest.lambda.ts');
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const began = performance.now();
    const told = await call(stuck, 'POST /v1/metrics', { token: somebody.token, headers: protobuf, body: encodeMetrics(body()) });
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(told).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'content-type': 'application/x-protobuf' } });
    expect(codeOf(told)).toBe(14);
    process.env.AWS_ENDPOINT_URL = endpoint;
    silent.closeAllConnections();
    silent.close();
  });
});

describe('metrics that go on to CloudWatch', () => {
  const body = () => metricsBody([tokenPoint({ at: at - people * 1_000, type: 'input', tokens: 7 })]);
  const arrived: { url: string; headers: IncomingHttpHeaders; bytes: Buffer }[] = [];
  let answer: number | undefined;
  const cloudwatch = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived.push({ url: request.url ?? '', headers: request.headers, bytes: Buffer.concat(chunks) });
      if (answer !== undefined) response.writeHead(answer).end('{}');
    });
  });
  let forwarding: Entry;

  beforeAll(async () => {
    await new Promise<void>((resolve) => cloudwatch.listen(0, '127.0.0.1', resolve));
    vi.resetModules();
    process.env.AWS_ENDPOINT_URL_CLOUDWATCH = `http://127.0.0.1:${(cloudwatch.address() as AddressInfo).port}`;
    process.env.CONFIG = '{"forward_metrics":true}';
    ({ handler: forwarding } = await import('../../packages/usage/ingest.lambda.ts'));
  });
  beforeEach(() => {
    arrived.length = 0;
    answer = 200;
  });
  afterAll(() => {
    process.env.CONFIG = '{}';
    delete process.env.AWS_ENDPOINT_URL_CLOUDWATCH;
    cloudwatch.closeAllConnections();
    cloudwatch.close();
  });
  const forward = (bytes: Buffer | string, headers: Record<string, string> = json) =>
    call(forwarding, 'POST /v1/metrics', { token: somebody.token, headers, body: bytes });

  it('arrive as they were sent, signed, and once', async () => {
    const packed = gzipSync(encodeMetrics(body()));
    for (let time = 0; time < 2; time++) expect((await forward(packed, { ...protobuf, 'Content-Encoding': 'gzip' })).status).toBe(200);
    expect(arrived).toHaveLength(1);
    const [{ url, headers, bytes }] = arrived as [(typeof arrived)[number]];
    expect([url, headers['content-type'], headers['content-encoding']]).toEqual(['/v1/metrics', 'application/x-protobuf', 'gzip']);
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=[^,]+\/monitoring\/aws4_request, SignedHeaders=[^,]*content-encoding/,
    );
    expect(bytes.equals(packed)).toBe(true);
    await forward(deflateSync('{}'), { ...json, 'Content-Encoding': 'deflate' });
    expect(arrived).toHaveLength(1);
  });

  it('are billed all the same when CloudWatch refuses, or says nothing, and are not waited for long', async () => {
    const began = performance.now();
    for (const [index, given] of [500, 403, undefined].entries()) {
      answer = given;
      const point = tokenPoint({ at: at - index * 1_000, type: 'input', tokens: 7 });
      expect((await forward(JSON.stringify(metricsBody([point])))).status).toBe(200);
    }
    // After three failures in a row, none is tried for a while.
    expect((await forward(JSON.stringify(metricsBody([tokenPoint({ at, type: 'output', tokens: 7 })])))).status).toBe(200);
    expect(arrived).toHaveLength(3);
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(await spent()).toMatchObject({ input: 21, output: 7 });
    const told = lines.filter((line) => line.includes('"ForwardFailures"')).map((line) => JSON.parse(line).forwarded);
    expect(told).toEqual(['failed', 'failed', 'failed', 'left_out']);
  });
});

describe('the OpenTelemetry SDK’s own reader and writer', () => {
  type Span = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
  const span: Span = {
    name: 'claude_code.interaction',
    kind: 0,
    spanContext: () => ({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 }),
    startTime: [1, 0],
    endTime: [2, 0],
    duration: [1, 0],
    status: { code: 0 },
    attributes: { deep: 'x' },
    links: [],
    events: [{ time: [1, 5], name: 'x', attributes: {} }],
    ended: true,
    resource: resourceFromAttributes({ 'service.name': 'claude-code' }),
    instrumentationScope: { name: 'x' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  it.each([
    ['JSON', JsonTraceSerializer, json],
    ['protobuf', ProtobufTraceSerializer, protobuf],
  ] as const)('writes spans in %s that are taken', async (_, serializer, headers) => {
    const told = await send('/v1/traces', Buffer.from(serializer.serializeRequest([span, span]) ?? []), headers);
    expect(told.status).toBe(200);
    expect(serializer.deserializeResponse(told.bytes)).toEqual({});
    const row = lines.find((line) => line.includes('"IngestItems"')) ?? '{}';
    expect(JSON.parse(row)).toMatchObject({ signal: 'traces', IngestItems: 2, RejectedItems: 0 });
  });
  it('reads how much was rejected, and why', async () => {
    const bad = metricsBody([tokenPoint({ at, type: 'output', tokens: -1 })]);
    const said = { rejectedDataPoints: 1, errorMessage: expect.stringContaining('less than nothing') };
    const inJson = JsonMetricsSerializer.deserializeResponse((await send('/v1/metrics', bad)).bytes);
    expect({ ...inJson.partialSuccess, rejectedDataPoints: Number(inJson.partialSuccess?.rejectedDataPoints) }).toEqual(said);
    const inProtobuf = ProtobufMetricsSerializer.deserializeResponse((await send('/v1/metrics', encodeMetrics(bad), protobuf)).bytes);
    expect({ ...inProtobuf.partialSuccess, rejectedDataPoints: Number(inProtobuf.partialSuccess?.rejectedDataPoints) }).toEqual(said);
    expect(ProtobufLogsSerializer.deserializeResponse((await send('/v1/logs', Buffer.alloc(0), protobuf)).bytes)).toEqual({});
  });
});
