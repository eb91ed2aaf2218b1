/**
 * What the points and records of a request say was used: ledger entries in the name of whoever sent them. Bills nothing and believes no
 * attribute about who it was. What cannot be counted is rejected with a reason; what is merely not ours is let pass.
 */
import { hash } from 'node:crypto';
import type { Entry, Group } from '@gatehouse/ledger/entry';
import { noTokens, type Tokens } from '@gatehouse/ledger/price';
import { modelOf } from './model.ts';
import { type Attribute, type Attributes, type Survey, scalarOf, survey, textOf } from './otlp/attribute.ts';
import { isNever, type Moment } from './otlp/moment.ts';
import { costMetric, type Point, type Reading, type RequestRecord, requestEvent } from './otlp/reading.ts';

export interface Witnessed {
  entries: Entry[];
  rejected: number;
  problem: string | undefined;
}

type Profiles = Readonly<Record<string, string>>;

/** A clock may run ahead; a day is no clock any more. */
const aheadMs = 86_400_000;
/** No session uses a million million: more is a broken or a hostile sender, and sums of it would leave the safe integers. */
const mostTokens = 1e12;
/** Bills are closed by then. */
const behindMs = 60 * 86_400_000;

/** @param whose the person of whom a resource speaks: whom the token names, whatever it says. @param nowMs milliseconds. @param profiles of the inference profiles that senders may name, the models. */
export function witness(reading: Reading, whose: (resource: Attributes) => string, nowMs: number, profiles: Profiles = {}): Witnessed {
  const made: Witnessed = { entries: [], rejected: reading.rejected, problem: reading.problem };
  const names = namesFor(whose, profiles);
  for (const point of reading.points) {
    const refusal = point.metric === costMetric ? addCost(made, point, names, nowMs) : addPoint(made, point, names, nowMs);
    if (refusal) rejectOne(made, `${point.metric}: ${refusal}`);
  }
  for (const record of reading.requests) {
    const refusal = addRequest(made, record, names, nowMs);
    if (refusal) rejectOne(made, `${requestEvent}: ${refusal}`);
  }
  return made;
}

function rejectOne(made: Witnessed, problem: string): void {
  made.rejected++;
  made.problem ??= problem;
}

const delta = 1;
const cumulative = 2;
const kinds: Readonly<Record<string, keyof Tokens>> = {
  input: 'input',
  output: 'output',
  cacheRead: 'cache_read',
  // One type for both lifetimes: the shorter is the client's default, and the event of the same request tells them apart.
  cacheCreation: 'cache_write_5m',
};

/** A sentence when the point is not to be counted. */
function addPoint(made: Witnessed, point: Point, names: Names, nowMs: number): string | undefined {
  const { value, attributes, start, time, temporality } = point;
  const wrong = wrongPoint(point, nowMs);
  if (wrong) return wrong;
  if (value === undefined || !Number.isSafeInteger(value) || value > mostTokens) return `${value} is no count of tokens`;
  const said = survey(attributes);
  const sender = names.senderOf(point.resource);
  const type = wordOf(said.type ?? sender.said.type) ?? (said.overflow?.scalar === true ? 'input' : undefined);
  const kind = type !== undefined && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind === undefined) return `type ${JSON.stringify(type ?? null)} is none of ${Object.keys(kinds).join(', ')}`;
  const entry: Entry = {
    key: sender.prefix + pointText(said, start, time, value),
    group: names.groupOf(said, sender),
    witness: 'metric',
    at: time.ms,
    from: isNever(start) ? time.ms : Math.min(start.ms, time.ms),
    tokens: tokensOfKind(kind, value),
    requests: 0,
  };
  if (temporality === cumulative)
    made.entries.push({ ...entry, series: { key: sender.prefix + seriesText(said, start), start: start.ms } });
  else if (value > 0) made.entries.push(entry);
  return undefined;
}

/** The numbers that a point's key is made of, to become one text in one step: the fingerprint, the start, the time, the value. */
const words = new Int32Array(14);
const doubles = new Float64Array(words.buffer);
const bytes = Buffer.from(words.buffer);
const seriesBytes = 32;

