/**
 * EventBridge replays: puts the archived events of a span of time on their bus once more, in the order they were archived, each with
 * `replay-name`. It goes on after a restart from its beginning, so an event may come twice, as on AWS. It changes no archive.
 */
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { readDocument, writeDocument } from '../../durable-file.ts';
import { AwsError, type AwsService, account, region } from '../service.ts';
import type { Archive, Archives } from './archives.ts';
import type { BusEvent } from './delivery.ts';
import { checkName, listOf, paged, timeOf } from './input.ts';

type ReplayState = 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

/** Times in milliseconds of stack time. */
interface Replay {
  ReplayName: string;
  Description?: string;
  State: ReplayState;
  StateReason?: string;
  EventSourceArn: string;
  Destination: { Arn: string; FilterArns?: string[] };
  from: number;
  to: number;
  lastReplayed?: number;
  startedAt: number;
  endedAt?: number;
}

export interface Replays {
  operations: AwsService['operations'];
  /** Goes on with what a killed process left unfinished. */
  resume(): void;
  /** Replays that put events now. */
  running(): number;
  close(): void;
}

export interface ReplaysOptions {
  clock: Clock;
  archives: Archives;
  /** Puts the event on the bus, for the rules with these ARNs or for all. */
  put: (busArn: string, event: BusEvent, ruleArns: readonly string[] | undefined) => void;
  /** Resolves when the bus can take more. */
  room: () => Promise<void>;
  folder?: string;
}

/** AWS: ten replays at once in an account and region; finished ones are listed for 90 days. */
const maxAtOnce = 10;
const keptMs = 90 * 24 * 3_600_000;
const eventsAtOnce = 100;
const unfinished: readonly ReplayState[] = ['STARTING', 'RUNNING', 'CANCELLING'];

