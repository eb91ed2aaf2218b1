/** What a company's exporters send, from a seed: OTLP bodies of tokens and requests, and what each person must be billed for them in the end. Sends nothing. */
import { logsBody, metricsBody, requestRecord, tokenPoint } from '@gatehouse/usage/exporter.fixture';
import { encodeLogs, encodeMetrics } from '@gatehouse/usage/otlp/encode.fixture';

export interface Export {
  /** Index of the person. */
  person: number;
  path: '/v1/metrics' | '/v1/logs';
  type: 'application/json' | 'application/x-protobuf';
  body: Buffer;
}

export interface Traffic {
  /** In the order that they are sent in; who is sent again is there again. */
  exports: Export[];
  people: number;
  /** Micro-dollars by person, as the senders reckon. */
  truth: number[];
}

type Point = Parameters<typeof tokenPoint>[0];
type Random = () => number;

/** Numbers from 0 to 1, the same for a seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const minuteMs = 60_000;
/** Micro-dollars a token: input, output, cache read, cache written for five minutes and for an hour. */
const rates = { 'claude-opus-4-8': [5, 25, 0.5, 6.25, 10], 'claude-haiku-4-5': [1, 5, 0.1, 1.25, 2] } as const;
type Model = keyof typeof rates;

/** How a person's client reports: by events and metrics of the same requests, by delta metrics, or by running totals. */
const kinds = ['events', 'delta', 'cumulative'] as const;

interface Sender {
  person: number;
  session: string;
  model: Model;
  kind: (typeof kinds)[number];
  /** Of a running total. */
  totals: [number, number, number, number];
  sequence: number;
}

const sendersPerPerson = 2;
const exportsPerPerson = 250;

/** @param nowMs the newest minute ends before. About `count` different exports, and 30 % of them once more. */
export function traffic(count: number, seed: number, nowMs: number): Traffic {
  const random = seeded(seed);
  const people = Math.max(6, Math.ceil(count / exportsPerPerson));
  const senders = Array.from({ length: people * sendersPerPerson }, (_, index): Sender => {
    const model = random() < 0.5 ? 'claude-opus-4-8' : 'claude-haiku-4-5';
    const person = index % people;
    return { person, session: `session-${index}`, model, kind: kinds[person % 3] ?? 'delta', totals: [0, 0, 0, 0], sequence: 0 };
  });
  const truth = Array.from({ length: people }, () => 0);
  const once: Export[] = [];
  const first = Math.floor(nowMs / minuteMs) - Math.ceil(count / senders.length) - 5;
  for (let minute = first; once.length < count; minute++)
    for (const sender of senders) if (once.length < count) reportMinute(sender, minute * minuteMs, first * minuteMs, random, once, truth);
  const exports = disorder(once, random);
  return { exports, people, truth };
}

/** Multiples of twenty: then each kind of token alone comes to whole micro-dollars. */
function tokensOf(random: Random): [number, number, number, number] {
  const some = (most: number) => 20 * Math.ceil(random() * most);
  return [some(50), some(20), some(500), some(40)];
}

function reportMinute(sender: Sender, startMs: number, seriesMs: number, random: Random, made: Export[], truth: number[]): void {
  const { person, session, model, kind } = sender;
  const [input, output, read, written] = rates[model];
  const bill = (micros: number) => {
    truth[person] = (truth[person] ?? 0) + micros;
  };
  const tokens = tokensOf(random);
  // A lost event leaves its minute to the metric; what the metric claims beside an event is wrong on purpose, and must not be billed.
  const told = kind === 'events' && random() < 0.9;
  if (told) {
    const records = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => {
      const [a, b, c, d] = tokensOf(random);
      const long = random() < 0.5 ? d : 0;
      bill(a * input + b * output + c * read + (d - long) * written + long * rates[model][4]);
      const counts = { input: a, output: b, cacheRead: c, cacheCreation: d, cache5m: d - long, cache1h: long };
      return requestRecord({ at: startMs + 1_000 + index * 9_000, sequence: sender.sequence++, tokens: counts, model, session });
    });
    made.push(exportOf(person, '/v1/logs', logsBody(records), random));
  } else bill(tokens[0] * input + tokens[1] * output + tokens[2] * read + tokens[3] * written);
  const at = startMs + 59_000;
  const types: Point['type'][] = ['input', 'output', 'cacheRead', 'cacheCreation'];
  const cumulative = kind === 'cumulative';
  const points = types.map((type, index) => {
    const counted = tokens[index] ?? 0;
    const total = (sender.totals[index] ?? 0) + counted;
    sender.totals[index] = total;
    const point = { at, type, model, session, tokens: cumulative ? total : counted };
    return tokenPoint({ ...point, windowMs: cumulative ? at - seriesMs : 58_000 });
  });
  made.push(exportOf(person, '/v1/metrics', metricsBody(points, cumulative ? 2 : 1), random));
}

function exportOf(person: number, path: Export['path'], body: object, random: Random): Export {
  if (random() < 0.3) return { person, path, type: 'application/json', body: Buffer.from(JSON.stringify(body)) };
  return { person, path, type: 'application/x-protobuf', body: path === '/v1/logs' ? encodeLogs(body) : encodeMetrics(body) };
}

const againShare = 0.3;
const farthest = 200;

/** Some come twice: most with the same bytes, some in one body with others, as a collector between batches them anew. None keeps its place. */
function disorder(once: readonly Export[], random: Random): Export[] {
  const placed = once.flatMap((one, index) => {
    const place = index + random() * farthest;
    if (random() >= againShare) return [{ place, one }];
    const next = once.slice(index + 1, index + 400).find((other) => random() < 0.5 && joinable(one, other));
    const again = random() < 0.3 && next ? { ...one, body: Buffer.concat([one.body, next.body]) } : one;
    return [
      { place, one },
      { place: place + random() * farthest, one: again },
    ];
  });
  return placed.sort((a, b) => a.place - b.place).map(({ one }) => one);
}

/** Protobuf messages of one type that stand one after the other are one message with the items of both. */
function joinable(one: Export, other: Export): boolean {
  const protobuf = one.type === 'application/x-protobuf' && other.type === one.type;
  return protobuf && other.person === one.person && other.path === one.path;
}
