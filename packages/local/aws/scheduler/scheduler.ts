/**
 * EventBridge Scheduler on the stack clock: Create-, Get-, List-, Update- and DeleteSchedule, targets that are functions. What a moved clock or
 * a stopped process passed over is fired once, not once for each time.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { readDocument, writeDocument } from '../../durable-file.ts';
import type { AwsAnswer, AwsRequest, WholeService } from '../endpoint.ts';
import { AwsError, account, region } from '../service.ts';
import type { NextTime } from './expression.ts';
import { readSchedule, type ScheduleDocument } from './input.ts';

export interface Fired {
  scheduleArn: string;
  document: ScheduleDocument;
  executionId: string;
  /** RFC 3339. */
  scheduledTime: string;
  /** The function's payload, JSON. */
  payload: string;
}

export interface Scheduler {
  service: WholeService;
  /** Creates or changes a schedule; nothing happens when it is so already. */
  ensure(name: string, input: Readonly<Record<string, unknown>>): void;
  /** From now on schedules fire: whoever they call is there. */
  start(): void;
  close(): void;
}

export interface SchedulerOptions {
  clock: Clock;
  /** Kept here; without it in memory. */
  path?: string;
  /** Hands the payload to the target. */
  fire(fired: Fired): void;
  /** A number in [0, 1): where in its flexible window a schedule fires. */
  jitter?: () => number;
}

/** What is kept of a schedule. Milliseconds. */
interface Kept {
  document: ScheduleDocument;
  created: number;
  modified: number;
  /** Up to when it has fired. */
  firedTo: number;
}
interface Live extends Kept {
  next: NextTime;
  timer?: Timer | undefined;
}

const maxPage = 100;

export function createScheduler({ clock, path, fire, jitter = Math.random }: SchedulerOptions): Scheduler {
  const schedules = new Map<string, Live>();
  for (const kept of (path === undefined ? undefined : (readDocument(path) as Kept[] | undefined)) ?? []) {
    const live: Live = { ...kept, next: readSchedule(kept.document.Name, { ...kept.document }).next };
    schedules.set(kept.document.Name, live);
  }
  let started = false;

  function save(): void {
    if (path === undefined) return;
    const kept = [...schedules.values()].map(({ document, created, modified, firedTo }) => ({ document, created, modified, firedTo }));
    writeDocument(path, kept);
  }

  function arm(live: Live): void {
    live.timer?.cancel();
    live.timer = undefined;
    if (!started) return;
    const { document, next, created, firedTo } = live;
    if (document.State === 'DISABLED') return;
    const start = document.StartDate === undefined ? created : document.StartDate * 1000;
    const due = next(Math.max(firedTo, start - 1), start);
    const end = document.EndDate === undefined ? Number.POSITIVE_INFINITY : document.EndDate * 1000;
    if (due === undefined || due > end) {
      complete(live);
      return;
    }
    // Somewhere in the window, anew for each time.
    const laterMs = (document.FlexibleTimeWindow.MaximumWindowInMinutes ?? 0) * 60_000 * jitter();
    live.timer = clock.after(due + laterMs - clock.now(), () => run(live, due));
  }
  function run(live: Live, due: number): void {
    // The times that were passed over count as this one.
    live.firedTo = Math.max(due, clock.now());
    save();
    fire(firedOf(live.document, due));
    arm(live);
  }
  function complete(live: Live): void {
    if (live.document.ActionAfterCompletion !== 'DELETE') return;
    schedules.delete(live.document.Name);
    save();
  }

  function put(name: string, input: Readonly<Record<string, unknown>>, known: Live | undefined): Live {
    const { document, next } = readSchedule(name, input);
    const now = clock.now();
    const live: Live = { document, next, created: known?.created ?? now, modified: now, firedTo: now };
    known?.timer?.cancel();
    schedules.set(name, live);
    save();
    arm(live);
    return live;
  }
  function found(name: string): Live {
    const live = schedules.get(name);
    if (!live) throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, { status: 404 });
    return live;
  }

  const operations: Readonly<Record<string, (name: string, input: Record<string, unknown>, query: URLSearchParams) => object>> = {
    CreateSchedule(name, input) {
      if (schedules.has(name)) throw new AwsError('ConflictException', `Schedule ${name} already exists.`, { status: 409 });
      put(name, input, undefined);
      return { ScheduleArn: arnOf(name) };
    },
    UpdateSchedule(name, input) {
      put(name, input, found(name));
      return { ScheduleArn: arnOf(name) };
    },
    GetSchedule(name) {
      const { document, created, modified } = found(name);
      return { Arn: arnOf(name), ...document, CreationDate: created / 1000, LastModificationDate: modified / 1000 };
    },
    DeleteSchedule(name) {
      found(name).timer?.cancel();
      schedules.delete(name);
      save();
      return {};
    },
    ListSchedules(_name, _input, query) {
      const [prefix, state, after] = [query.get('NamePrefix') ?? '', query.get('State'), query.get('NextToken') ?? ''];
      const all = [...schedules.values()]
        .filter(({ document: { Name, State } }) => Name.startsWith(prefix) && (state === null || State === state) && Name > after)
        .sort((a, b) => (a.document.Name < b.document.Name ? -1 : 1));
      const page = all.slice(0, Math.min(Number(query.get('MaxResults') ?? maxPage), maxPage));
      const last = page.at(-1)?.document.Name;
      return {
        Schedules: page.map(({ document: { Name, GroupName, State, Target }, created, modified }) => ({
          Arn: arnOf(Name),
          Name,
          GroupName,
          State,
          Target: { Arn: Target.Arn },
          CreationDate: created / 1000,
          LastModificationDate: modified / 1000,
        })),
        ...(page.length < all.length && { NextToken: last }),
      };
    },
  };

  return {
    service: {
      name: 'scheduler',
      operationOf: (request) => route(request)?.operation,
      async answer(request): Promise<AwsAnswer> {
        const { operation = '', name = '' } = route(request) ?? {};
        const body = operations[operation]?.(name, parse(request), request.url.searchParams);
        return { status: 200, contentType: 'application/json', body: JSON.stringify(body ?? {}) };
      },
    },
    ensure(name, input) {
      const known = schedules.get(name);
      const { document } = readSchedule(name, input);
      if (!known || JSON.stringify(known.document) !== JSON.stringify(document)) put(name, input, known);
    },
    start() {
      started = true;
      for (const live of [...schedules.values()]) arm(live);
    },
    close() {
      for (const { timer } of schedules.values()) timer?.cancel();
    },
  };
}

