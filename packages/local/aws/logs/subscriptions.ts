/**
 * Subscription filters of log groups: matching lines go to a function, gathered, gzipped and in base64, as CloudWatch Logs sends them.
 * Filters live in memory beside their groups. It keeps no lines.
 */
import { gzipSync } from 'node:zlib';
import { AwsError, type AwsService, account } from '../service.ts';

export interface LogLine {
  id: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  message: string;
}

interface Filter {
  name: string;
  group: string;
  pattern: string;
  matches: (message: string) => boolean;
  arn: string;
  created: number;
  waiting: LogLine[];
}

export interface Subscriptions {
  /** Takes a line that was written to a group. */
  hear(group: string, stream: string, line: LogLine): void;
  /** The group is gone: its filters too. */
  forget(group: string): void;
  /** Lines gathered and not yet handed over. */
  waiting(): number;
  operations: AwsService['operations'];
}

export interface SubscriptionsOptions {
  now(): number;
  hasGroup(name: string): boolean;
  compile(pattern: unknown): (message: string) => boolean;
  /** Invokes a function asynchronously. `arn` as the filter names it. */
  deliver(arn: string, event: { awslogs: { data: string } }): void;
}

const mostFilters = 2;
const mostLines = 1000;

export function createSubscriptions({ now, hasGroup, compile, deliver }: SubscriptionsOptions): Subscriptions {
  /** By group, then name. */
  const filters = new Map<string, Map<string, Filter>>();

  function flush(filter: Filter, stream: string): void {
    const logEvents = filter.waiting.splice(0, mostLines);
    if (logEvents.length === 0) return;
    const document = {
      messageType: 'DATA_MESSAGE',
      owner: account,
      logGroup: filter.group,
      logStream: stream,
      subscriptionFilters: [filter.name],
      logEvents,
    };
    deliver(filter.arn, { awslogs: { data: gzipSync(JSON.stringify(document)).toString('base64') } });
    if (filter.waiting.length > 0) setImmediate(flush, filter, stream);
  }

  function ofGroup(input: { logGroupName?: unknown }): Map<string, Filter> {
    const name = String(input.logGroupName ?? '');
    if (!hasGroup(name)) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
    return filters.get(name) ?? new Map();
  }

  return {
    hear(group, stream, line) {
      for (const filter of filters.get(group)?.values() ?? []) {
        if (!filter.matches(line.message)) continue;
        // Lines of one turn of the event loop go together.
        if (filter.waiting.push(line) === 1) setImmediate(flush, filter, stream);
      }
    },
    forget: (group) => void filters.delete(group),
    waiting: () =>
      [...filters.values()].reduce((sum, group) => sum + [...group.values()].reduce((all, one) => all + one.waiting.length, 0), 0),
    operations: {
      PutSubscriptionFilter(input) {
        const group = ofGroup(input);
        const { filterName: name, destinationArn: arn, logGroupName } = input;
        if (typeof name !== 'string' || !/^[^:*]{1,512}$/.test(name))
          throw invalid('filterName must be 1 to 512 characters without : and *');
        const target = /^arn:aws:lambda:[\w-]+:\d{12}:function:([\w-]+)/.exec(String(arn))?.[1];
        if (target === undefined) throw invalid(`The subscription destination ${arn} is not in the embedded stack: only functions are`);
        if (logGroupName === `/aws/lambda/${target}`) throw invalid('A function that hears its own log would call itself without end');
        if (!group.has(name) && group.size >= mostFilters) throw new AwsError('LimitExceededException', 'Resource limit exceeded.');
        const pattern = String(input.filterPattern ?? '');
        const created = group.get(name)?.created ?? now();
        filters.set(
          logGroupName,
          group.set(name, { name, group: logGroupName, pattern, matches: compile(pattern), arn, created, waiting: [] }),
        );
        return {};
      },
      DescribeSubscriptionFilters(input) {
        const found = [...ofGroup(input).values()].filter(({ name }) => name.startsWith(input.filterNamePrefix ?? ''));
        return {
          subscriptionFilters: found.map(({ name, group, pattern, arn, created }) => ({
            filterName: name,
            logGroupName: group,
            filterPattern: pattern,
            destinationArn: arn,
            distribution: 'ByLogStream',
            creationTime: created,
          })),
        };
      },
      DeleteSubscriptionFilter(input) {
        if (!ofGroup(input).delete(input.filterName))
          throw new AwsError('ResourceNotFoundException', 'The specified subscription filter does not exist.');
        return {};
      },
    },
  };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
