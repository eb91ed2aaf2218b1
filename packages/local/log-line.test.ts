import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEndpoint } from './aws/endpoint.ts';
import { createLogs } from './aws/logs.ts';
import { createClock } from './clock.ts';
import { readSpan, showLine } from './log-line.ts';
import { createLogReader } from './log-reader.ts';

const timestamp = Date.parse('2026-03-01T12:00:20.500Z');
const plain = { color: false, prefix: 'gatehouse-local-' };
const show = (message: string, style = plain) => showLine({ functionName: 'gatehouse-local-access-token', timestamp, message }, style);

describe('a log line', () => {
  it('tells time, function, message and what else it holds, without what every line repeats', () => {
    const line = JSON.stringify({ level: 'INFO', message: 'signed in', service: 'x', cold_start: true, person: 'per_1', count: 2 });
    expect(show(line)).toBe('12:00:20.500 access-token signed in  person=per_1 count=2');
  });
  it('says when it is a warning or an error', () => {
    expect(show('{"level":"WARN","message":"late"}')).toContain('WARN  late');
    expect(show('{"level":"ERROR","message":"no"}', { ...plain, color: true })).toContain('\u001b[31mERROR  no\u001b[0m');
  });
  it('tells metrics as metrics', () => {
    expect(show('{"_aws":{"Timestamp":1},"SignIns":1,"outcome":"ok"}')).toContain('metrics SignIns=1 outcome=ok');
  });
  it('cannot steer the terminal of its reader', () => {
    expect(show('agent \u001b[2J gone')).toBe('12:00:20.500 access-token agent \\x1b[2J gone');
  });
  it('that is no JSON stays as it is', () => {
    expect(show('{ not json')).toBe('12:00:20.500 access-token { not json');
  });
});

describe('a span', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['5', undefined],
    ['m', undefined],
  ])('%s is %s milliseconds', (text, expected) => {
    expect(readSpan(text)).toBe(expected);
  });
});

describe('the reader', () => {
  let now = timestamp;
  const clock = createClock(() => now);
  const logs = createLogs({ clock, onPoint: () => {} });
  const server = createEndpoint({ services: [logs.service], clock });
  let endpoint = '';
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    clock.close();
  });

  it('tells the lines of all chosen functions in order of time, each of them once', async () => {
    const reader = createLogReader(endpoint, (name) => name.includes('access'));
    const messages = async () => (await reader.next(timestamp)).map(({ functionName, message }) => [functionName, message]);
    logs.write('access-b', 'one');
    logs.write('people-x', 'never');
    now += 1;
    logs.write('access-a', 'two');
    expect(await messages()).toEqual([
      ['access-b', 'one'],
      ['access-a', 'two'],
    ]);
    logs.write('access-a', 'three');
    expect(await messages()).toEqual([['access-a', 'three']]);
    expect(await messages()).toEqual([]);
  });
});
