/** Log groups and their streams in memory, bounded: the oldest lines go first, and what its retention is over. It reads no line. */

import { AwsError, type AwsService, account, region } from '../service.ts';
import { compileFilter } from './filter.ts';

interface LogEvent {
  stream: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  message: string;
  sequence: number;
}
interface Group {
  name: string;
  creationTime: number;
  /** When each stream was made. */
  streams: Map<string, number>;
  retentionDays?: number;
  events: LogEvent[];
  characters: number;
}

export interface Line {
  stream: string;
  message: string;
  /** Milliseconds. */
  timestamp: number;
}

export interface Groups {
  /** Makes group and stream when they are not there. Answers the line's id. */
  append(group: string, line: Line): string;
  has(group: string): boolean;
  operations: AwsService['operations'];
}

export interface GroupsOptions {
  now(): number;
  /** Takes a line that somebody put, as it takes those of functions. */
  write(group: string, line: Line): void;
  /** A group is gone, and what belongs to it. */
  onGone(group: string): void;
}

const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const [dayMs, hourMs] = [86_400_000, 3_600_000];
/** Of one group. */
const maxEvents = 10_000;
const maxCharacters = 4_000_000;
/** Of all groups: a stack of days with a hundred functions stays as small as one of hours. */
const maxCharactersOfAll = 16_000_000;
const maxPage = 10_000;

