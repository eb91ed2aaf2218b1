/** What an OTLP request says, in either encoding: the points and records that spend is read from, and a count of all the rest. */
import type { Attributes } from './attribute.ts';
import type { Moment } from './moment.ts';

export type Signal = 'metrics' | 'logs' | 'traces';

/** The metric whose sums are tokens. */
export const tokenMetric = 'claude_code.token.usage';
/** The client's own estimate of cost: compared with the ledger, never billed. */
export const costMetric = 'claude_code.cost.usage';
/** The log record of one request to a model: its body says this, or its `event.name` without the prefix. */
export const requestEvent = 'claude_code.api_request';
export const requestEventName = 'api_request';

/** One number of a sum. */
export interface Point {
  metric: typeof tokenMetric | typeof costMetric;
  /** 1 delta, 2 cumulative; anything else is not to be counted. */
  temporality: number;
  start: Moment;
  time: Moment;
  /** Undefined when the sender left it out or it is no number. */
  value: number | undefined;
  resource: Attributes;
  attributes: Attributes;
}

export interface RequestRecord {
  time: Moment;
  resource: Attributes;
  attributes: Attributes;
}

export interface Reading {
  points: Point[];
  requests: RequestRecord[];
  /** Data points, log records or spans in the request, read or not. */
  items: number;
  /** Items that cannot be counted, and what was wrong with the first. */
  rejected: number;
  problem: string | undefined;
}

export function emptyReading(): Reading {
  return { points: [], requests: [], items: 0, rejected: 0, problem: undefined };
}

export function reject(reading: Reading, problem: string, items = 1): void {
  reading.rejected += items;
  reading.problem ??= problem;
}

/** The request cannot be read at all: a 400. Thrown by both readers, caught where the answer is made. */
export class Malformed extends Error {
  override name = 'Malformed';
}
