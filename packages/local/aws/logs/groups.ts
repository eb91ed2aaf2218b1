/** Log groups in memory, bounded: the oldest lines go first. One stream a group. Answers CloudWatch Logs' reads of them. */
import { AwsError, type AwsService, account, region } from '../service.ts';

interface LogEvent {
  /** Milliseconds since the epoch. */
  timestamp: number;
  message: string;
  sequence: number;
}
interface Group {
  name: string;
  creationTime: number;
  events: LogEvent[];
  characters: number;
}

export interface Groups {
  /** Answers the line's id. */
  append(group: string, message: string, timestamp: number): string;
  has(group: string): boolean;
  operations: AwsService['operations'];
}

export const stream = 'local';
const maxEvents = 10_000;
const maxCharacters = 4_000_000;
const maxPage = 10_000;

export function createGroups(now: () => number): Groups {
  const groups = new Map<string, Group>();
  let sequence = 0;

  function append(name: string, message: string, timestamp: number): string {
    const id = String(sequence);
    const group = groups.get(name) ?? { name, creationTime: timestamp, events: [], characters: 0 };
    groups.set(name, group);
    group.events.push({ timestamp, message, sequence: sequence++ });
    group.characters += message.length;
    if (group.events.length <= maxEvents && group.characters <= maxCharacters) return id;
    // A tenth at a time: shifting single lines would cost their number squared.
    for (const gone of group.events.splice(0, Math.ceil(group.events.length / 10))) group.characters -= gone.message.length;
    return id;
  }
  function groupOf(input: { logGroupName?: string; logGroupIdentifier?: string }): Group {
    const name = input.logGroupName ?? input.logGroupIdentifier?.split(':log-group:').at(-1)?.replace(/:\*$/, '') ?? '';
    const group = groups.get(name);
    if (!group) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
    return group;
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
      groups.set(name, { name, creationTime: now(), events: [], characters: 0 });
      return {};
    },
    DescribeLogGroups(input) {
      const found = [...groups.values()]
        .filter(({ name }) => name.startsWith(input.logGroupNamePrefix ?? ''))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return {
        logGroups: found.map(({ name, creationTime, characters }) => ({
          logGroupName: name,
          creationTime,
          storedBytes: characters,
          arn: `${arnOf(name)}:*`,
          logGroupArn: arnOf(name),
        })),
      };
    },
    DescribeLogStreams(input) {
      const { name, creationTime, events } = groupOf(input);
      const lastEventTimestamp = events.at(-1)?.timestamp;
      return {
        logStreams: [
          {
            logStreamName: stream,
            creationTime,
            firstEventTimestamp: events[0]?.timestamp,
            lastEventTimestamp,
            arn: `${arnOf(name)}:log-stream:${stream}`,
          },
        ],
      };
    },
    FilterLogEvents(input) {
      const matches = compileFilter(input.filterPattern);
      const from = Number(input.nextToken ?? -1);
      const found = groupOf(input).events.filter((event) => event.sequence > from && within(input)(event) && matches(event.message));
      const page = found.slice(0, Math.min(input.limit ?? maxPage, maxPage));
      const nextToken = page.length < found.length ? String(page.at(-1)?.sequence) : undefined;
      return {
        events: page.map((event) => ({ logStreamName: stream, eventId: String(event.sequence), ...shown(event) })),
        searchedLogStreams: [],
        nextToken,
      };
    },
    GetLogEvents(input) {
      if (input.logStreamName !== stream) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
      const found = groupOf(input).events.filter(within(input));
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

function shown({ timestamp, message }: LogEvent) {
  return { timestamp, message, ingestionTime: timestamp };
}

function arnOf(name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

/** Unstructured filter patterns: all terms, none of the `-` ones, one of the `?` ones. Case counts. */
export function compileFilter(pattern: unknown): (message: string) => boolean {
  const text = typeof pattern === 'string' ? pattern.trim() : '';
  if (/^[{[%]/.test(text))
    throw new AwsError('InvalidParameterException', 'JSON, delimited and regular expression filter patterns are not in the embedded stack');
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign = '', quoted, plain = '']) => ({
    sign,
    term: quoted?.replace(/\\(.)/g, '$1') ?? plain,
  }));
  const of = (sign: string) => terms.filter((one) => one.sign === sign).map(({ term }) => term);
  const [all, none, some] = [of(''), of('-'), of('?')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || some.some((term) => message.includes(term)));
}
