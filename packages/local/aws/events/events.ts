/**
 * EventBridge of the embedded stack (custom buses, rules and targets; target `AWSEvents`): takes events in, finds their rules, and has
 * them delivered. What a target is, the stack decides.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { AwsError, type AwsService, account, region } from '../service.ts';
import { createArchives } from './archives.ts';
import { type Bus, createBuses, parsePattern } from './buses.ts';
import { type BusEvent, createCourier, type Deliver, type OnDead } from './delivery.ts';
import { isObject } from './matcher.ts';
import { flattenEvent, matches } from './pattern.ts';
import { createReplays } from './replays.ts';

export interface EventsOptions {
  clock: Clock;
  deliver: Deliver;
  onDead: OnDead;
  /** Where undelivered events, archives, replays, and the rules and targets of people outlive the process. The stack makes its own again. */
  folder?: string;
}

export interface Events {
  service: AwsService;
  /** Puts an event of an AWS service or of the stack itself on a bus, e.g. source `aws.states` on `default`. Throws when there is no such bus. */
  publish(busName: string, event: Pick<BusEvent, 'source' | 'detail-type' | 'detail'> & { resources?: readonly string[] }): string;
  /** Once rules and targets are there: delivers what a killed process had not, and goes on with its replays. */
  resume(): void;
  /** Deliveries and replays at work; what waits for the clock is not. */
  inFlight(): number;
  waiting(): number;
  close(): void;
}

interface Entry {
  Source?: unknown;
  DetailType?: unknown;
  Detail?: unknown;
  EventBusName?: string;
  Resources?: string[];
  Time?: number;
}
interface EntryFailure {
  ErrorCode: string;
  ErrorMessage: string;
}

const maxEntries = 10;
/** Request quota since 2026-01-29. */
const maxBytes = 1024 * 1024;

/** A replay waits while this many deliveries are at work. */
const crowded = 200;

export function createEvents({ clock, deliver, onDead, folder }: EventsOptions): Events {
  const at = (name: string) => (folder === undefined ? undefined : join(folder, name));
  const buses = createBuses(at('rules.json'));
  const journal = at('deliveries.jsonl');
  const courier = createCourier({ clock, deliver, onDead, ...(journal && { journal }) });
  const archiveFolder = at('archives');
  const archives = createArchives({ clock, buses, ...(archiveFolder && { folder: archiveFolder }) });
  const replays = createReplays({ clock, archives, put: putAgain, room, ...(folder !== undefined && { folder }) });

  function put(bus: Bus, event: BusEvent, ruleArns?: readonly string[]): string {
    const flat = flattenEvent({ ...event });
    archives.keep(bus.arn, event, flat);
    for (const rule of bus.rules.values()) {
      if (rule.State !== 'ENABLED' || !matches(rule.compiled, flat) || ruleArns?.includes(rule.Arn) === false) continue;
      for (const target of rule.targets.values()) courier.send({ event, target, ruleArn: rule.Arn, busName: bus.name });
    }
    return event.id;
  }
  function putAgain(busArn: string, event: BusEvent, ruleArns: readonly string[] | undefined): void {
    const bus = buses.find(busArn);
    if (!bus) throw new Error(`Event bus ${busArn} does not exist.`);
    put(bus, event, ruleArns);
  }
  async function room(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (courier.inFlight() > crowded);
  }

  function accept(entry: Entry, busOf: (entry: Entry) => Bus | EntryFailure): { EventId: string } | EntryFailure {
    for (const field of ['Source', 'DetailType', 'Detail'] as const)
      if (!entry[field]) return failure('InvalidArgument', `Parameter ${field} is not valid. Reason: ${field} is a required argument.`);
    const detail = parseDetail(String(entry.Detail));
    if (!detail) return failure('MalformedDetail', 'Detail is malformed.');
    const bus = busOf(entry);
    if ('ErrorCode' in bus) return bus;
    const event = envelope(String(entry.Source), String(entry.DetailType), detail, entry.Resources, entry.Time);
    return { EventId: put(bus, event) };
  }

  function envelope(
    source: string,
    detailType: string,
    detail: Record<string, unknown>,
    resources: readonly string[] = [],
    timeSeconds?: number,
  ): BusEvent {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account,
      time: new Date(timeSeconds === undefined ? clock.now() : timeSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      region,
      resources,
      detail,
    };
  }

  /** On AWS a source that begins with `aws.` is refused here; a partner's is let through to its own bus, so that people can play the IdP. */
  function customerBus({ EventBusName, Source }: Entry): Bus | EntryFailure {
    const bus = buses.find(EventBusName);
    if (!bus) return failure('ResourceNotFoundException', `Event bus ${EventBusName} does not exist.`);
    if (bus.partner)
      return Source === bus.name
        ? bus
        : failure('NotAuthorizedForSourceException', `Only the source ${bus.name} may put events on its bus.`);
    return String(Source).startsWith('aws.') ? failure('NotAuthorizedForSourceException', 'Not authorized for the source.') : bus;
  }
  function partnerBus({ Source }: Entry): Bus | EntryFailure {
    const bus = buses.find(String(Source));
    return bus?.partner ? bus : failure('ResourceNotFoundException', `Partner event source ${Source} has no event bus.`);
  }
  function putAll(input: { Entries?: unknown }, busOf: (entry: Entry) => Bus | EntryFailure) {
    const entries = checkEntries(input.Entries);
    const Entries = entries.map((entry) => accept(entry, busOf));
    return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries };
  }

  return {
    service: {
      targets: ['AWSEvents'],
      json: '1.1',
      operations: {
        ...buses.operations,
        ...archives.operations,
        ...replays.operations,
        PutEvents: (input) => putAll(input, customerBus),
        PutPartnerEvents: (input) => putAll(input, partnerBus),
        TestEventPattern(input) {
          const event = parseDetail(String(input.Event));
          if (!event) throw new AwsError('ValidationException', 'Parameter Event is not valid. Reason: it is not a JSON object.');
          return { Result: matches(parsePattern(String(input.EventPattern)), flattenEvent(event)) };
        },
      },
    },
    publish(busName, { source, 'detail-type': detailType, detail, resources }) {
      const bus = buses.find(busName);
      if (!bus) throw new Error(`Event bus ${busName} does not exist`);
      return put(bus, envelope(source, detailType, detail, resources));
    },
    resume() {
      courier.resume();
      replays.resume();
    },
    inFlight: () => courier.inFlight() + replays.running(),
    waiting: courier.waiting,
    close() {
      replays.close();
      courier.close();
    },
  };
}

function checkEntries(value: unknown): Entry[] {
  const count = Array.isArray(value) ? value.length : 0;
  if (!Array.isArray(value) || count < 1 || count > maxEntries) {
    const bound = count > maxEntries ? `less than or equal to ${maxEntries}` : 'greater than or equal to 1';
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${bound}`,
    );
  }
  if (value.reduce((sum, entry) => sum + sizeOf(entry), 0) > maxBytes)
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
  return value;
}

/** As the EventBridge user guide counts: 14 bytes for a time, UTF-8 bytes of source, detail type, detail and resources. */
function sizeOf(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return (entry.Time === undefined ? 0 : 14) + texts.reduce<number>((sum, text) => sum + Buffer.byteLength(String(text ?? '')), 0);
}

function parseDetail(text: string): Record<string, unknown> | undefined {
  try {
    const detail: unknown = JSON.parse(text);
    return isObject(detail) ? detail : undefined;
  } catch {
    return undefined;
  }
}

function failure(ErrorCode: string, ErrorMessage: string): EntryFailure {
  return { ErrorCode, ErrorMessage };
}
