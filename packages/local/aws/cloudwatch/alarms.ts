/**
 * The alarms and their states. Looks at every full minute of stack time in order (every ten seconds for shorter periods), also those a
 * moved clock jumped over, and tells each change once. A state lives in memory: it is found again from the metrics.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { type Alarm, alarmArn, alarmNameOf, type CompositeAlarm, describeAlarm, type MetricAlarm } from './alarm.ts';
import { type AlarmEvent, actionMessage, alarmEvent, type State } from './alarm-event.ts';
import { createHistory, type HistoryItem } from './alarm-history.ts';
import { answer, type Range, readStat } from './metric-query.ts';
import type { MetricStore } from './metric-store.ts';
import { childrenOf, holds } from './rule.ts';
import { stamp } from './stamp.ts';
import { type Datapoint, extraPeriods, judge, reason, reasonData } from './verdict.ts';

export interface Kept {
  alarm: Alarm;
  state: State;
  /** Milliseconds. */
  configured: number;
  tags: Map<string, string>;
}

export interface AlarmAction {
  /** The ARN as the alarm names it, e.g. of an SNS topic. */
  arn: string;
  alarm: string;
  /** As the mail of a topic is headed, e.g. `ALARM: "errors" in US East (N. Virginia)`. */
  subject: string;
  /** The JSON text that CloudWatch publishes to a topic. */
  message: string;
}

export interface AlarmsOptions {
  clock: Clock;
  store: MetricStore;
  onAlarm: (event: AlarmEvent) => unknown;
  /** Carries an action out; it may throw or reject. Without it every action is recorded as failed. */
  onAction?: ((action: AlarmAction) => unknown) | undefined;
  /** Called before the alarms look at the minute that ends at `at`, so that gauges can tell what they showed then. */
  beforeLook?: ((at: number) => void) | undefined;
}

export interface Alarms {
  /** Adds or replaces; a known alarm keeps its state, and nothing happens when nothing changed. */
  put(alarm: Alarm): Kept;
  remove(name: string): void;
  find(nameOrArn: string): Kept | undefined;
  /** In order of name. */
  all(): Kept[];
  setState(kept: Kept, state: Omit<State, 'since'>): void;
  /** Composite alarms whose rule names it. */
  parentsOf(name: string): Kept[];
  /** Oldest first. */
  history(): readonly HistoryItem[];
  /** Data came: alarms that had nothing to look at look again. */
  touch(): void;
  close(): void;
}

interface Entry extends Kept {
  /** What CloudWatch calls the one metric of a plain alarm in its events. */
  queryId: string;
  /** Nothing was in sight when the store had this version: the next periods can only say the same. */
  quietAt: number;
}

const minuteMs = 60_000;
const shortMs = 10_000;
/** Gauges of a longer jump are told for its last day only. */
const longestTellMs = 86_400_000;
/** SNS takes no longer subject. */
const maxSubject = 100;
const neverLooked = -1;
const unchecked = 'Unchecked: Initial alarm creation';

