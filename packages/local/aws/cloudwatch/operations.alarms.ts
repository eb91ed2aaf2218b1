/** CloudWatch's operations on alarms: put, describe, set, enable, tag, delete. They judge no metric. */
import { AwsError, type Operation } from '../service.ts';
import { type Alarm, alarmArn, alarmNameOf, describeAlarm, parseCompositeAlarm, parseMetricAlarm, stateValues } from './alarm.ts';
import { type HistoryItem, historyTypes } from './alarm-history.ts';
import type { Alarms, Kept } from './alarms.ts';
import { list, oneOf, optionalText, page, pageSize, record, text, texts, time } from './input.ts';
import { missing, validation } from './refusal.ts';
import { childrenOf } from './rule.ts';

type Input = Record<string, unknown>;

const mostNames = 100;
const kinds = { MetricAlarm: 'metric', CompositeAlarm: 'composite' } as const;

/** `check` throws when the alarm's metric math cannot yield a series. */
export function alarmOperations(alarms: Alarms, check: (alarm: Alarm) => void): Record<string, Operation> {
  function put(alarm: Alarm, tags: unknown): void {
    const known = alarms.find(alarm.name);
    if (known && known.alarm.kind !== alarm.kind)
      throw validation(`There is a ${known.alarm.kind} alarm of the name ${alarm.name} already`);
    const read = readTags(tags);
    const kept = alarms.put(alarm);
    // Tags of a known alarm change by TagResource only.
    if (!known) for (const [key, value] of read) kept.tags.set(key, value);
  }
  function mustFind(name: string): Kept {
    const found = alarms.find(name);
    if (!found) throw new AwsError('ResourceNotFound', `Alarm ${name} does not exist`);
    return found;
  }
  function tagged(arn: unknown): Kept {
    const found = alarms.find(text(arn, 'ResourceARN', 1024));
    if (!found || alarmArn(found.alarm.name) !== arn) throw new AwsError('ResourceNotFoundException', `Unknown resource ${arn}`);
    return found;
  }
  function enable(input: Input, actionsEnabled: boolean): void {
    // Names that are not there change nothing, as on AWS.
    for (const name of names(input)) {
      const known = alarms.find(name);
      if (known) alarms.put({ ...known.alarm, actionsEnabled });
    }
  }

  return {
    PutMetricAlarm: (input: Input) => {
      const alarm = parseMetricAlarm(input);
      check(alarm);
      put(alarm, input.Tags);
    },
    PutCompositeAlarm: (input: Input) => {
      const alarm = parseCompositeAlarm(input);
      const children = childrenOf(alarm.rule);
      if (children.some((child) => alarmNameOf(child) === alarm.name)) throw validation(`AlarmRule of ${alarm.name} must not name itself`);
      const unknown = children.filter((child) => !alarms.find(child));
      if (unknown.length > 0) throw validation(`AlarmRule must not contain alarms that do not exist: ${unknown.join(', ')}`);
      put(alarm, input.Tags);
    },
    DescribeAlarms: (input: Input) => describeAlarms(alarms, input),
    DescribeAlarmHistory: (input: Input) => describeHistory(alarms, input),
    SetAlarmState: (input: Input) => {
      const kept = mustFind(text(input.AlarmName, 'AlarmName', 255));
      const value = oneOf(input.StateValue, 'StateValue', stateValues);
      if (typeof input.StateReason !== 'string') throw missing('StateReason');
      const reasonData = optionalText(input.StateReasonData, 'StateReasonData', 4000);
      if (reasonData !== undefined && !isJson(reasonData)) throw new AwsError('InvalidFormatFault', 'StateReasonData is not JSON');
      alarms.setState(kept, { value, reason: input.StateReason, reasonData });
    },
    EnableAlarmActions: (input: Input) => enable(input, true),
    DisableAlarmActions: (input: Input) => enable(input, false),
    DeleteAlarms: (input: Input) => {
      const doomed = names(input).map(mustFind);
      for (const { alarm } of doomed) {
        const parents = alarms.parentsOf(alarm.name).filter((parent) => !doomed.includes(parent));
        if (parents.length > 0)
          throw validation(
            `Cannot delete ${alarm.name} as there are composite alarm(s) depending on it: ${parents.map((parent) => parent.alarm.name).join(', ')}`,
          );
      }
      for (const { alarm } of doomed) alarms.remove(alarm.name);
    },
    TagResource: (input: Input) => {
      const { tags } = tagged(input.ResourceARN);
      for (const [key, value] of readTags(input.Tags)) tags.set(key, value);
    },
    UntagResource: (input: Input) => {
      const { tags } = tagged(input.ResourceARN);
      for (const key of texts(input.TagKeys, 'TagKeys', 50)) tags.delete(key);
    },
    ListTagsForResource: (input: Input) => ({
      Tags: [...tagged(input.ResourceARN).tags].map(([Key, Value]) => ({ Key, Value })),
    }),
  };
}

function names(input: Input): string[] {
  if (input.AlarmNames === undefined) throw missing('AlarmNames');
  return texts(input.AlarmNames, 'AlarmNames', mostNames);
}

