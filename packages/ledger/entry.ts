/** One witnessed use of a model, and the group of entries that can witness the same use. Plain data; reads no clock. */
import type { Tokens } from './price.ts';

/** Who says so, best first: our own inference gateway, the client's api_request event, the client's token metric. */
export type Witness = 'server' | 'event' | 'metric';

export interface Entry {
  /** The idempotency key: text of at most 300 characters that makes this entry itself and no other. */
  key: string;
  group: Group;
  witness: Witness;
  /** When it was used; for a metric, the end of its window. Milliseconds, UTC. */
  at: number;
  /** A metric's window starts here. */
  from?: number;
  tokens: Tokens;
  requests: number;
  /**
   * Those of the tokens that Bedrock asks its regional premium for, where only the gateway knows which upstream answered. No part of the group: the client's own
   * words about the same request do not know it, and must meet this entry.
   */
  regionalTokens?: Tokens;
  /** What the client itself reckons that this cost, micro-dollars: compared, never billed. */
  claimedMicros?: number;
  /** `tokens` is a running total: what is new since the last total of this series is posted, and the window begins there. */
  series?: Series;
}

export interface Series {
  /** Text of at most 300 characters that names who counts, what, and since when: a counter that starts anew is another series. */
  key: string;
  /** When the count began, ms; 0 when the sender does not say. */
  start: number;
}

/** Entries of one group may speak of the same tokens; entries of different groups never do. */
export interface Group {
  person: string;
  /** As the client names it; any text. */
  session: string;
  /** As `modelName` of the rules spells it. */
  model: string;
  /** anthropic, bedrock, anthropic-aws, gateway, ... */
  route: string;
  regional: boolean;
  fast: boolean;
  batch: boolean;
}

/** One text for a group; its parts cannot run into each other. */
export function groupText(group: Group): string {
  const { person, session, model, route, regional, fast, batch } = group;
  return JSON.stringify([person, session, model, route, regional, fast, batch]);
}

const minuteMs = 60_000;

/** The UTC minute a moment lies in, as milliseconds of its start. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / minuteMs) * minuteMs;
}

const dayMs = 86_400_000;
let lastDay = { number: Number.NaN, text: '' };

/** `2026-11-22`, UTC. */
export function dayOf(ms: number): string {
  const number = Math.floor(ms / dayMs);
  // A batch speaks of one day, seldom two.
  if (number !== lastDay.number) lastDay = { number, text: new Date(ms).toISOString().slice(0, 10) };
  return lastDay.text;
}
