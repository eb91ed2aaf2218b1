/** The executions: starts, stops, redrives and resumes them, and counts what works. The keeper stores them. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { TopMachine } from './definition.ts';
import type { Evaluator } from './expression.ts';
import { errorDetails, StatesFault } from './fault.ts';
import { newFrame, rearm } from './frame.ts';
import { type Details, maxEvents } from './history.ts';
import type { Json } from './json.ts';
import { Closing, createKeeper, type Live, type OnStatus } from './keeper.ts';
import type { Invoke, Run } from './place.ts';
import type { ExecutionStore, Given, Status, Stored, Summary } from './store.ts';
import { follow } from './thread.ts';
import type { TokenTable } from './tokens.ts';

export interface Executions {
  /** Loads what the store keeps; what ran stands still until `resume`. `machine` finds a definition by its hash. */
  open(machine: (hash: string) => Promise<TopMachine>): Promise<void>;
  /** Goes on with what ran, and tells the statuses that nobody heard of. */
  resume(): void;
  /** Begins a new execution; resolves once it is stored. */
  start(summary: Summary, given: Given, machine: TopMachine): Promise<void>;
  stop(arn: string, error: string | undefined, cause: string | undefined): Promise<void>;
  redrive(stored: Stored, machine: TopMachine): Promise<void>;
  summaries(): ReadonlyMap<string, Summary>;
  /** Drops an execution that the store no longer keeps. */
  forget(summary: Summary): void;
  /** Resolves when an execution that has ended is stored and told; at once for one that runs. */
  ended(arn: string): Promise<void>;
  /** The whole of an execution with all its events so far. */
  read(arn: string): Promise<Stored | undefined>;
  /** Resolves when all that happened to the execution so far is stored. */
  saved(arn: string): Promise<void>;
  working(): number;
  parked(): number;
  /** Resolves when no execution has work in flight. One that waits for time or a token has none. */
  idle(): Promise<void>;
  /** Lets go of all executions without ending them, and resolves when the store has everything. */
  close(): Promise<void>;
}

export interface Options {
  clock: Clock;
  evaluator: Evaluator;
  random: () => number;
  uuid: () => string;
  invoke: Invoke;
  onStatus: OnStatus;
  store: ExecutionStore;
  tokens: TokenTable;
  /** Told when the store or a listener failed. */
  onFault: (error: unknown) => void;
}

