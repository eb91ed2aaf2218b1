import { describe, expect, it } from 'vitest';
import { daysOf, sentenceOf, spanOf } from './span.ts';

const now = Date.UTC(2026, 10, 22, 9);
const span = (from?: string, to?: string) => spanOf({ from, to }, now);

describe('the span of a report', () => {
  it('is this month so far unless it is said', () => {
    expect(span()).toEqual({ ok: true, value: { from: '2026-11-01', to: '2026-11-22' } });
  });
  it('takes days and moments, in UTC', () => {
    expect(span('2026-10-01', '2026-10-02T23:30:00-05:00')).toEqual({ ok: true, value: { from: '2026-10-01', to: '2026-10-03' } });
  });
  it('has all its days', () => {
    expect(daysOf({ from: '2026-02-27', to: '2026-03-01' })).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  });
  it.each([
    ['2026-02-31', undefined, 'no_day'],
    ['last week', undefined, 'no_day'],
    [undefined, '22.11.2026', 'no_day'],
    ['2026-11-02', '2026-11-01', 'backwards'],
    ['2024-01-01', '2026-01-01', 'too_long'],
  ])('from %s to %s is refused: %s', (from, to, reason) => {
    const refused = span(from, to);
    expect(refused).toMatchObject({ ok: false, refusal: { reason } });
    if (!refused.ok) expect(sentenceOf(refused.refusal)).toMatch(/\w{3,}/);
  });
});
