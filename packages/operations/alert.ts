/** Whether a change of an alarm's state is news. Pure: what was known before is an argument. */
import type { AlarmChange } from './alarm-event.ts';

export interface Known {
  state: 'raised' | 'cleared';
  /** RFC 3339; alarms' events come in any order. */
  since: string;
}

/** `noted` is remembered and not told: a late, older change must not pass for the latest. */
export type News = { word: Known['state'] } | { word: 'noted'; state: Known['state'] } | { word: 'nothing'; because: string };

/** An alarm without data says nothing about what it watches: what was raised stays raised. */
export function newsOf({ state, since }: AlarmChange, before: Known | undefined): News {
  if (before && since <= before.since) return { word: 'nothing', because: 'an older change, or the same' };
  if (state === 'INSUFFICIENT_DATA') return { word: 'nothing', because: 'no data is no news' };
  const now = state === 'ALARM' ? 'raised' : 'cleared';
  return now === (before?.state ?? 'cleared') ? { word: 'noted', state: now } : { word: now };
}
