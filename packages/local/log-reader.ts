/** Reads a running stack's log groups through CloudWatch Logs, in order of time over all functions. It shows nothing and keeps no lines. */
import type { LogEvent } from './log-line.ts';

export interface LogReader {
  /** What was not told yet. `since`: milliseconds, for the first time that a group is read. */
  next(since: number): Promise<LogEvent[]>;
}

const groupPrefix = '/aws/lambda/';

/** `endpoint`: the AWS endpoint; `matches` chooses functions by their physical name. */
export function createLogReader(endpoint: string, matches: (functionName: string) => boolean): LogReader {
  /** Group -> the last line told. Ids grow, so a line is told once even when lines share their time. */
  const told = new Map<string, number>();

  async function call<T>(operation: string, input: object): Promise<T> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
      body: JSON.stringify(input),
    });
    if (!response.ok) throw new Error(`${operation} was answered with ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  async function readGroup(logGroupName: string, since: number): Promise<LogEvent[]> {
    const lines: LogEvent[] = [];
    let nextToken = told.has(logGroupName) ? String(told.get(logGroupName)) : undefined;
    do {
      const page: { events: { eventId: string; timestamp: number; message: string }[]; nextToken?: string } = await call(
        'FilterLogEvents',
        {
          logGroupName,
          startTime: since,
          ...(nextToken !== undefined && { nextToken }),
        },
      );
      for (const { eventId, timestamp, message } of page.events) {
        lines.push({ functionName: logGroupName.slice(groupPrefix.length), timestamp, message });
        told.set(logGroupName, Number(eventId));
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return lines;
  }

  return {
    async next(since) {
      const { logGroups } = await call<{ logGroups: { logGroupName: string }[] }>('DescribeLogGroups', { logGroupNamePrefix: groupPrefix });
      const chosen = logGroups.map(({ logGroupName }) => logGroupName).filter((name) => matches(name.slice(groupPrefix.length)));
      const lines = await Promise.all(chosen.map((name) => readGroup(name, since)));
      return lines.flat().sort((a, b) => a.timestamp - b.timestamp);
    },
  };
}
