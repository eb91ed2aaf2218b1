/** Proves the `fast` mode: functions side by side in one process that do not see each other. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: the report of the process under test; every read of it is an expectation.
let report: any;
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('fixtures/fast-mode.ts', import.meta.url))]);
  report = JSON.parse(stdout.trim());
});

describe('the fast mode', () => {
  it('gives each function its own variables and its own instance of the product modules', () => {
    expect(report.a.value).toMatchObject({ event: 1, calls: 1, variable: 'of a' });
    expect(report.b.value).toMatchObject({ event: 2, calls: 1, variable: 'of b' });
    expect(report.again.value).toMatchObject({ event: 3, calls: 2, variable: 'of a' });
    expect(report.a.value.keys).not.toContain('PATH');
  });
  it('gives the process its own variables, output and Date back', () => {
    expect(report.own).toBe('none');
    expect(Math.round(report.offsetMs / 1000)).toBe(3600);
  });
  it('keeps what a function prints in its log', () => {
    expect(report.lines).toContain('talk: hello');
    expect(report.lines).toContain('talk: no newline');
  });
  it('answers a timeout though it cannot stop the code', () => {
    expect(report.late.error.errorType).toBe('Sandbox.Timedout');
  });
  it('reports a failed start', () => {
    expect(report.broken.error).toMatchObject({ errorType: 'Runtime.InitError', errorMessage: 'TypeError: TABLE_ACCESS is missing' });
  });
  it('moves Date with the stack clock', () => {
    expect(Math.abs(report.movedMs)).toBeLessThan(1000);
    expect(report.time.value.isDate).toBe(true);
  });
  it('streams', () => {
    expect([report.streamed, report.chunks]).toEqual([{ value: null }, ['x', 'y']]);
  });
});
