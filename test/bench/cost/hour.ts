/**
 * Counts what an hour of the embedded stack asks of AWS: without people, and with developers whose clients export as the settings make them,
 * metrics every five minutes and events every minute. Units are DynamoDB's own rules; the clock is the stack's.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type RunningStack, runStack } from '@gatehouse/local/stack';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { logsBody, metricsBody, requestRecord, tokenPoint } from '@gatehouse/usage/exporter.fixture';
import { Units } from './units.ts';

export interface Hour {
  requests: number;
  invocations: number;
  gigabyteSeconds: number;
  writeUnits: number;
  readUnits: number;
  events: number;
  scheduled: number;
  signatures: number;
  secretReads: number;
  logBytes: number;
  /** Series by name and dimensions. */
  metrics: ReadonlySet<string>;
}

/** An invocation of 512 MB whose time is that of two calls of DynamoDB. */
const gigabyteSecondsEach = 0.5 * 0.05;
/** How long a prompt's function waits for its answer, and with which memory (packages/inference/surface.ts). */
const promptSeconds = 30;
const gatewayGigabytes = 1;
const prompts = 20;
const nothing: Hour = {
  requests: 0,
  invocations: 0,
  gigabyteSeconds: 0,
  writeUnits: 0,
  readUnits: 0,
  events: 0,
  scheduled: 0,
  signatures: 0,
  secretReads: 0,
  logBytes: 0,
  metrics: new Set(),
};
const developers = ['alice@example.com', 'dave@example.com'];

export async function measureHours(say: (line: string) => void): Promise<{ idle: Hour; developer: Hour; prompt: Hour }> {
  const data = await mkdtemp(join(tmpdir(), 'gatehouse-cost-'));
  const stack = await runStack({ port: 0, data, fresh: true, fast: false, vendorLimits: 1, help: false }, () => {});
  const units = new Units();
  const hear = (message: unknown) => units.hear((message as { request: IncomingMessage }).request); // documented shape of the channel's message
  try {
    // The first sweep finds the company and takes everybody in: that is no hour without people.
    await minutes(stack, 60);
    const tokens = await Promise.all(developers.map((login) => signIn(stack, login)));
    await minutes(stack, 5);
    subscribe('http.server.request.start', hear);
    const idle = await count(stack, units, () => minutes(stack, 60));
    say(`an hour without people: ${told(idle)}`);
    const worked = await count(stack, units, () => work(stack, tokens));
    const developer = share(worked, idle, developers.length);
    say(`an hour of a developer: ${told(developer)}`);
    const [token = ''] = tokens;
    const asked = await count(stack, units, () => prompt(stack, token));
    const one = share(asked, nothing, prompts);
    say(`a prompt through the gateway: ${told(one)}`);
    return { idle, developer, prompt: { ...one, invocations: one.requests, gigabyteSeconds: promptSeconds * gatewayGigabytes } };
  } finally {
    unsubscribe('http.server.request.start', hear);
    await stack.close();
    await rm(data, { recursive: true, force: true });
  }
}

async function count(stack: RunningStack, units: Units, during: () => Promise<void>): Promise<Hour> {
  const from = stack.clock.now();
  units.reset(new URL(stack.gateway).port);
  await during();
  const lines = await logsSince(stack, from);
  const scheduled = await scheduledAnHour();
  const { requests, writeUnits, readUnits, events, puts, signatures, secretReads } = units;
  // A stream wakes two functions for what one request wrote, and every event that is told at least one.
  const invocations = requests + scheduled + 2 * puts + events;
  // Lambda's own lines of success are switched off; CloudWatch counts 26 bytes for each event.
  const written = lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 26, 0);
  return {
    requests,
    invocations,
    gigabyteSeconds: invocations * gigabyteSecondsEach,
    writeUnits,
    readUnits,
    events,
    scheduled,
    signatures,
    secretReads,
    logBytes: written,
    metrics: seriesOf(lines),
  };
}

function share(worked: Hour, idle: Hour, people: number): Hour {
  const each = (name: Exclude<keyof Hour, 'metrics'>) => Math.max(0, worked[name] - idle[name]) / people;
  return {
    requests: each('requests'),
    invocations: each('invocations'),
    gigabyteSeconds: each('gigabyteSeconds'),
    writeUnits: each('writeUnits'),
    readUnits: each('readUnits'),
    events: each('events'),
    scheduled: each('scheduled'),
    signatures: each('signatures'),
    secretReads: each('secretReads'),
    logBytes: each('logBytes'),
    metrics: new Set([...worked.metrics].filter((series) => !idle.metrics.has(series))),
  };
}