function seriesText({ a, b, c, d }: Survey, start: Moment): string {
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
  words[4] = start.ns;
  doubles[3] = start.ms;
  return bytes.toString('base64url', 0, seriesBytes);
}

function pointText({ a, b, c, d }: Survey, start: Moment, time: Moment, value: number): string {
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
  words[4] = start.ns;
  doubles[3] = start.ms;
  words[8] = time.ns;
  doubles[5] = time.ms;
  doubles[6] = value;
  return bytes.toString('base64url');
}

function tokensOfKind(kind: keyof Tokens, count: number): Tokens {
  return {
    input: kind === 'input' ? count : 0,
    output: kind === 'output' ? count : 0,
    cache_read: kind === 'cache_read' ? count : 0,
    cache_write_5m: kind === 'cache_write_5m' ? count : 0,
    cache_write_1h: 0,
  };
}

function wrongPoint({ temporality, time, value }: Point, nowMs: number): string | undefined {
  if (temporality !== delta && temporality !== cumulative) return `aggregation temporality ${temporality} says not what the number means`;
  if (value === undefined || Number.isNaN(value)) return 'there is no number';
  if (value < 0) return `${value} is less than nothing`;
  return wrongTime(time.ms, nowMs);
}

function wrongTime(ms: number, nowMs: number): string | undefined {
  if (ms === 0) return 'there is no time';
  if (ms > nowMs + aheadMs) return 'its time is more than a day ahead';
  return ms < nowMs - behindMs ? 'its time is more than 60 days ago' : undefined;
}

/** A million dollars: what a sender claims beyond it is no reckoning. */
const mostClaimed = 1e12;

/** The client's own reckoning is an entry without tokens. */
function addCost(made: Witnessed, point: Point, names: Names, nowMs: number): string | undefined {
  const wrong = wrongPoint(point, nowMs);
  if (wrong) return wrong;
  const { value = 0, attributes, start, time, temporality } = point;
  const claimedMicros = Math.round(value * 1_000_000);
  // A running total says nothing without the one before.
  if (temporality !== delta || claimedMicros === 0 || claimedMicros > mostClaimed) return undefined;
  const said = survey(attributes);
  const sender = names.senderOf(point.resource);
  made.entries.push({
    key: `${sender.prefix}$${pointText(said, start, time, value)}`,
    group: names.groupOf(said, sender),
    witness: 'metric',
    at: time.ms,
    from: isNever(start) ? time.ms : Math.min(start.ms, time.ms),
    tokens: noTokens,
    requests: 0,
    claimedMicros,
  });
  return undefined;
}

function addRequest(made: Witnessed, record: RequestRecord, names: Names, nowMs: number): string | undefined {
  const { attributes, resource, time } = record;
  const wrong = wrongTime(time.ms, nowMs);
  if (wrong) return wrong;
  const tokens = tokensOf(attributes);
  if (tokens === undefined) return 'a count of tokens is no whole number';
  const sender = names.senderOf(resource);
  const model = textOf(attributes, 'model') ?? wordOf(sender.said.model);
  if (!model) return 'there is no model';
  const said = ['session.id', 'event.sequence', 'request_id'] as const;
  const claimedMicros = claimOf(attributes);
  made.entries.push({
    key: digest([sender.person, 'event', time.ms, time.ns, model, ...said.map((key) => scalarOf(attributes, key) ?? null), tokens]),
    group: names.groupOf(survey(attributes), sender),
    witness: 'event',
    at: time.ms,
    tokens,
    requests: 1,
    ...(claimedMicros > 0 && { claimedMicros }),
  });
  return undefined;
}

/** Micro-dollars; clients before 2.1.330 write dollars alone, some as text. */
function claimOf(attributes: Attributes): number {
  const said = scalarOf(attributes, 'cost_usd_micros');
  const micros = said === undefined ? Math.round(Number(scalarOf(attributes, 'cost_usd')) * 1_000_000) : (count(said) ?? 0);
  return micros > 0 && micros <= mostClaimed ? micros : 0;
}

