/** Paths beside the AWS endpoint, for people and tests: the stack's clock, a way to wait until nothing is in flight, the routes served, and faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readWish } from './aws/fault-wish.ts';
import type { AwsFaults } from './aws/faults.ts';
import { AwsError } from './aws/service.ts';
import type { Clock } from './clock.ts';
import type { RouteSpec } from './front/routes.ts';

/** As a bus delivers it, without what AWS adds itself. */
export interface PlatformEvent {
  source: string;
  'detail-type': string;
  detail: Record<string, unknown>;
  resources: readonly string[];
}

export interface Controls {
  clock: Clock;
  /** Resolves when nothing is in flight, or when nobody waits for it any more. */
  settled(nobodyWaits?: AbortSignal): Promise<void>;
  /** What the gateway's origin serves, and which function answers. */
  routes: readonly RouteSpec[];
  faults: AwsFaults;
  /** Plays an AWS service that puts metrics. Throws an `AwsError` for what PutMetricData refuses. */
  putPlatformMetrics(input: Record<string, unknown>): void;
  /** Plays a service or a partner that publishes an event. Throws an `AwsError` when there is no such bus. */
  publishEvent(bus: string, event: PlatformEvent): void;
  /** Told after the clock has moved. */
  moved(): void;
}

const maxBodyBytes = 4096;
/** CloudWatch's own limit of a PutMetricData. */
const maxMetricsBytes = 1024 * 1024;
/** A bus takes no larger event. */
const maxEventBytes = 256 * 1024;

/**
 * `POST /_clock {"advance_seconds": n}`, `GET /_clock`, `GET /_settled`, `GET /_routes`, `GET,POST,DELETE /_faults`, `DELETE /_faults/{id}`,
 * `POST /_faults/metrics` with what PutMetricData takes, of any namespace; `POST /_faults/events?bus=default` with an event as a bus delivers it,
 * of any source; everything else goes to the endpoint.
 */
export function createControl(
  endpoint: Server,
  { clock, settled, routes, faults, putPlatformMetrics, publishEvent, moved }: Controls,
): Server {
  const server = createServer({ keepAliveTimeout: endpoint.keepAliveTimeout }, (message, response) => {
    const path = message.url?.split('?')[0];
    if (path === '/_clock') return void clockCall(message, response, clock, moved);
    if (path === '/_routes') return answer(response, 200, { routes });
    if (path === '/_faults/metrics') return void metricsCall(message, response, putPlatformMetrics);
    if (path === '/_faults/events') return void eventCall(message, response, publishEvent);
    if (path === '/_faults' || path?.startsWith('/_faults/')) return void faultCall(message, response, path.slice(9), faults);
    if (path === '/_settled') return void settledCall(response, clock, settled);
    endpoint.emit('request', message, response);
  });
  return server;
}

async function settledCall(response: ServerResponse, clock: Clock, settled: Controls['settled']): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  await settled(left.signal);
  if (!left.signal.aborted) answer(response, 200, { settled: true, now: timeOf(clock) });
}

async function clockCall(message: IncomingMessage, response: ServerResponse, clock: Clock, moved: () => void): Promise<void> {
  if (message.method === 'GET') return answer(response, 200, { now: timeOf(clock), ahead_seconds: clock.offset() / 1000 });
  if (message.method !== 'POST') return answer(response, 405, { error: 'GET tells the stack time, POST {"advance_seconds": n} moves it' });
  const seconds = secondsOf(await textOf(message));
  if (seconds === undefined)
    return answer(response, 400, { error: 'Write {"advance_seconds": n} with n of 0 or more: the clock only moves forward' });
  clock.advance(seconds);
  moved();
  return answer(response, 200, { now: timeOf(clock), ahead_seconds: clock.offset() / 1000 });
}

async function faultCall(message: IncomingMessage, response: ServerResponse, id: string, faults: AwsFaults): Promise<void> {
  const listed = () => ({ faults: faults.list() });
  if (message.method === 'GET' && id === '') return answer(response, 200, listed());
  if (message.method === 'DELETE') {
    if (id !== '' && !faults.remove(id)) return answer(response, 404, { error: `There is no fault ${id}; GET /_faults lists them` });
    if (id === '') faults.clear();
    return answer(response, 200, listed());
  }
  if (message.method !== 'POST' || id !== '')
    return answer(response, 405, { error: 'GET lists the faults, POST adds one, DELETE /_faults or /_faults/{id} takes them away' });
  const wish = readWish(await textOf(message));
  if (typeof wish === 'string') return answer(response, 400, { error: wish });
  return answer(response, 201, faults.add(wish));
}

/** What only AWS itself may put, e.g. `{"Namespace": "AWS/Lambda", "MetricData": [{"MetricName": "Throttles", "Value": 3}]}`. */
async function metricsCall(message: IncomingMessage, response: ServerResponse, put: Controls['putPlatformMetrics']): Promise<void> {
  if (message.method !== 'POST') return answer(response, 405, { error: 'POST what PutMetricData takes' });
  try {
    const input: unknown = JSON.parse(await textOf(message, maxMetricsBytes));
    if (typeof input !== 'object' || input === null) throw new SyntaxError('not an object');
    put({ ...input });
    return answer(response, 202, { taken: true });
  } catch (error) {
    const why =
      error instanceof AwsError ? error.message : 'Write {"Namespace": "AWS/...", "MetricData": [{"MetricName": "...", "Value": 1}]}';
    return answer(response, 400, { error: why });
  }
}

/** What only a service of AWS or a partner may publish, e.g. an event of ECS. */
async function eventCall(message: IncomingMessage, response: ServerResponse, publishEvent: Controls['publishEvent']): Promise<void> {
  if (message.method !== 'POST') return answer(response, 405, { error: 'POST an event as a bus delivers it' });
  const bus = new URL(message.url ?? '', 'http://loopback').searchParams.get('bus') ?? 'default';
  try {
    publishEvent(bus, eventOf(JSON.parse(await textOf(message, maxEventBytes))));
    return answer(response, 202, { taken: true });
  } catch (error) {
    const why =
      error instanceof AwsError ? error.message : 'Write {"source": "aws.ecs", "detail-type": "...", "detail": {...}, "resources": []}';
    return answer(response, 400, { error: why });
  }
}

function eventOf(value: unknown): PlatformEvent {
  const { source, 'detail-type': type, detail, resources = [] } = value as Record<string, unknown>;
  if (typeof source !== 'string' || typeof type !== 'string' || typeof detail !== 'object' || detail === null)
    throw new SyntaxError('no event');
  if (!Array.isArray(resources)) throw new SyntaxError('no list');
  return { source, 'detail-type': type, detail: { ...detail }, resources: resources.map(String) };
}

async function textOf(message: IncomingMessage, limit = maxBodyBytes): Promise<string> {
  let text = '';
  for await (const chunk of message) if (text.length < limit) text += String(chunk);
  return text;
}

function secondsOf(text: string): number | undefined {
  try {
    const { advance_seconds: seconds } = JSON.parse(text) as { advance_seconds?: unknown };
    return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? seconds : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
