/** The days that a report is asked for: `from` and `to`, both included, UTC. */

import { ok, type Result, refuse } from '@gatehouse/core/result';
import { dayOf } from '@gatehouse/ledger/entry';
import { periodStart } from '@gatehouse/ledger/rows';

export interface Span {
  from: string;
  to: string;
}

export type SpanRefusal =
  | { reason: 'no_day'; name: 'from' | 'to'; said: string }
  | { reason: 'backwards' }
  | { reason: 'too_long'; days: number };

const longestDays = 366;
const dayMs = 86_400_000;

/** A day or a moment in RFC 3339 each; this month so far when left out. */
export function spanOf(said: { from: string | undefined; to: string | undefined }, nowMs: number): Result<Span, SpanRefusal> {
  const today = dayOf(nowMs);
  const from = said.from === undefined ? periodStart('monthly', today) : dayFrom(said.from);
  const to = said.to === undefined ? today : dayFrom(said.to);
  if (from === undefined) return refuse({ reason: 'no_day', name: 'from', said: said.from ?? '' });
  if (to === undefined) return refuse({ reason: 'no_day', name: 'to', said: said.to ?? '' });
  if (from > to) return refuse({ reason: 'backwards' });
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  return days > longestDays ? refuse({ reason: 'too_long', days }) : ok({ from, to });
}

export function daysOf({ from, to }: Span): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += dayMs) days.push(dayOf(at));
  return days;
}

export function sentenceOf(refusal: SpanRefusal): string {
  switch (refusal.reason) {
    case 'no_day':
      return `${refusal.name}=${refusal.said.slice(0, 40)} is no day: write it as 2026-11-22`;
    case 'backwards':
      return 'from is later than to: swap them';
    case 'too_long':
      return `${refusal.days} days were asked for and ${longestDays} are answered at most: ask in parts`;
  }
}

function dayFrom(text: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const ms = Date.parse(text);
  // 2026-02-31 would roll over into March.
  return Number.isNaN(ms) || (text.length === 10 && dayOf(ms) !== text) ? undefined : dayOf(ms);
}