/** Old clients give no split of cache writes, or zeros for it: what is not said to last an hour lasts five minutes. */
function tokensOf(attributes: Attributes): Tokens | undefined {
  const input = count(scalarOf(attributes, 'input_tokens'));
  const output = count(scalarOf(attributes, 'output_tokens'));
  const cacheRead = count(scalarOf(attributes, 'cache_read_tokens'));
  const written = count(scalarOf(attributes, 'cache_creation_tokens'));
  const short = count(scalarOf(attributes, 'cache_creation_5m_tokens'));
  const long = count(scalarOf(attributes, 'cache_creation_1h_tokens'));
  if (input === undefined || output === undefined || cacheRead === undefined) return undefined;
  if (written === undefined || short === undefined || long === undefined) return undefined;
  return { input, output, cache_read: cacheRead, cache_write_5m: Math.max(short, written - long), cache_write_1h: long };
}

/** Numbers or numeric text, as clients of different ages send them; nothing is none; undefined when it is no count. */
function count(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= mostTokens ? number : undefined;
}

/** Whose the points of a resource are. */
interface Sender {
  person: string;
  /** What the token points of one person and resource have in common: the beginning of their keys. */
  prefix: string;
  /** What the points do not say, their resource may. */
  said: Survey;
  groups: Map<string, Group>;
}

interface Names {
  senderOf(resource: Attributes): Sender;
  /** Equal groups of one sender are one object. */
  groupOf(said: Survey, sender: Sender): Group;
}

function namesFor(whose: (resource: Attributes) => string, profiles: Profiles): Names {
  const senders = new Map<Attributes, Sender>();
  /** The group that was found last for a model and a session, as the reader's own objects. */
  const recent = new Map<Attribute | undefined, Map<Attribute | undefined, { said: Survey; sender: Sender; group: Group }>>();

  function find(said: Survey, sender: Sender): Group {
    const spelling = (wordOf(said.model ?? sender.said.model) ?? 'unknown').slice(0, maxText);
    const session = (wordOf(said.session) ?? wordOf(sender.said.session) ?? '').slice(0, maxText);
    const provider = wordOf(said.provider) ?? wordOf(sender.said.provider);
    const fast = (said.speed ?? sender.said.speed)?.scalar === 'fast';
    const key = JSON.stringify([spelling, session, provider, fast]);
    const found = sender.groups.get(key);
    if (found) return found;
    const route = routeOf(provider, spelling);
    const { name: model, regional } = modelOf(spelling, route, profiles);
    const group = { person: sender.person, session, model, route, regional, fast, batch: false };
    sender.groups.set(key, group);
    return group;
  }

  return {
    senderOf(resource) {
      let sender = senders.get(resource);
      if (!sender) {
        const said = survey(resource);
        const person = whose(resource);
        const prefix = digest([person, 'tokens', said.a, said.b, said.c, said.d]);
        sender = { person, prefix, said, groups: new Map() };
        senders.set(resource, sender);
      }
      return sender;
    },
    groupOf(said, sender) {
      let sessions = recent.get(said.model);
      if (!sessions) {
        sessions = new Map();
        recent.set(said.model, sessions);
      }
      const last = sessions.get(said.session);
      if (last && last.sender === sender && last.said.provider === said.provider && last.said.speed === said.speed) return last.group;
      const group = find(said, sender);
      sessions.set(said.session, { said, sender, group });
      return group;
    },
  };
}

function wordOf(attribute: Attribute | undefined): string | undefined {
  return typeof attribute?.scalar === 'string' ? attribute.scalar : undefined;
}

const maxText = 256;

const routes: Readonly<Record<string, string>> = {
  firstParty: 'anthropic',
  bedrock: 'bedrock',
  anthropicAws: 'anthropic-aws',
  gateway: 'gateway',
  vertex: 'vertex',
  foundry: 'foundry',
};

/** Clients before 2.1.3 do not say which provider it was: then the model's spelling tells Bedrock's ids apart. */
function routeOf(provider: string | undefined, spelling: string): string {
  if (provider !== undefined) return (Object.hasOwn(routes, provider) && routes[provider]) || 'other';
  return /(?:^|[./])anthropic\.claude/i.test(spelling) ? 'bedrock' : 'anthropic';
}

function digest(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts));
}