export function createGroups({ now, write, onGone }: GroupsOptions): Groups {
  const groups = new Map<string, Group>();
  let sequence = 0;
  let charactersOfAll = 0;

  function make(name: string): Group {
    const group: Group = { name, creationTime: now(), streams: new Map(), events: [], characters: 0 };
    groups.set(name, group);
    return group;
  }
  function append(name: string, { stream, message, timestamp }: Line): string {
    const id = String(sequence);
    const group = groups.get(name) ?? make(name);
    if (!group.streams.has(stream)) group.streams.set(stream, now());
    group.events.push({ stream, timestamp, message, sequence: sequence++ });
    weigh(group, message.length);
    if (group.events.length > maxEvents || group.characters > maxCharacters) shorten(group);
    else if (charactersOfAll > maxCharactersOfAll) shorten(longest());
    return id;
  }
  function weigh(group: Group, difference: number): void {
    group.characters += difference;
    charactersOfAll += difference;
  }
  /** A tenth at a time: shifting single lines would cost their number squared. */
  function shorten(group: Group): void {
    for (const gone of group.events.splice(0, Math.ceil(group.events.length / 10))) weigh(group, -gone.message.length);
  }
  function longest(): Group {
    return [...groups.values()].reduce((most, one) => (one.characters > most.characters ? one : most));
  }
  function groupOf(input: { logGroupName?: string; logGroupIdentifier?: string }): Group {
    const name = input.logGroupName ?? input.logGroupIdentifier?.split(':log-group:').at(-1)?.replace(/:\*$/, '') ?? '';
    const group = groups.get(name);
    if (!group) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
    const { retentionDays } = group;
    if (retentionDays !== undefined) keep(group, ({ timestamp }) => timestamp > now() - retentionDays * dayMs);
    return group;
  }
  function keep(group: Group, isKept: (event: LogEvent) => boolean): void {
    group.events = group.events.filter(isKept);
    weigh(group, group.events.reduce((sum, { message }) => sum + message.length, 0) - group.characters);
  }
  function streamOf(input: { logStreamName?: unknown }, { streams }: Group): string {
    const name = String(input.logStreamName ?? '');
    if (!streams.has(name)) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    return name;
  }
  const within =
    ({ startTime = 0, endTime = Number.POSITIVE_INFINITY }: { startTime?: number; endTime?: number }) =>
    ({ timestamp }: LogEvent) =>
      timestamp >= startTime && timestamp < endTime;

  const operations: AwsService['operations'] = {
    CreateLogGroup({ logGroupName: name }) {
      if (typeof name !== 'string' || !/^[\w./#-]{1,512}$/.test(name))
        throw new AwsError('InvalidParameterException', 'logGroupName must be 1 to 512 letters, digits or . - _ / #');
      if (groups.has(name)) throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
      make(name);
      return {};
    },
    DescribeLogGroups(input) {
      const found = [...groups.values()]
        .filter(({ name }) => name.startsWith(input.logGroupNamePrefix ?? ''))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return {
        logGroups: found.map(({ name, creationTime, characters, retentionDays }) => ({
          logGroupName: name,
          creationTime,
          retentionInDays: retentionDays,
          storedBytes: characters,
          arn: `${arnOf(name)}:*`,
          logGroupArn: arnOf(name),
        })),
      };
    },
    DeleteLogGroup(input) {
      const group = groupOf(input);
      weigh(group, -group.characters);
      groups.delete(group.name);
      onGone(group.name);
      return {};
    },
    PutRetentionPolicy(input) {
      const group = groupOf(input);
      if (!retentions.includes(input.retentionInDays))
        throw new AwsError('InvalidParameterException', `retentionInDays must be one of ${retentions}`);
      group.retentionDays = input.retentionInDays;
      return {};
    },
    DeleteRetentionPolicy(input) {
      delete groupOf(input).retentionDays;
      return {};
    },
    CreateLogStream(input) {
      const { streams } = groupOf(input);
      const { logStreamName: name } = input;
      if (typeof name !== 'string' || !/^[^:*]{1,512}$/.test(name))
        throw new AwsError('InvalidParameterException', 'logStreamName must be 1 to 512 characters without : and *');
      if (streams.has(name)) throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
      streams.set(name, now());
      return {};
    },
    DeleteLogStream(input) {
      const group = groupOf(input);
      const name = streamOf(input, group);
      group.streams.delete(name);
      keep(group, ({ stream }) => stream !== name);
      return {};
    },
    DescribeLogStreams(input) {
      const { name, streams, events } = groupOf(input);
      const found = [...streams].filter(([stream]) => stream.startsWith(input.logStreamNamePrefix ?? ''));
      return {
        logStreams: found.sort().map(([logStreamName, creationTime]) => {
          const own = events.filter(({ stream }) => stream === logStreamName);
          return {
            logStreamName,
            creationTime,
            firstEventTimestamp: own[0]?.timestamp,
            lastEventTimestamp: own.at(-1)?.timestamp,
            arn: `${arnOf(name)}:log-stream:${logStreamName}`,
          };
        }),
      };
    },
    PutLogEvents(input) {
      const group = groupOf(input);
      const stream = streamOf(input, group);
      const events: { timestamp: number; message: string }[] = Array.isArray(input.logEvents) ? input.logEvents : [];
      if (events.length < 1 || events.length > maxPage)
        throw new AwsError('InvalidParameterException', `logEvents must be 1 to ${maxPage} events`);
      if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0)))
        throw new AwsError('InvalidParameterException', 'Log events in a single PutLogEvents request must be in chronological order.');
      const tooOld = events.filter(({ timestamp }) => timestamp < now() - 14 * dayMs).length;
      const inTime = events.filter(({ timestamp }) => timestamp <= now() + 2 * hourMs).length;
      for (const { timestamp, message } of events.slice(tooOld, inTime)) write(group.name, { stream, timestamp, message });
      const rejectedLogEventsInfo = {
        ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
        ...(inTime < events.length && { tooNewLogEventStartIndex: inTime }),
      };
      return {
        nextSequenceToken: String(sequence),
        ...(Object.keys(rejectedLogEventsInfo).length > 0 && { rejectedLogEventsInfo }),
      };
    },
    FilterLogEvents(input) {
      const matches = compileFilter(input.filterPattern);
      const from = Number(input.nextToken ?? -1);
      const isAsked = streamFilter(input);
      const found = groupOf(input).events.filter(
        (event) => event.sequence > from && within(input)(event) && isAsked(event) && matches(event.message),
      );
      const page = found.slice(0, Math.min(input.limit ?? maxPage, maxPage));
      const nextToken = page.length < found.length ? String(page.at(-1)?.sequence) : undefined;
      return {
        events: page.map((event) => ({ logStreamName: event.stream, eventId: String(event.sequence), ...shown(event) })),
        searchedLogStreams: [],
        nextToken,
      };
    },
    GetLogEvents(input) {
      const group = groupOf(input);
      const name = streamOf(input, group);
      const found = group.events.filter((event) => event.stream === name && within(input)(event));
      const limit = Math.min(input.limit ?? maxPage, maxPage);
      // Tokens are `f/<sequence>` (what comes after) and `b/<sequence>` (what came before), as on AWS they never run out.
      const [direction, at] = String(input.nextToken ?? (input.startFromHead ? 'f/-1' : `b/${sequence}`)).split('/');
      const forward = direction === 'f';
      const beyond = found.filter((event) => (forward ? event.sequence > Number(at) : event.sequence < Number(at)));
      const page = forward ? beyond.slice(0, limit) : beyond.slice(-limit);
      const [first, last] = [page[0]?.sequence ?? Number(at), page.at(-1)?.sequence ?? Number(at)];
      return { events: page.map(shown), nextForwardToken: `f/${last}`, nextBackwardToken: `b/${first}` };
    },
  };
  return { append, has: (group) => groups.has(group), operations };
}

function streamFilter(input: { logStreamNames?: string[]; logStreamNamePrefix?: string }): (event: LogEvent) => boolean {
  const { logStreamNames: names, logStreamNamePrefix: prefix = '' } = input;
  return ({ stream }) => (names === undefined || names.includes(stream)) && stream.startsWith(prefix);
}

function shown({ timestamp, message }: LogEvent) {
  return { timestamp, message, ingestionTime: timestamp };
}

function arnOf(name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}