export function createExecutions(options: Options): Executions {
  const { clock, store, tokens } = options;
  const summaries = new Map<string, Summary>();
  const live = new Map<string, Live>();
  let waiters: (() => void)[] = [];
  let held: Live[] = [];
  let closed = false;
  const { touched, stored, announce, ...keeper } = createKeeper({
    ...options,
    onEnded: ({ summary }) => void live.delete(summary.executionArn),
    onQuiet: stir,
  });

  function bringIn(stored: Pick<Stored, 'summary' | 'given' | 'progress'>, machine: TopMachine, known: boolean): Live {
    const { summary, given, progress } = stored;
    const attempt = new AbortController();
    const fresh = { unsaved: [], sending: [], changed: false, waiting: [], untold: [], active: 0 };
    const entry: Live = { summary, given, progress, machine, attempt, known, ...fresh };
    summaries.set(summary.executionArn, summary);
    live.set(summary.executionArn, entry);
    return entry;
  }

  // --- events and endings -------------------------------------------------------------------------------------------------

  function log(entry: Live, type: string, previousEventId: number, details?: Details): number {
    const { summary } = entry;
    if (summary.events >= maxEvents - 1 && summary.status === 'RUNNING' && !type.startsWith('Execution')) {
      const cause = `The execution reached the maximum number of history events (${maxEvents}).`;
      end(entry, 'FAILED', { fault: new StatesFault('States.Runtime', cause), previous: previousEventId });
      return summary.events;
    }
    summary.events++;
    entry.unsaved.push({ id: summary.events, previousEventId, type, at: clock.now(), ...(details && { details }) });
    touched(entry);
    return summary.events;
  }

  function end(entry: Live, status: Exclude<Status, 'RUNNING'>, with_: { output?: Json; fault?: StatesFault; previous: number }): void {
    if (entry.summary.status !== 'RUNNING' || closed) return;
    const what = with_.fault ? errorDetails(with_.fault) : {};
    if (status === 'SUCCEEDED') {
      const output = JSON.stringify(with_.output ?? null);
      const details = { executionSucceededEventDetails: { output, outputDetails: { truncated: false } } };
      log(entry, 'ExecutionSucceeded', with_.previous, details);
      entry.progress.output = output;
      entry.progress.frame = null;
    } else {
      const name = { FAILED: 'Failed', TIMED_OUT: 'TimedOut', ABORTED: 'Aborted' }[status];
      log(entry, `Execution${name}`, with_.previous, { [`execution${name}EventDetails`]: what });
      Object.assign(entry.progress, what);
    }
    entry.summary.status = status;
    entry.summary.stopDate = clock.now();
    entry.timeout?.cancel();
    entry.attempt.abort(new StatesFault('States.Runtime', `The execution is ${status}`));
    announce(entry);
  }

  // --- running ------------------------------------------------------------------------------------------------------------

  function launch(entry: Live): void {
    const { progress, machine, attempt } = entry;
    const { frame } = progress;
    if (!frame) throw new Error(`The execution ${entry.summary.executionArn} has no frame to run`);
    if (machine.TimeoutSeconds !== undefined) {
      const due = progress.since + machine.TimeoutSeconds * 1000;
      entry.timeout = clock.after(due - clock.now(), () => end(entry, 'TIMED_OUT', { previous: 0 }));
    }
    entry.active++;
    const place = { machine, outer: {}, signal: attempt.signal, run: runOf(entry, attempt.signal) };
    follow(place, frame)
      .then(
        (output) => end(entry, 'SUCCEEDED', { output, previous: frame.last }),
        (thrown: unknown) => {
          if (attempt.signal.aborted) return;
          const fault = thrown instanceof StatesFault ? thrown : new StatesFault('States.Runtime', String(thrown));
          end(entry, 'FAILED', { fault, previous: frame.last });
        },
      )
      .finally(() => rest(entry));
  }

  function runOf(entry: Live, signal: AbortSignal): Run {
    const { summary, given } = entry;
    const input: Json = JSON.parse(given.input);
    const context = () => ({
      Execution: {
        Id: summary.executionArn,
        Input: input,
        Name: summary.name,
        RoleArn: given.roleArn,
        StartTime: new Date(summary.startDate).toISOString(),
        RedriveCount: summary.redriveCount,
        ...(summary.redriveDate !== undefined && { RedriveTime: new Date(summary.redriveDate).toISOString() }),
      },
      StateMachine: { Id: summary.stateMachineArn, Name: nameOf(summary.stateMachineArn) },
    });
    return {
      ...options,
      context,
      machineName: nameOf(summary.stateMachineArn),
      log: (type, previous, details) => (signal.aborted ? previous : log(entry, type, previous, details)),
      touched: () => touched(entry),
      rest: () => rest(entry),
      wake: () => {
        entry.active++;
      },
      tokens: {
        issue: () => tokens.issue(summary.executionArn),
        open: (token, waiting) => tokens.open(token, { executionArn: summary.executionArn, waiting }),
        close: (token) => tokens.close(token),
      },
      redriveCount: summary.redriveCount,
      follow,
    };
  }

  function rest(entry: Live): void {
    entry.active--;
    if (entry.active === 0) stir();
  }

  function stir(): void {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  }

  // --- the outside --------------------------------------------------------------------------------------------------------

  async function open(machineOf: (hash: string) => Promise<TopMachine>): Promise<void> {
    const unfinished: string[] = [];
    for await (const summary of store.load()) {
      summaries.set(summary.executionArn, summary);
      if (summary.status === 'RUNNING' || summary.announced !== summary.status) unfinished.push(summary.executionArn);
    }
    for (const arn of unfinished) {
      const kept = await store.read(arn);
      if (!kept) {
        summaries.delete(arn);
        continue;
      }
      held.push(bringIn(kept, await machineOf(kept.given.definition), true));
    }
  }
  function resume(): void {
    const waiting = held;
    held = [];
    for (const entry of waiting) {
      const { announced, status } = entry.summary;
      if (announced !== status && entry.untold.length === 0) announce(entry);
      if (status === 'RUNNING') launch(entry);
    }
  }
  async function start(summary: Summary, given: Given, machine: TopMachine): Promise<void> {
    const frame = newFrame(machine.StartAt, JSON.parse(given.input), 0);
    const entry = bringIn({ summary, given, progress: { frame, since: summary.startDate } }, machine, false);
    const { stateMachineAliasArn, stateMachineVersionArn } = summary;
    log(entry, 'ExecutionStarted', 0, {
      executionStartedEventDetails: {
        input: given.input,
        inputDetails: { truncated: false },
        roleArn: given.roleArn,
        ...(stateMachineAliasArn !== undefined && { stateMachineAliasArn }),
        ...(stateMachineVersionArn !== undefined && { stateMachineVersionArn }),
      },
    });
    announce(entry);
    const done = stored(entry);
    launch(entry);
    await done;
  }
  async function stop(arn: string, error: string | undefined, cause: string | undefined): Promise<void> {
    const entry = live.get(arn);
    if (entry) end(entry, 'ABORTED', { fault: new StatesFault(error, cause), previous: 0 });
    await saved(arn);
  }
  async function redrive(before: Stored, machine: TopMachine): Promise<void> {
    const { summary, progress } = before;
    if (!progress.frame) throw new Error(`The execution ${summary.executionArn} has no frame to redrive`);
    rearm(progress.frame, progress.error);
    delete progress.error;
    delete progress.cause;
    delete summary.stopDate;
    summary.status = 'RUNNING';
    summary.redriveCount++;
    summary.redriveDate = clock.now();
    progress.since = clock.now();
    const entry = bringIn(before, machine, true);
    log(entry, 'ExecutionRedriven', summary.events, { executionRedrivenEventDetails: { redriveCount: summary.redriveCount } });
    announce(entry);
    const done = stored(entry);
    launch(entry);
    await done;
  }
  async function saved(arn: string): Promise<void> {
    const entry = live.get(arn);
    if (entry) await stored(entry);
  }
  async function ended(arn: string): Promise<void> {
    const entry = live.get(arn);
    if (entry && entry.summary.status !== 'RUNNING') await entry.saving;
  }
  function forget(summary: Summary): void {
    if (summaries.get(summary.executionArn) === summary) summaries.delete(summary.executionArn);
  }
  async function read(arn: string): Promise<Stored | undefined> {
    const entry = live.get(arn);
    const fresh = entry ? [...entry.sending, ...entry.unsaved] : [];
    const kept = await store.read(arn);
    if (!entry) return kept;
    const known = new Set(kept?.events.map((event) => event.id));
    const events = [...(kept?.events ?? []), ...fresh.filter((event) => !known.has(event.id))];
    return { summary: entry.summary, given: entry.given, progress: entry.progress, events };
  }
  const isWorking = (entry: Live) => entry.active > 0 || entry.saving !== undefined;
  const working = () => [...live.values()].filter(isWorking).length;
  async function idle(): Promise<void> {
    for (;;) {
      await turn();
      if (working() === 0) return;
      await new Promise<void>((resolve) => waiters.push(resolve));
    }
  }
  async function close(): Promise<void> {
    closed = true;
    keeper.close();
    for (const entry of live.values()) {
      entry.timeout?.cancel();
      entry.attempt.abort(new Closing('The stack is closing'));
    }
    await Promise.allSettled([...live.values()].map((entry) => entry.saving));
    live.clear();
  }
  return {
    open,
    resume,
    start,
    stop,
    redrive,
    summaries: () => summaries,
    forget,
    ended,
    read,
    saved,
    working,
    parked: () => live.size - working(),
    idle,
    close,
  };
}

function nameOf(machineArn: string): string {
  return machineArn.split(':')[6] ?? machineArn;
}