export function createAlarms({ clock, store, onAlarm, onAction, beforeLook }: AlarmsOptions): Alarms {
  const entries = new Map<string, Entry>();
  const history = createHistory();
  let version = 0;
  let timer: Timer | undefined;
  let looked = floor(clock.now(), shortMs);

  function put(alarm: Alarm): Kept {
    const known = entries.get(alarm.name);
    const now = clock.now();
    const configuration = describeAlarm(alarm);
    if (known && JSON.stringify(describeAlarm(known.alarm)) === JSON.stringify(configuration)) return known;
    history.configured(alarm, now, known ? 'Update' : 'Create', configuration);
    if (known) {
      Object.assign(known, { alarm, configured: now, quietAt: neverLooked });
      return known;
    }
    const entry: Entry = {
      alarm,
      configured: now,
      state: { value: 'INSUFFICIENT_DATA', reason: unchecked, since: now },
      tags: new Map(),
      queryId: randomUUID(),
      quietAt: neverLooked,
    };
    entries.set(alarm.name, entry);
    if (entries.size === 1) looked = floor(now, shortMs);
    arm();
    return entry;
  }

  function remove(name: string): void {
    const known = entries.get(name);
    if (!known) return;
    entries.delete(name);
    history.configured(known.alarm, clock.now(), 'Delete', describeAlarm(known.alarm));
  }

  /** Without alarms there is no timer; with short periods it comes every ten seconds. */
  function arm(): void {
    timer?.cancel();
    timer = undefined;
    if (entries.size === 0) return;
    const step = stepMs();
    const due = floor(Math.max(looked, clock.now()), step) + step;
    timer = clock.after(due - clock.now(), () => {
      // A timer may come a millisecond early.
      look(Math.max(due, clock.now()));
      arm();
    });
  }
  function stepMs(): number {
    return [...entries.values()].some(({ alarm }) => isShort(alarm)) ? shortMs : minuteMs;
  }

  function look(until: number): void {
    const step = stepMs();
    for (let at = floor(looked, step) + step; at <= until; at += step) {
      looked = at;
      if (at % minuteMs === 0 && until - at < longestTellMs) beforeLook?.(at);
      for (const entry of entries.values())
        if (isDue(entry) && at > entry.configured && (at % minuteMs === 0 || isShort(entry.alarm))) lookAt(entry, at);
    }
  }

  /** A composite alarm is looked at once for its rule; then it follows its children. */
  function isDue({ alarm, quietAt }: Entry): boolean {
    return alarm.kind === 'composite' ? quietAt === neverLooked : quietAt !== version;
  }

  function lookAt(entry: Entry, at: number): void {
    const { alarm } = entry;
    if (alarm.kind === 'composite') {
      entry.quietAt = version;
      weigh(entry, alarm, at);
      return;
    }
    const periodMs = alarm.periodSeconds * 1000;
    const count = alarm.evaluationPeriods + extraPeriods;
    const range = { from: at - count * periodMs, to: at };
    const values = answer(alarm.watched, alarm.queries, store, range);
    const starts = Array.from({ length: count }, (_, index) => at - (index + 1) * periodMs);
    const verdict = judge(
      alarm,
      starts.map((start) => ({ start, value: values.get(start) })),
    );
    if (!hasDataSince(alarm, range.from)) entry.quietAt = version;
    if (!verdict || verdict.state === entry.state.value) return;
    const told = { ...verdict, evaluated: withCounts(alarm, verdict.evaluated, range) };
    change(entry, { value: verdict.state, reason: reason(alarm, told), reasonData: reasonData(alarm, told, at), since: at });
  }

  function withCounts({ watched }: MetricAlarm, points: readonly Datapoint[], range: Range): readonly Datapoint[] {
    if (!('stat' in watched.of)) return points;
    const counts = readStat(watched.of.stat, store, range, 'SampleCount');
    return points.map((point) => ({ ...point, sampleCount: counts.get(point.start) }));
  }
  function hasDataSince({ queries }: MetricAlarm, start: number): boolean {
    return queries.some(({ of }) => {
      const series = 'stat' in of && store.find(of.stat.namespace, of.stat.name, of.stat.dimensions);
      return series && series.newest + minuteMs > start;
    });
  }

  /** `path`: the changes that led here, the nearest last; an alarm changes once along it, so rules in a circle come to rest. */
  function weigh(entry: Entry, { rule }: CompositeAlarm, at: number, path: readonly Entry[] = []): void {
    const value = holds(rule, (alarm, state) => find(alarm)?.state.value === state) ? 'ALARM' : 'OK';
    if (value === entry.state.value) return;
    const child = path.at(-1);
    const arn = alarmArn((child ?? entry).alarm.name);
    const why = child
      ? `transitioned to ${child.state.value} at ${sentence(at)}`
      : `was ${entry.state.reason === unchecked ? 'created' : 'updated'} and its alarm rule evaluates to ${value}`;
    const triggeringAlarms = child ? [{ arn, state: { value: child.state.value, timestamp: stamp(child.state.since) } }] : [];
    change(entry, { value, reason: `${arn} ${why}`, reasonData: JSON.stringify({ triggeringAlarms }), since: at }, path);
  }

  function change(entry: Entry, to: State, path: readonly Entry[] = []): void {
    const { alarm, state: from, queryId, configured } = entry;
    entry.state = to;
    history.changed(alarm, from, to);
    onAlarm(alarmEvent(alarm, { from, to, id: randomUUID(), queryId }));
    if (alarm.actionsEnabled) {
      const message = actionMessage(alarm, { from, to, configured });
      const subject = `${to.value}: "${alarm.name}" in US East (N. Virginia)`.slice(0, maxSubject);
      for (const arn of alarm.actions[to.value]) void act(alarm, to, { arn, alarm: alarm.name, subject, message });
    }
    for (const parent of parentsOf(alarm.name))
      if (parent.alarm.kind === 'composite' && parent !== entry && !path.includes(parent))
        weigh(parent, parent.alarm, to.since, [...path, entry]);
  }

  function setState(kept: Kept, asked: Omit<State, 'since'>): void {
    const entry = entries.get(kept.alarm.name);
    if (!entry) return;
    const to = { ...asked, since: clock.now() };
    // The next look at the metric finds the true state again.
    if (entry.alarm.kind === 'metric') entry.quietAt = neverLooked;
    if (to.value === entry.state.value) entry.state = to;
    else change(entry, to);
  }

  async function act(alarm: Alarm, to: State, action: AlarmAction): Promise<void> {
    if (!onAction) {
      history.acted(alarm, to, action.arn, 'Nothing in the embedded stack takes this action');
      return;
    }
    try {
      await onAction(action);
      history.acted(alarm, to, action.arn);
    } catch (error) {
      history.acted(alarm, to, action.arn, error instanceof Error ? error.message : String(error));
    }
  }

  function find(nameOrArn: string): Entry | undefined {
    return entries.get(alarmNameOf(nameOrArn));
  }
  function parentsOf(name: string): Entry[] {
    return [...entries.values()].filter(
      ({ alarm }) => alarm.kind === 'composite' && childrenOf(alarm.rule).some((child) => alarmNameOf(child) === name),
    );
  }
  return {
    put,
    remove,
    find,
    all: () => [...entries.values()].sort((a, b) => (a.alarm.name < b.alarm.name ? -1 : 1)),
    setState,
    parentsOf,
    history: () => history.items(clock.now()),
    touch: () => {
      version++;
    },
    close: () => timer?.cancel(),
  };
}

function isShort(alarm: Alarm): boolean {
  return alarm.kind === 'metric' && alarm.periodSeconds < 60;
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = 'January February March April May June July August September October November December'.split(' ');

/** `Friday 22 July, 2022 15:57:45 UTC` */
function sentence(ms: number): string {
  const date = new Date(ms);
  const time = date.toISOString().slice(11, 19);
  return `${days[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${time} UTC`;
}

function floor(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
