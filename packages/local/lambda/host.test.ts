/** Proves execution environments with real threads and real handlers. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import type { FunctionSpec, InvokeResult, StreamHead } from './contract.ts';
import { createLambdaHost } from './host.ts';

const clock = createClock();
const logged: { name: string; line: string; requestId: string }[] = [];
const root = fileURLToPath(new URL('fixtures', import.meta.url));
const host = createLambdaHost({
  clock,
  onLog: (name, line, requestId) => logged.push({ name, line, requestId }),
  baseEnv: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
  root,
  cacheFolder: join(tmpdir(), 'gatehouse-test-compile-cache'),
  maxEnvironments: 6,
});
afterAll(() => host.close());
beforeEach(() => void logged.splice(0));

const register = (name: string, spec: Partial<FunctionSpec> = {}) =>
  host.register({ name, handler: `behaviours.lambda.${name}`, timeoutSeconds: 10, memoryMb: 128, env: {}, ...spec });
const value = (result: InvokeResult) => {
  expect(result.error).toBeUndefined();
  return result.value as Record<string, unknown>;
};

describe('an execution environment', () => {
  it('runs the handler with its own variables, AWS dummies and nothing of this process', async () => {
    register('echo', { env: { VARIABLE: 'own' } });
    process.env.OF_THIS_PROCESS = 'secret';
    const { event, variable, keys } = value(await host.invoke('echo', { a: [1, null, 'ü'] }));
    expect([event, variable]).toEqual([{ a: [1, null, 'ü'] }, 'own']);
    expect(keys).toContain('AWS_ENDPOINT_URL');
    expect(keys).not.toContain('OF_THIS_PROCESS');
    expect(keys).not.toContain('PATH');
  });

  it('keeps its state for the next event', async () => {
    register('echo');
    expect([value(await host.invoke('echo', {})).calls, value(await host.invoke('echo', {})).calls]).toEqual([1, 2]);
  });

  it('gives the documented context', async () => {
    register('context', { timeoutSeconds: 7 });
    const given = value(await host.invoke('context', {}));
    expect(given).toMatchObject({
      functionName: 'context',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:context',
    });
    expect(given.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(given.remaining).toSatisfy((ms: number) => ms > 6000 && ms <= 7000);
  });

  it('tells stack time in every form of Date, at once after the clock moved', async () => {
    register('time');
    await host.invoke('time', {});
    clock.advance(86_400);
    const told = value(await host.invoke('time', {}));
    expect(Math.abs(Number(told.now) - clock.now())).toBeLessThan(1000);
    expect(Number(told.made) - Number(told.now)).toBeLessThan(1000);
    expect(Date.parse(String(told.text))).toBeGreaterThan(Date.now() + 86_000_000);
    expect([told.given, told.isDate]).toEqual(['1970-01-01T00:00:00.000Z', true]);
  });

  it('answers null for a handler that returns nothing', async () => {
    register('nothing');
    expect(await host.invoke('nothing', {})).toEqual({ value: null });
  });

  it('reports the name, message and trace of what the handler throws, with the line of the .ts file', async () => {
    register('fail');
    const { error } = await host.invoke('fail', { name: 'Unavailable' });
    expect(error).toMatchObject({ errorType: 'Unavailable', errorMessage: 'the store is away' });
    const source = readFileSync(new URL('fixtures/behaviours.lambda.ts', import.meta.url), 'utf8').split('\n');
    const line = source.findIndex((text) => text.includes('the store is away')) + 1;
    expect(error?.trace?.[1]).toContain(`behaviours.lambda.ts:${line}:`);
    expect(logged.at(-1)?.line).toContain('"errorType":"Unavailable"');
  });

  it('is killed on timeout even in a busy loop, and the next event gets a fresh one', async () => {
    register('spin', { timeoutSeconds: 0.2 });
    for (let round = 0; round < 2; round++) {
      const { error } = await host.invoke('spin', {});
      expect(error?.errorType).toBe('Sandbox.Timedout');
      expect(error?.errorMessage).toMatch(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.20 seconds$/);
    }
  });

  it('ends alone when its memory is used up', async () => {
    register('hoard', { memoryMb: 64 });
    expect((await host.invoke('hoard', {})).error?.errorType).toBe('Runtime.OutOfMemory');
  });

  it('ends alone when the code exits or leaves a rejection unhandled', async () => {
    register('leave');
    register('reject');
    const { error } = await host.invoke('leave', {});
    expect(error).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/exit status 3$/) });
    expect((await host.invoke('reject', {})).error).toMatchObject({
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'Error: nobody waits for me',
    });
  });

  it.each([
    ['broken-init.lambda.handler', 'Runtime.InitError', 'TypeError: TABLE_ACCESS is missing'],
    ['missing-import.lambda.handler', 'Runtime.ImportModuleError', /not-there\.ts/],
    ['no-such-file.lambda.handler', 'Runtime.ImportModuleError', /no-such-file/],
    ['behaviours.lambda.absent', 'Runtime.HandlerNotFound', /behaviours\.lambda\.absent is undefined or not exported/],
  ])('reports a failed start of %s as %s', async (handler, errorType, errorMessage) => {
    register('broken', { handler });
    const { error } = await host.invoke('broken', {});
    expect(error).toMatchObject({ errorType, errorMessage: expect.stringMatching(errorMessage) });
  });

  it('passes every line it writes on with its request, before the answer', async () => {
    register('talk');
    await host.invoke('talk', { lines: ['{"a":1}', 'two\nthree'] });
    expect(logged.map(({ line }) => line)).toEqual(['{"a":1}', 'two', 'three', 'no newline']);
    expect(new Set(logged.map(({ requestId }) => requestId)).size).toBe(1);
  });

  it('refuses an event and an answer above 6 MB', async () => {
    register('huge');
    expect((await host.invoke('huge', {})).error?.errorType).toBe('Function.ResponseSizeTooLarge');
    expect(await host.invoke('huge', 'x'.repeat(6 * 1024 * 1024))).toMatchObject({ refused: 'too_large' });
  });
});

describe('the fleet of environments', () => {
  it('gives an environment one event at a time and starts more while events wait', async () => {
    // The idle environments of the tests above would be in the way for ten seconds.
    const host = createLambdaHost({ clock, onLog: () => {}, root });
    host.register({ name: 'sleep', handler: 'behaviours.lambda.sleep', timeoutSeconds: 10, memoryMb: 128, env: {}, concurrency: 3 });
    const began = performance.now();
    const results = await Promise.all(Array.from({ length: 6 }, () => host.invoke('sleep', { ms: 300 })));
    const firsts = results.filter((result) => result.value === 1).length;
    expect(firsts).toSatisfy((environments: number) => environments >= 2 && environments <= 3);
    expect(performance.now() - began).toBeGreaterThan(590);
    await host.close();
  });

  it('keeps the number of idle environments bounded', async () => {
    for (let n = 0; n < 10; n++) {
      host.register({ name: `many-${n}`, handler: 'behaviours.lambda.nothing', timeoutSeconds: 5, memoryMb: 64, env: {} });
      await host.invoke(`many-${n}`, {});
    }
    expect(host.environments()).toBeLessThanOrEqual(6);
  });

  it('counts events in work and answers unknown functions', async () => {
    register('sleep');
    const pending = host.invoke('sleep', { ms: 20 });
    await Promise.resolve();
    expect(host.busy()).toBe(1);
    await pending;
    expect(host.busy()).toBe(0);
    expect(await host.invoke('absent', {})).toMatchObject({ refused: 'unknown' });
  });

  it('tries an event three times on the stack clock and then tells who listens', async () => {
    register('fail');
    const failed = new Promise((resolve) =>
      host.invokeAsync('fail', { name: 'Unavailable' }, { onFailure: (event, error) => resolve([event, error.errorType]) }),
    );
    const attempts = async (count: number) => {
      while (logged.length < count || host.busy() > 0) await new Promise(setImmediate);
    };
    await attempts(1);
    clock.advance(60);
    await attempts(2);
    clock.advance(120);
    expect(await failed).toEqual([{ name: 'Unavailable' }, 'Unavailable']);
    expect(logged).toHaveLength(3);
  });
});

describe('a streamed answer', () => {
  it('crosses as it is written, the head first', async () => {
    register('stream');
    const seen: (string | StreamHead)[] = [];
    const times: number[] = [];
    const result = await host.invoke(
      'stream',
      { chunks: ['one', 'two', 'three'] },
      {
        onHead: (head) => seen.push(head),
        onChunk: (chunk) => {
          seen.push(Buffer.from(chunk).toString());
          times.push(performance.now());
        },
      },
    );
    expect(result).toEqual({ value: null });
    expect(seen).toEqual([{ statusCode: 201, headers: { 'content-type': 'text/event-stream' } }, 'one', 'two', 'three']);
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(5);
  });

  it('ends in an error when the handler fails half-way', async () => {
    register('stream');
    const chunks: Uint8Array[] = [];
    const result = await host.invoke('stream', { chunks: ['one'], fail: true }, { onChunk: (chunk) => void chunks.push(chunk) });
    expect([result.error?.errorMessage, chunks.length]).toEqual(['upstream closed', 1]);
  });

  it('makes the writer wait for a slow reader', async () => {
    register('flood');
    let release: () => void = () => {};
    const gate = new Promise<void>((open) => {
      release = open;
    });
    let bytes = 0;
    const onChunk = (chunk: Uint8Array) => {
      bytes += chunk.length;
      return gate;
    };
    const done = host.invoke('flood', { megabytes: 4 }, { onChunk });
    while (bytes < 256 * 1024) await new Promise(setImmediate);
    const before = bytes;
    await host.invoke('flood', { megabytes: 0 });
    expect([before, bytes]).toEqual([256 * 1024, 256 * 1024]);
    release();
    expect(value(await done)).toBeNull();
    expect(bytes).toBe(4 * 1024 * 1024);
  });
});