async function minutes(stack: RunningStack, many: number, each: (minute: number) => Promise<void> = async () => {}): Promise<void> {
  for (let minute = 0; minute < many; minute++) {
    await each(minute);
    const moved = await fetch(`${stack.aws}/_clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: 60 }) });
    if (!moved.ok) throw new Error(`The clock did not move: ${moved.status}`);
    await stack.settled();
  }
}

/** A prompt a minute in one session, its tokens in the metrics of the five minutes, and the hour's own poll of settings. */
async function work(stack: RunningStack, tokens: readonly string[]): Promise<void> {
  let sequence = 0;
  await minutes(stack, 60, async (minute) => {
    const at = stack.clock.now();
    await Promise.all(
      tokens.map(async (token, person) => {
        const session = `session-of-${person}`;
        const used = { input: 1200, output: 800, cacheRead: 30_000, cacheCreation: 2000 };
        sequence++;
        await send(stack, token, '/v1/logs', logsBody([requestRecord({ at, sequence, tokens: used, session })]));
        if (minute % 5 === 4) {
          const points = (['input', 'output', 'cacheRead', 'cacheCreation'] as const).map((type) =>
            tokenPoint({ at, type, tokens: used[type] * 5, session, windowMs: 300_000 }),
          );
          await send(stack, token, '/v1/metrics', metricsBody(points));
        }
        if (minute === 0) await fetch(`${stack.gateway}/managed/settings`, { headers: { authorization: `Bearer ${token}` } });
      }),
    );
  });
}

async function prompt({ gateway, settled }: RunningStack, token: string): Promise<void> {
  const body = JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 100, stream: true, messages: [{ role: 'user', content: 'Hello' }] });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };
  for (let asked = 0; asked < prompts; asked++) {
    const response = await fetch(`${gateway}/v1/messages`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`A prompt was answered ${response.status}: ${await response.text()}`);
    await response.text();
  }
  await settled();
}

async function send({ gateway }: RunningStack, token: string, path: string, body: object): Promise<void> {
  const response = await fetch(gateway + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify(body)),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
}

async function signIn({ gateway, idp }: RunningStack, login: string): Promise<string> {
  const signed = await fetch(`${idp}/directory/users/${encodeURIComponent(login)}/id-token`, { method: 'POST', body: '{}' });
  const { id_token } = (await signed.json()) as { id_token: string };
  const response = await fetch(`${gateway}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: id_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function logsSince({ aws }: RunningStack, startTime: number): Promise<string[]> {
  const ask = async (operation: string, input: object) => {
    const headers = { 'x-amz-target': `Logs_20140328.${operation}`, 'content-type': 'application/x-amz-json-1.1' };
    return (await fetch(aws, { method: 'POST', headers, body: JSON.stringify(input) })).json();
  };
  const { logGroups } = (await ask('DescribeLogGroups', {})) as { logGroups: { logGroupName: string }[] };
  const lines: string[] = [];
  for (const { logGroupName } of logGroups) {
    let nextToken: string | undefined;
    do {
      const page = (await ask('FilterLogEvents', { logGroupName, startTime, ...(nextToken && { nextToken }) })) as {
        events: { message: string }[];
        nextToken?: string;
      };
      lines.push(...page.events.map(({ message }) => message));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }
  return lines;
}

interface Emf {
  _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
}

/** Every metric that these lines carry, by name and the values of its dimensions. */
function seriesOf(lines: readonly string[]): Set<string> {
  const series = new Set<string>();
  for (const line of lines.filter((text) => text.startsWith('{"_aws"'))) {
    const document = JSON.parse(line) as Emf & Record<string, unknown>;
    for (const { Dimensions, Metrics } of document._aws.CloudWatchMetrics)
      for (const set of Dimensions)
        for (const { Name } of Metrics) series.add(`${Name} ${set.map((name) => `${name}=${String(document[name])}`).join(' ')}`.trim());
  }
  return series;
}

const perHour = { minute: 60, minutes: 60, hour: 1, hours: 1, day: 1 / 24, days: 1 / 24 } as const;

async function scheduledAnHour(): Promise<number> {
  const expressions = (await loadSurfaces()).flatMap(({ schedules = [] }) => schedules.map(({ expression }) => expression));
  return expressions.reduce((sum, expression) => {
    const [, many = '1', unit = 'day'] = /^rate\((\d+) (\w+)\)$/.exec(expression) ?? [];
    return sum + (perHour[unit as keyof typeof perHour] ?? 1 / 24) / Number(many);
  }, 0);
}

function told({ requests, writeUnits, readUnits, events, logBytes, metrics }: Hour): string {
  const whole = (value: number) => Math.round(value);
  return `${whole(requests)} requests, ${whole(writeUnits)} write and ${whole(readUnits)} read units, ${whole(events)} events, ${whole(logBytes / 1000)} kB of log, ${metrics.size} metrics`;
}
