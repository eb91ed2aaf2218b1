/** For tests of ingestion: OTLP bodies as Claude Code writes them, and calls as API Gateway's proxy integration makes them. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';

export type Entry = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

export interface Told {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  bytes: Buffer;
  text: string;
}

/** One call with a body of bytes. @param route `POST /v1/metrics`. */
export async function call(
  entry: Entry,
  route: `${string} ${string}`,
  sent: {
    token?: string;
    body?: Buffer | string;
    headers?: Readonly<Record<string, string>>;
    query?: Readonly<Record<string, string>>;
  } = {},
): Promise<Told> {
  const [httpMethod = '', resource = ''] = route.split(' ');
  const headers = { ...(sent.token && { Authorization: `Bearer ${sent.token}` }), ...sent.headers };
  const several = (values: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
  const event = {
    httpMethod,
    resource,
    path: resource,
    multiValueHeaders: several(headers),
    multiValueQueryStringParameters: several(sent.query),
    pathParameters: null,
    body: sent.body === undefined ? null : Buffer.from(sent.body).toString('base64'),
    isBase64Encoded: sent.body !== undefined,
    requestContext: { requestId: 'req', identity: { sourceIp: '127.0.0.1' } },
  } as unknown as APIGatewayProxyEvent;
  const answer = await entry(event, { awsRequestId: 'test' } as Context);
  const bytes = Buffer.from(answer.body, answer.isBase64Encoded ? 'base64' : 'utf8');
  return { status: answer.statusCode, headers: answer.headers ?? {}, bytes, text: bytes.toString() };
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: value }
            : { doubleValue: value },
  }));
}

const nanos = (ms: number) => `${ms}000000`;

export interface TokenPoint {
  /** The end of its window, ms. */
  at: number;
  type: 'input' | 'output' | 'cacheRead' | 'cacheCreation';
  tokens: number;
  model?: string;
  session?: string;
  windowMs?: number;
  more?: Attributes;
  /** Members that replace the point's own. */
  raw?: Readonly<Record<string, unknown>>;
}

export function tokenPoint({
  at,
  type,
  tokens,
  model = 'claude-opus-4-8',
  session = 'session-1',
  windowMs = 60_000,
  more,
  raw,
}: TokenPoint) {
  return {
    attributes: keyValues({ 'user.id': 'a claim', 'session.id': session, 'anthropic.provider': 'firstParty', type, model, ...more }),
    startTimeUnixNano: nanos(at - windowMs),
    timeUnixNano: nanos(at),
    asDouble: tokens,
    ...raw,
  };
}

/** An ExportMetricsServiceRequest of one token counter. */
export function metricsBody(points: readonly object[], temporality: unknown = 1, name = 'claude_code.token.usage') {
  return {
    resourceMetrics: [
      {
        resource: { attributes: keyValues({ 'service.name': 'claude-code', 'service.version': '2.1.330' }), droppedAttributesCount: 0 },
        scopeMetrics: [
          {
            scope: { name: 'com.anthropic.claude_code', version: '2.1.330' },
            metrics: [
              {
                name,
                description: 'Tokens used',
                unit: 'tokens',
                sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints: points },
              },
            ],
          },
        ],
      },
    ],
  };
}

export interface RequestEvent {
  at: number;
  sequence: number;
  tokens: { input?: number; output?: number; cacheRead?: number; cacheCreation?: number; cache5m?: number; cache1h?: number };
  model?: string;
  session?: string;
  more?: Attributes;
}

export function requestRecord({ at, sequence, tokens, model = 'claude-opus-4-8', session = 'session-1', more }: RequestEvent) {
  const { input = 0, output = 0, cacheRead = 0, cacheCreation = 0, cache5m = 0, cache1h = 0 } = tokens;
  return {
    timeUnixNano: nanos(at),
    observedTimeUnixNano: nanos(at),
    body: { stringValue: 'claude_code.api_request' },
    attributes: keyValues({
      'user.id': 'a claim',
      'session.id': session,
      'anthropic.provider': 'firstParty',
      'event.name': 'api_request',
      'event.sequence': sequence,
      model,
      input_tokens: input,
      output_tokens: output,
      cache_read_tokens: cacheRead,
      cache_creation_tokens: cacheCreation,
      cache_creation_5m_tokens: cache5m,
      cache_creation_1h_tokens: cache1h,
      request_id: `req_${sequence}`,
      ...more,
    }),
    droppedAttributesCount: 0,
  };
}

/** An ExportLogsServiceRequest. */
export function logsBody(records: readonly object[]) {
  return {
    resourceLogs: [
      {
        resource: { attributes: keyValues({ 'service.name': 'claude-code' }) },
        scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords: records }],
      },
    ],
  };
}