function readTags(input: unknown): Map<string, string> {
  const tags = new Map<string, string>();
  for (const item of list(input, 'Tags', 50)) {
    const { Key, Value } = record(item, 'Tags');
    tags.set(text(Key, 'Tags.Key', 128), typeof Value === 'string' ? Value : '');
  }
  return tags;
}

function describe({ alarm, state, configured }: Kept): Record<string, unknown> {
  return {
    ...describeAlarm(alarm),
    AlarmConfigurationUpdatedTimestamp: configured / 1000,
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.reasonData !== undefined && { StateReasonData: state.reasonData }),
    StateUpdatedTimestamp: state.since / 1000,
    StateTransitionedTimestamp: state.since / 1000,
  };
}

function describeAlarms(alarms: Alarms, input: Input): unknown {
  const named = texts(input.AlarmNames, 'AlarmNames', mostNames);
  const prefix = optionalText(input.AlarmNamePrefix, 'AlarmNamePrefix', 255);
  if (named.length > 0 && prefix !== undefined) throw validation('AlarmNames and AlarmNamePrefix exclude each other');
  const types = list(input.AlarmTypes, 'AlarmTypes', 2).map((type) => kinds[oneOf(type, 'AlarmTypes', ['MetricAlarm', 'CompositeAlarm'])]);
  // Without types AWS tells of metric alarms only.
  const shown = types.length > 0 ? types : ['metric' as const];
  const value = input.StateValue === undefined ? undefined : oneOf(input.StateValue, 'StateValue', stateValues);
  const action = optionalText(input.ActionPrefix, 'ActionPrefix', 1024);
  const childrenOfAlarm = optionalText(input.ChildrenOfAlarmName, 'ChildrenOfAlarmName', 255);
  const parentsOfAlarm = optionalText(input.ParentsOfAlarmName, 'ParentsOfAlarmName', 255);
  const family = familyOf(alarms, childrenOfAlarm, parentsOfAlarm);
  const found = alarms
    .all()
    .filter(
      ({ alarm, state }) =>
        (family ? family.has(alarm.name) : shown.includes(alarm.kind)) &&
        (named.length === 0 || named.includes(alarm.name)) &&
        (prefix === undefined || alarm.name.startsWith(prefix)) &&
        (value === undefined || state.value === value) &&
        (action === undefined || Object.values(alarm.actions).some((arns) => arns.some((arn) => arn.startsWith(action)))),
    );
  const { items, ...more } = page(found, pageSize(input.MaxRecords, 50, 100), input.NextToken);
  const of = (kind: Alarm['kind']) => items.filter(({ alarm }) => alarm.kind === kind).map(describe);
  return { CompositeAlarms: of('composite'), MetricAlarms: of('metric'), ...more };
}

function familyOf(alarms: Alarms, childrenOfAlarm: string | undefined, parentsOfAlarm: string | undefined): Set<string> | undefined {
  if (parentsOfAlarm !== undefined) return new Set(alarms.parentsOf(parentsOfAlarm).map(({ alarm }) => alarm.name));
  if (childrenOfAlarm === undefined) return undefined;
  const alarm = alarms.find(childrenOfAlarm)?.alarm;
  return new Set(alarm?.kind === 'composite' ? childrenOf(alarm.rule).map(alarmNameOf) : []);
}

function describeHistory(alarms: Alarms, input: Input): unknown {
  const name = optionalText(input.AlarmName, 'AlarmName', 255);
  const types = list(input.AlarmTypes, 'AlarmTypes', 2).map((type) => kinds[oneOf(type, 'AlarmTypes', ['MetricAlarm', 'CompositeAlarm'])]);
  const shown = types.length > 0 ? types : ['metric' as const];
  const type = input.HistoryItemType === undefined ? undefined : oneOf(input.HistoryItemType, 'HistoryItemType', historyTypes);
  const from = input.StartDate === undefined ? Number.NEGATIVE_INFINITY : time(input.StartDate, 'StartDate');
  const to = input.EndDate === undefined ? Number.POSITIVE_INFINITY : time(input.EndDate, 'EndDate');
  const order = oneOf(input.ScanBy ?? 'TimestampDescending', 'ScanBy', ['TimestampDescending', 'TimestampAscending']);
  const found = alarms
    .history()
    .filter(
      (item) =>
        (name === undefined || item.alarm === name) &&
        shown.includes(item.kind) &&
        (type === undefined || item.type === type) &&
        item.at >= from &&
        item.at <= to,
    );
  const ordered = order === 'TimestampAscending' ? found : found.toReversed();
  const { items, ...more } = page(ordered, pageSize(input.MaxRecords, 100, 100), input.NextToken);
  return { AlarmHistoryItems: items.map(describeItem), ...more };
}

function describeItem({ alarm, kind, at, type, summary, data }: HistoryItem): Record<string, unknown> {
  return {
    AlarmName: alarm,
    AlarmType: kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm',
    Timestamp: at / 1000,
    HistoryItemType: type,
    HistorySummary: summary,
    HistoryData: data,
  };
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
