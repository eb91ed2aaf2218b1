import { describe, expect, it } from 'vitest';
import { parseExpression } from './expression.ts';

const at = (text: string) => Date.parse(`${text}:00Z`);
const start = at('2026-03-01T12:00');
const next = (expression: string, after: string, from = start, zone?: string) => {
  const found = parseExpression(expression, zone)(at(after), from);
  return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16);
};

describe('a rate', () => {
  it.each([
    ['rate(5 minutes)', '2026-03-01T12:00', '2026-03-01T12:05'],
    ['rate(5 minutes)', '2026-03-01T12:07', '2026-03-01T12:10'],
    ['rate(1 hour)', '2026-03-01T12:59', '2026-03-01T13:00'],
    ['rate(90 days)', '2026-03-01T12:00', '2026-05-30T12:00'],
    ['rate(1 minutes)', '2026-03-01T12:00', '2026-03-01T12:01'],
  ])('%s after %s counts from its start: %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });
  it('that starts later fires first at its start', () => {
    expect(next('rate(1 day)', '2026-03-01T12:00', at('2026-03-05T08:00'))).toBe('2026-03-05T08:00');
  });
});

describe('a cron expression', () => {
  it.each([
    ['cron(0 3 * * ? *)', '2026-03-01T12:00', '2026-03-02T03:00'],
    ['cron(15 10 ? * MON-FRI *)', '2026-03-01T12:00', '2026-03-02T10:15'],
    ['cron(0/10 * * * ? *)', '2026-03-01T12:00', '2026-03-01T12:10'],
    ['cron(0 8 1 * ? *)', '2026-03-01T12:00', '2026-04-01T08:00'],
    ['cron(0 8 L * ? *)', '2026-03-01T12:00', '2026-03-31T08:00'],
    ['cron(0 8 ? * 2#1 *)', '2026-03-03T12:00', '2026-04-06T08:00'],
    ['cron(0 8 1 JAN ? 2026-2027)', '2026-03-03T12:00', '2027-01-01T08:00'],
  ])('%s after %s fires at %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });
  it.each([
    ['Europe/Berlin', 'cron(0 8 * * ? *)', '2026-03-28T12:00', '2026-03-29T06:00', 'the day the clocks go forward'],
    ['Europe/Berlin', 'cron(0 8 * * ? *)', '2026-03-27T12:00', '2026-03-28T07:00', 'the day before'],
    ['Europe/Berlin', 'cron(30 2 * * ? *)', '2026-03-28T12:00', '2026-03-30T00:30', 'not at a time that is jumped over'],
    ['Europe/Berlin', 'cron(30 2 * * ? *)', '2026-10-24T12:00', '2026-10-25T00:30', 'the first of two equal times'],
    ['Europe/Berlin', 'cron(30 2 * * ? *)', '2026-10-25T00:30', '2026-10-26T01:30', 'and not the second'],
    ['America/New_York', 'cron(0/30 * * * ? *)', '2026-11-01T05:45', '2026-11-01T07:00', 'nothing in the hour that comes again'],
    ['Asia/Kolkata', 'cron(0 0 1 * ? *)', '2026-03-15T00:00', '2026-03-31T18:30', 'half an hour off'],
    ['Europe/Berlin', 'at(2026-07-01T12:00:00)', '2026-03-15T00:00', '2026-07-01T10:00', 'a single time'],
  ])('in %s: %s after %s fires at %s (%4$s)', (zone, expression, after, expected) => {
    expect(next(expression, after, start, zone)).toBe(expected);
  });
  it('whose years are over never fires', () => {
    expect(next('cron(0 8 1 1 ? 2020)', '2026-03-03T12:00')).toBeUndefined();
  });
});

describe('a single time', () => {
  it('fires once', () => {
    expect(next('at(2026-03-01T13:30:00)', '2026-03-01T12:00')).toBe('2026-03-01T13:30');
    expect(next('at(2026-03-01T13:30:00)', '2026-03-01T13:30')).toBeUndefined();
  });
});

describe('what AWS does not take', () => {
  it.each([
    'rate(0 minutes)',
    'rate(5 seconds)',
    'rate(5)',
    'cron(0 3 * * *)',
    'cron(0 3 * * * *)',
    'cron(0 3 ? * ? *)',
    'cron(60 3 * * ? *)',
    'cron(0 3 32 * ? *)',
    'cron(0 3 * 13 ? *)',
    'cron(0 3 * FOO ? *)',
    'cron(0/0 3 * * ? *)',
    'at(2026-03-01)',
    'at(2026-13-01T00:00:00)',
    '5 minutes',
    '',
  ])('%s is refused', (expression) => {
    expect(() => parseExpression(expression)).toThrow('Invalid Schedule Expression');
  });
});