export function createReplays({ clock, archives, put, room, folder }: ReplaysOptions): Replays {
  const document = folder === undefined ? undefined : join(folder, 'replays.json');
  const kept = document ? ((readDocument(document) as Replay[] | undefined) ?? []) : [];
  const replays = new Map(kept.map((replay) => [replay.ReplayName, replay]));
  let running = 0;
  let closed = false;

  function save(): void {
    for (const [name, { endedAt }] of replays) if (endedAt !== undefined && clock.now() - endedAt > keptMs) replays.delete(name);
    if (document && !closed) writeDocument(document, [...replays.values()]);
  }
  function get(name: unknown): Replay {
    const replay = replays.get(String(name));
    if (!replay) throw new AwsError('ResourceNotFoundException', `Replay ${name} does not exist.`);
    return replay;
  }
  function end(replay: Replay, State: ReplayState, StateReason?: string): void {
    Object.assign(replay, { State, endedAt: clock.now() }, StateReason !== undefined && { StateReason });
    save();
  }

  async function run(replay: Replay): Promise<void> {
    running++;
    try {
      // The answer of StartReplay says STARTING; nothing is put before it is given.
      await nextTurn();
      const archive = archives.find(replay.EventSourceArn);
      if (replay.State === 'STARTING') replay.State = 'RUNNING';
      if (archive) await putAll(replay, archive);
      if (closed) return;
      if (replay.State === 'CANCELLING') end(replay, 'CANCELLED');
      else if (!archive) end(replay, 'FAILED', `The archive ${replay.EventSourceArn} was deleted.`);
      else end(replay, 'COMPLETED');
    } catch (error) {
      end(replay, 'FAILED', error instanceof Error ? error.message : String(error));
    } finally {
      running--;
    }
  }
  async function putAll(replay: Replay, archive: Archive): Promise<void> {
    let count = 0;
    for (const part of archives.read(archive)) {
      for (const { event } of part) {
        const time = Date.parse(event.time);
        if (time < replay.from || time >= replay.to) continue;
        if (closed || replay.State !== 'RUNNING') return;
        put(replay.Destination.Arn, { ...event, 'replay-name': replay.ReplayName }, replay.Destination.FilterArns);
        replay.lastReplayed = Math.max(replay.lastReplayed ?? 0, time);
        if (++count % eventsAtOnce === 0) await room();
      }
      await nextTurn();
    }
  }

  const operations: AwsService['operations'] = {
    StartReplay(input) {
      const ReplayName = checkName('replayName', input.ReplayName, /^[.\-_A-Za-z0-9]{1,64}$/);
      if (replays.has(ReplayName)) throw new AwsError('ResourceAlreadyExistsException', `Replay ${ReplayName} already exists.`);
      const archive = archives.find(input.EventSourceArn);
      if (!archive) throw new AwsError('ResourceNotFoundException', `Archive ${input.EventSourceArn} does not exist.`);
      const Destination = destinationOf(input.Destination, archive.record.EventSourceArn);
      const [from, to] = [timeOf('EventStartTime', input.EventStartTime), timeOf('EventEndTime', input.EventEndTime)];
      if (to <= from) throw invalid('EventEndTime', 'EventStartTime must be before EventEndTime.');
      if ([...replays.values()].filter(({ State }) => unfinished.includes(State)).length >= maxAtOnce)
        throw new AwsError('LimitExceededException', `The requested resource exceeds the maximum number allowed (${maxAtOnce} replays).`);
      const replay: Replay = {
        ReplayName,
        ...(input.Description !== undefined && { Description: String(input.Description) }),
        State: 'STARTING',
        EventSourceArn: String(input.EventSourceArn),
        Destination,
        from,
        to,
        startedAt: clock.now(),
      };
      replays.set(ReplayName, replay);
      save();
      void run(replay);
      return { ReplayArn: arnOf(ReplayName), State: 'STARTING', ReplayStartTime: replay.startedAt / 1000 };
    },
    DescribeReplay(input) {
      const replay = get(input.ReplayName);
      const { Description, Destination, StateReason } = replay;
      return {
        ...shown(replay),
        ReplayArn: arnOf(replay.ReplayName),
        Destination,
        ...(Description !== undefined && { Description }),
        ...(StateReason !== undefined && { StateReason }),
      };
    },
    ListReplays(input) {
      const wanted = [...replays.values()].filter(
        ({ State, EventSourceArn }) =>
          (input.State === undefined || State === input.State) &&
          (input.EventSourceArn === undefined || EventSourceArn === input.EventSourceArn),
      );
      const { page, NextToken } = paged(wanted, input, ({ ReplayName }) => ReplayName);
      return { Replays: page.map(shown), NextToken };
    },
    CancelReplay(input) {
      const replay = get(input.ReplayName);
      if (replay.State !== 'STARTING' && replay.State !== 'RUNNING')
        throw new AwsError('IllegalStatusException', `Replay ${replay.ReplayName} is not in a valid state for this operation.`);
      replay.State = 'CANCELLING';
      save();
      return { ReplayArn: arnOf(replay.ReplayName), State: 'CANCELLING' };
    },
  };

  return {
    operations,
    resume() {
      for (const replay of replays.values()) if (unfinished.includes(replay.State)) void run(replay);
    },
    running: () => running,
    close() {
      closed = true;
    },
  };
}

/** AWS replays to the bus that the archive was made of, and to no other. */
function destinationOf(value: unknown, busArn: string): Replay['Destination'] {
  const { Arn, FilterArns } = (value ?? {}) as { Arn?: unknown; FilterArns?: unknown };
  if (Arn !== busArn) throw invalid('Destination.Arn', 'Cross event bus replay is not permitted.');
  if (FilterArns === undefined) return { Arn: busArn };
  return { Arn: busArn, FilterArns: listOf(FilterArns, 'FilterArns').map(String) };
}

function shown(replay: Replay): Record<string, unknown> {
  const { ReplayName, EventSourceArn, State, from, to, lastReplayed, startedAt, endedAt } = replay;
  return {
    ReplayName,
    EventSourceArn,
    State,
    EventStartTime: from / 1000,
    EventEndTime: to / 1000,
    ReplayStartTime: startedAt / 1000,
    ...(lastReplayed !== undefined && { EventLastReplayedTime: lastReplayed / 1000 }),
    ...(endedAt !== undefined && { ReplayEndTime: endedAt / 1000 }),
  };
}

function arnOf(name: string): string {
  return `arn:aws:events:${region}:${account}:replay/${name}`;
}
function invalid(field: string, reason: string): AwsError {
  return new AwsError('ValidationException', `Parameter ${field} is not valid. Reason: ${reason}`);
}
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