const byMethod: Readonly<Record<string, string>> = {
  POST: 'CreateSchedule',
  PUT: 'UpdateSchedule',
  GET: 'GetSchedule',
  DELETE: 'DeleteSchedule',
};

function route({ method, url, signedFor }: AwsRequest): { operation: string; name: string } | undefined {
  if (signedFor !== 'scheduler') return undefined;
  if (method === 'GET' && url.pathname === '/schedules') return { operation: 'ListSchedules', name: '' };
  const name = /^\/schedules\/([^/]+)$/.exec(url.pathname)?.[1];
  const operation = byMethod[method];
  return name !== undefined && operation !== undefined ? { operation, name: decodeURIComponent(name) } : undefined;
}

function parse({ body }: AwsRequest): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const input: unknown = JSON.parse(body.toString('utf8'));
    if (typeof input === 'object' && input !== null) return { ...input };
  } catch {
    // Told below, as everything else that is no JSON object.
  }
  throw new AwsError('ValidationException', 'The body is not a JSON object');
}

function firedOf(document: ScheduleDocument, due: number): Fired {
  const scheduleArn = arnOf(document.Name);
  const executionId = randomUUID();
  const scheduledTime = new Date(due).toISOString().replace(/\.\d+Z$/, 'Z');
  const words: Readonly<Record<string, string>> = {
    'schedule-arn': scheduleArn,
    'scheduled-time': scheduledTime,
    'execution-id': executionId,
    'attempt-number': '1',
  };
  const event = {
    version: '0',
    id: executionId,
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account,
    time: scheduledTime,
    region,
    resources: [scheduleArn],
    detail: '{}',
  };
  const payload =
    document.Target.Input?.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, word: string) => words[word] ?? whole) ?? JSON.stringify(event);
  return { scheduleArn, document, executionId, scheduledTime, payload };
}

function arnOf(name: string): string {
  return `arn:aws:scheduler:${region}:${account}:schedule/default/${name}`;
}
