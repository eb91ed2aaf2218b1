/** What an OTLP request says, in either encoding: the points and records that spend is read from, and a count of all the rest. */
import { type Attributes, scalarOf, textOf } from './attribute.ts';
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

/** The log record in which a client says which managed settings it runs under. */
const settingsEventName = 'managed_settings_resolved';

/** A numbered record of a client's session. */
export interface Heard {
  session: string;
  sequence: number;
  /** Milliseconds. */
  at: number;
}

export interface Reading {
  points: Point[];
  requests: RequestRecord[];
  /** What clients say of their managed settings. */
  settings: RequestRecord[];
  /** Every log record that bears a number, whatever it is about. */
  heard: Heard[];
  /** Data points, log records or spans in the request, read or not. */
  items: number;
  /** Items that cannot be counted, and what was wrong with the first. */
  rejected: number;
  problem: string | undefined;
}

export function emptyReading(): Reading {
  return { points: [], requests: [], settings: [], heard: [], items: 0, rejected: 0, problem: undefined };
}

const mostSequence = 2 ** 40;

/** Sorts a log record by what it is about. @param named whether its body or event name says that it is a request. */
export function addRecord(reading: Reading, record: RequestRecord, named: boolean): void {
  const { attributes, time } = record;
  const event = scalarOf(attributes, 'event.name');
  if (named || event === requestEventName) reading.requests.push(record);
  if (event === settingsEventName) reading.settings.push(record);
  const said = scalarOf(attributes, 'event.sequence');
  const sequence = typeof said === 'string' && /^\d{1,12}$/.test(said) ? Number(said) : said;
  const session = textOf(attributes, 'session.id');
  if (session && typeof sequence === 'number' && Number.isInteger(sequence) && sequence >= 0 && sequence < mostSequence)
    reading.heard.push({ session, sequence, at: time.ms });
}

export function reject(reading: Reading, problem: string, items = 1): void {
  reading.rejected += items;
  reading.problem ??= problem;
}

/** The request cannot be read at all: a 400. Thrown by both readers, caught where the answer is made. */
export class Malformed extends Error {
  override name = 'Malformed';
}
