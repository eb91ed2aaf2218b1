import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { log } from './log.ts';

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  vi.stubEnv('LOG_LEVEL', '');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const told = () => JSON.parse(lines[0] ?? '');

it('writes one line with level, message, time and service, whatever the text holds', () => {
  log.info('refused\nand again', { route: 'token', request_id: 'req-1' });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
  expect(told()).toMatchObject({
    level: 'INFO',
    message: 'refused\nand again',
    service: 'gatehouse',
    route: 'token',
    request_id: 'req-1',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
});

it('tells an error with its causes, and nothing else that hangs on it', () => {
  const cause = Object.assign(new TypeError('socket hang up'), { answer: { Item: 'a row' } });
  log.error('fault', { error: new Error('no answer', { cause }), tried: [cause] });
  expect(told()).toMatchObject({
    level: 'ERROR',
    error: { name: 'Error', message: 'no answer', stack: expect.any(String), cause: { name: 'TypeError', message: 'socket hang up' } },
    tried: [{ name: 'TypeError' }],
  });
  expect(lines[0]).not.toContain('a row');
});

it('ends a circle of causes', () => {
  const one = new Error('one');
  one.cause = new Error('two', { cause: one });
  log.warn('round', { error: one });
  expect(told().error.cause.cause.message).toBe('one');
});

it('is silent where the stage says so', () => {
  vi.stubEnv('LOG_LEVEL', 'SILENT');
  log.error('nothing');
  expect(lines).toEqual([]);
});
