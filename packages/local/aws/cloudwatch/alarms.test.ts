import { describe, expect, it } from 'vitest';
import type { AlarmAction } from './alarms.ts';
import { errorsAlarm, openCloudWatch, start } from './test-cloudwatch.ts';

const topic = 'arn:aws:sns:us-east-1:000000000000:alerts';

describe('one alarm through time', () => {
  it('is unchecked until the first full minute, then alarms and recovers', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    const [created] = cloudwatch.call('DescribeAlarms').MetricAlarms;
    expect(created).toMatchObject({ StateValue: 'INSUFFICIENT_DATA', StateReason: 'Unchecked: Initial alarm creation' });
    cloudwatch.clock.advance(39);
    expect(cloudwatch.story()).toEqual([]);
    cloudwatch.clock.advance(1);
    cloudwatch.clock.advance(90);
    cloudwatch.errors([1, 1]);
    cloudwatch.clock.advance(600);
    expect(cloudwatch.story()).toEqual([
      '12:01 errors INSUFFICIENT_DATA -> OK',
      '12:03 errors OK -> ALARM',
      // Two more periods are looked back on before data counts as missing.
      '12:06 errors ALARM -> OK',
    ]);
  });

  it('evaluates the periods that a moved clock passed, in order and each once', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    for (const minutes of [5, 30, 31]) {
      const timestamp = start + minutes * 60_000;
      cloudwatch.put({ namespace: 'Gatehouse', name: 'Errors', dimensions: {}, values: [3], timestamp });
    }
    cloudwatch.clock.advance(2 * 86_400);
    expect(cloudwatch.story()).toEqual([
      '12:01 errors INSUFFICIENT_DATA -> OK',
      '12:06 errors OK -> ALARM',
      '12:09 errors ALARM -> OK',
      '12:31 errors OK -> ALARM',
      '12:35 errors ALARM -> OK',
    ]);
    expect(cloudwatch.events.map(({ time }) => time)).toContain('2026-03-01T12:31:00Z');
  });

  it('says nothing again while nothing changes', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    for (let minute = 0; minute < 30; minute++) {
      cloudwatch.errors(5);
      cloudwatch.clock.advance(60);
    }
    expect(cloudwatch.story()).toEqual(['12:01 errors INSUFFICIENT_DATA -> ALARM']);
  });

  it('takes data that came late into account at the next minute', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.clock.advance(130);
    cloudwatch.errors(1, 60);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story()).toEqual(['12:01 errors INSUFFICIENT_DATA -> OK', '12:03 errors OK -> ALARM']);
  });

  it('looks through a window that slides by the minute when the period is longer', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, Period: 300, Threshold: 3 });
    for (let minute = 0; minute < 3; minute++) {
      cloudwatch.clock.advance(60);
      cloudwatch.errors(1);
    }
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story()).toEqual(['12:01 errors INSUFFICIENT_DATA -> OK', '12:04 errors OK -> ALARM']);
  });

  it('asks for M of N periods', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, EvaluationPeriods: 5, DatapointsToAlarm: 3 });
    for (const value of [1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]) {
      cloudwatch.errors(value);
      cloudwatch.clock.advance(60);
    }
    expect(cloudwatch.story()).toEqual([
      '12:01 errors INSUFFICIENT_DATA -> OK',
      // 1 0 0 1 1, then 0 0 1 1 0 is too little again, then 0 1 1 0 1.
      '12:07 errors OK -> ALARM',
      '12:08 errors ALARM -> OK',
      '12:09 errors OK -> ALARM',
      '12:11 errors ALARM -> OK',
    ]);
  });

  it.each([
    [
      'missing',
      ['12:01 errors INSUFFICIENT_DATA -> ALARM', '12:04 errors ALARM -> INSUFFICIENT_DATA', '12:11 errors INSUFFICIENT_DATA -> OK'],
    ],
    ['ignore', ['12:01 errors INSUFFICIENT_DATA -> ALARM', '12:11 errors ALARM -> OK']],
    ['breaching', ['12:01 errors INSUFFICIENT_DATA -> ALARM', '12:11 errors ALARM -> OK', '12:14 errors OK -> ALARM']],
    ['notBreaching', ['12:01 errors INSUFFICIENT_DATA -> ALARM', '12:04 errors ALARM -> OK']],
  ])('treats missing data as %s', (TreatMissingData, story) => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, TreatMissingData });
    cloudwatch.errors(1);
    cloudwatch.clock.advance(600);
    cloudwatch.errors(0);
    cloudwatch.clock.advance(240);
    const expected = TreatMissingData === 'missing' ? [...story, '12:14 errors OK -> INSUFFICIENT_DATA'] : story;
    expect(cloudwatch.story()).toEqual(expected);
  });

  it('ignores missing data of DynamoDB whatever it was told, as CloudWatch does', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, Namespace: 'AWS/DynamoDB' });
    cloudwatch.put({ namespace: 'AWS/DynamoDB', name: 'Errors', dimensions: {}, values: [1], timestamp: start });
    cloudwatch.clock.advance(3600);
    expect(cloudwatch.story()).toEqual(['12:01 errors INSUFFICIENT_DATA -> ALARM']);
    expect(cloudwatch.call('DescribeAlarms').MetricAlarms).toMatchObject([{ TreatMissingData: 'notBreaching' }]);
  });

  it('takes a percentile for its statistic', () => {
    const cloudwatch = openCloudWatch();
    const { Statistic: _, ...rest } = errorsAlarm;
    cloudwatch.call('PutMetricAlarm', { ...rest, ExtendedStatistic: 'p90', Threshold: 9 });
    cloudwatch.errors([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    cloudwatch.clock.advance(60);
    cloudwatch.errors([1, 2, 3, 4, 5, 6, 7, 8, 8, 10]);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story()).toEqual(['12:01 errors INSUFFICIENT_DATA -> ALARM', '12:02 errors ALARM -> OK']);
  });

  it('looks every ten seconds at periods shorter than a minute', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, Period: 10 });
    cloudwatch.clock.advance(30);
    cloudwatch.put({
      namespace: 'Gatehouse',
      name: 'Errors',
      dimensions: {},
      values: [1],
      timestamp: cloudwatch.clock.now(),
      resolution: 1,
    });
    cloudwatch.clock.advance(60);
    expect(cloudwatch.events.map(({ detail }) => `${detail.state.timestamp} ${detail.state.value}`)).toEqual([
      '2026-03-01T12:00:30.000+0000 OK',
      '2026-03-01T12:01:00.000+0000 ALARM',
      '2026-03-01T12:01:30.000+0000 OK',
    ]);
  });

  it('is not held up by three years without data: to look at each of their minutes would take more than a minute', () => {
    const cloudwatch = openCloudWatch();
    for (let index = 0; index < 40; index++) cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, AlarmName: `errors-${index}` });
    cloudwatch.clock.advance(3 * 365 * 86_400);
    cloudwatch.errors(1);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.events.filter(({ detail }) => detail.state.value === 'ALARM')).toHaveLength(40);
  });

  it('stops when it is closed', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.close();
    cloudwatch.clock.advance(600);
    expect(cloudwatch.events).toEqual([]);
  });
});

describe('metric math in an alarm', () => {
  const stat = (Id: string, MetricName: string) => ({
    Id,
    ReturnData: false,
    MetricStat: { Metric: { Namespace: 'Gatehouse', MetricName }, Period: 60, Stat: 'Sum' },
  });
  const ratio = {
    AlarmName: 'ratio',
    Metrics: [
      { Id: 'e', Expression: '100 * FILL(errors, 0) / requests', Label: 'error rate' },
      stat('errors', 'Errors'),
      stat('requests', 'Requests'),
    ],
    EvaluationPeriods: 2,
    Threshold: 10,
    ComparisonOperator: 'GreaterThanThreshold',
  };

  it('alarms on a ratio', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', ratio);
    for (const errors of [0, 5, 20, 30]) {
      if (errors > 0) cloudwatch.errors(errors);
      cloudwatch.put({ namespace: 'Gatehouse', name: 'Requests', dimensions: {}, values: [100], timestamp: cloudwatch.clock.now() });
      cloudwatch.clock.advance(60);
    }
    expect(cloudwatch.story()).toEqual(['12:01 ratio INSUFFICIENT_DATA -> OK', '12:04 ratio OK -> ALARM']);
    const { configuration, state } = cloudwatch.events[1]?.detail ?? {};
    expect(configuration?.metrics).toMatchObject([
      { id: 'e', expression: '100 * FILL(errors, 0) / requests', returnData: true },
      { id: 'errors', returnData: false },
      {},
    ]);
    expect(JSON.parse(state?.reasonData ?? '')).toMatchObject({ period: 60, recentDatapoints: [20, 30], threshold: 10 });
  });

  it.each([
    [
      'two that return data',
      {
        Metrics: [
          { ...stat('a', 'Errors'), ReturnData: true },
          { ...stat('b', 'Errors'), ReturnData: true },
        ],
      },
      'ValidationError',
    ],
    [
      'an expression that yields a number',
      { Metrics: [{ Id: 'e', Expression: 'SUM(errors)' }, stat('errors', 'Errors')] },
      'ValidationError',
    ],
    ['a metric that is not there', { Metrics: [{ Id: 'e', Expression: 'a + b' }, stat('a', 'Errors')] }, 'ValidationError'],
    [
      'an expression that needs itself',
      { Metrics: [{ Id: 'e', Expression: 'f + a' }, { Id: 'f', Expression: 'e', ReturnData: false }, stat('a', 'Errors')] },
      'ValidationError',
    ],
    ['both forms', { ...errorsAlarm, Metrics: ratio.Metrics, Statistic: undefined }, 'InvalidParameterCombinationException'],
  ])('refuses %s', (_, over, type) => {
    expect(openCloudWatch().refused('PutMetricAlarm', { ...ratio, ...over })).toContain(type);
  });
});

describe('the event', () => {
  it('has every member of CloudWatch Alarm State Change', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', {
      ...errorsAlarm,
      Dimensions: [{ Name: 'source', Value: 'okta' }],
      Unit: 'Count',
      DatapointsToAlarm: 1,
    });
    cloudwatch.clock.advance(60);
    cloudwatch.put({
      namespace: 'Gatehouse',
      name: 'Errors',
      unit: 'Count',
      dimensions: { source: 'okta' },
      values: [2, 3],
      timestamp: cloudwatch.clock.now(),
    });
    cloudwatch.clock.advance(60);
    expect(cloudwatch.events[1]).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'CloudWatch Alarm State Change',
      source: 'aws.cloudwatch',
      account: '000000000000',
      time: '2026-03-01T12:02:00Z',
      region: 'us-east-1',
      resources: ['arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors'],
      detail: {
        alarmName: 'errors',
        configuration: {
          description: 'Something failed. Look at the log.',
          metrics: [
            {
              id: expect.stringMatching(/^[0-9a-f-]{36}$/),
              metricStat: {
                metric: { dimensions: { source: 'okta' }, name: 'Errors', namespace: 'Gatehouse' },
                period: 60,
                stat: 'Sum',
                unit: 'Count',
              },
              returnData: true,
            },
          ],
        },
        previousState: {
          value: 'OK',
          reason: 'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
          reasonData: expect.any(String),
          timestamp: '2026-03-01T12:01:00.000+0000',
        },
        state: {
          value: 'ALARM',
          reason:
            'Threshold Crossed: 1 out of the last 1 datapoints [5.0 (01/03/26 12:01:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).',
          reasonData: expect.any(String),
          timestamp: '2026-03-01T12:02:00.000+0000',
        },
      },
    });
    expect(JSON.parse(cloudwatch.events[1]?.detail.state.reasonData ?? '')).toEqual({
      version: '1.0',
      queryDate: '2026-03-01T12:02:00.000+0000',
      startDate: '2026-03-01T12:01:00.000+0000',
      unit: 'Count',
      statistic: 'Sum',
      period: 60,
      recentDatapoints: [5],
      threshold: 1,
      evaluatedDatapoints: [{ timestamp: '2026-03-01T12:01:00.000+0000', sampleCount: 2, value: 5 }],
    });
  });
});

describe('what is put again', () => {
  it('changes nothing when it is the same', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.errors(1);
    cloudwatch.clock.advance(60);
    const before = cloudwatch.call('DescribeAlarms');
    cloudwatch.clock.advance(10);
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm });
    expect(cloudwatch.call('DescribeAlarms')).toEqual(before);
    expect(cloudwatch.call('DescribeAlarmHistory', { HistoryItemType: 'ConfigurationUpdate' }).AlarmHistoryItems).toHaveLength(1);
  });

  it('keeps its state when it is changed, and is judged anew', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.errors(5);
    cloudwatch.clock.advance(60);
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, Threshold: 10 });
    expect(cloudwatch.call('DescribeAlarms').MetricAlarms).toMatchObject([{ StateValue: 'ALARM', Threshold: 10 }]);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story().at(-1)).toBe('12:02 errors ALARM -> OK');
  });
});

describe('composite alarms', () => {
  function family() {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.call('PutMetricAlarm', { ...errorsAlarm, AlarmName: 'slow', MetricName: 'Slow' });
    cloudwatch.call('PutCompositeAlarm', {
      AlarmName: 'both',
      AlarmRule: 'ALARM(errors) AND ALARM("slow")',
      AlarmDescription: 'Both at once.',
    });
    cloudwatch.call('PutCompositeAlarm', { AlarmName: 'above', AlarmRule: 'NOT OK(both)' });
    cloudwatch.clock.advance(60);
    cloudwatch.events.length = 0;
    return cloudwatch;
  }
  const slow = (cloudwatch: ReturnType<typeof openCloudWatch>) =>
    cloudwatch.put({ namespace: 'Gatehouse', name: 'Slow', dimensions: {}, values: [1], timestamp: cloudwatch.clock.now() });

  it('follows its children, and its own parents follow it', () => {
    const cloudwatch = family();
    cloudwatch.errors(1);
    cloudwatch.clock.advance(60);
    slow(cloudwatch);
    cloudwatch.clock.advance(60);
    cloudwatch.clock.advance(600);
    expect(cloudwatch.story()).toEqual([
      '12:02 errors OK -> ALARM',
      '12:03 slow OK -> ALARM',
      '12:03 both OK -> ALARM',
      '12:03 above OK -> ALARM',
      '12:05 errors ALARM -> OK',
      '12:05 both ALARM -> OK',
      '12:05 above ALARM -> OK',
      '12:06 slow ALARM -> OK',
    ]);
    const { detail } = cloudwatch.events[2] ?? {};
    expect(detail?.configuration).toEqual({ description: 'Both at once.', alarmRule: 'ALARM(errors) AND ALARM("slow")' });
    const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:slow';
    expect(detail?.state.reason).toBe(`${arn} transitioned to ALARM at Sunday 1 March, 2026 12:03:00 UTC`);
    expect(JSON.parse(detail?.state.reasonData ?? '')).toEqual({
      triggeringAlarms: [{ arn, state: { value: 'ALARM', timestamp: '2026-03-01T12:03:00.000+0000' } }],
    });
  });

  it('is judged once it is made, and again when its rule changes', () => {
    const cloudwatch = family();
    cloudwatch.call('PutCompositeAlarm', { AlarmName: 'above', AlarmRule: 'OK(both)' });
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story()).toEqual(['12:02 above OK -> ALARM']);
  });

  it('comes to rest when rules go in a circle', () => {
    const cloudwatch = family();
    cloudwatch.call('PutCompositeAlarm', { AlarmName: 'both', AlarmRule: 'ALARM(errors) OR OK(above)' });
    cloudwatch.errors(1);
    cloudwatch.clock.advance(3600);
    expect(cloudwatch.events.length).toBeLessThan(12);
  });

  it('is told apart from metric alarms, and keeps its children from being deleted', () => {
    const cloudwatch = family();
    const names = (input: object) => {
      const { MetricAlarms, CompositeAlarms } = cloudwatch.call('DescribeAlarms', input);
      return [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName }) => AlarmName);
    };
    expect(names({})).toEqual(['errors', 'slow']);
    expect(names({ AlarmTypes: ['CompositeAlarm'] })).toEqual(['above', 'both']);
    expect(names({ ChildrenOfAlarmName: 'both' })).toEqual(['errors', 'slow']);
    expect(names({ ParentsOfAlarmName: 'slow' })).toEqual(['both']);
    expect(cloudwatch.refused('DeleteAlarms', { AlarmNames: ['errors'] })).toMatch(/^ValidationError: Cannot delete errors .* both$/);
    cloudwatch.call('DeleteAlarms', { AlarmNames: ['above', 'both', 'errors'] });
    expect(names({ AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] })).toEqual(['slow']);
  });

  it.each([
    ['a stranger', { AlarmRule: 'ALARM(nobody)' }, /do not exist: nobody/],
    ['itself', { AlarmRule: 'ALARM(made)' }, /must not name itself/],
    ['a suppressor', { AlarmRule: 'ALARM(errors)', ActionsSuppressor: 'slow' }, /not in the embedded stack/],
    ['nothing', {}, /MissingRequiredParameter/],
  ])('refuses a rule that names %s', (_, over, message) => {
    expect(family().refused('PutCompositeAlarm', { AlarmName: 'made', ...over })).toMatch(message);
  });
});

describe('states set by hand', () => {
  it('hold until the next look at the metric', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.clock.advance(120);
    cloudwatch.call('SetAlarmState', { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'a drill' });
    expect(cloudwatch.call('DescribeAlarms').MetricAlarms).toMatchObject([{ StateValue: 'ALARM', StateReason: 'a drill' }]);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.story().slice(1)).toEqual(['12:02 errors OK -> ALARM', '12:03 errors ALARM -> OK']);
  });

  it.each([
    [{ AlarmName: 'nobody', StateValue: 'OK', StateReason: '' }, 'ResourceNotFound'],
    [{ AlarmName: 'errors', StateValue: 'FINE', StateReason: '' }, 'InvalidParameterValueException'],
    [{ AlarmName: 'errors', StateValue: 'OK' }, 'MissingRequiredParameterException'],
    [{ AlarmName: 'errors', StateValue: 'OK', StateReason: '', StateReasonData: 'no JSON' }, 'InvalidFormatFault'],
  ])('refuses %j', (input, type) => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    expect(cloudwatch.refused('SetAlarmState', input)).toContain(`${type}:`);
  });
});

describe('actions and history', () => {
  const acting = { ...errorsAlarm, AlarmActions: [topic], OKActions: [`${topic}-ok`] };
  const history = (cloudwatch: ReturnType<typeof openCloudWatch>, input: object = {}) =>
    cloudwatch.call('DescribeAlarmHistory', { ScanBy: 'TimestampAscending', ...input }).AlarmHistoryItems;
  const summaries = (items: { HistorySummary: string }[]) => items.map(({ HistorySummary }) => HistorySummary);

  it('hands each action of the new state over and writes down how it went', async () => {
    const taken: AlarmAction[] = [];
    const cloudwatch = openCloudWatch({
      onAction: async (action) => {
        taken.push(action);
        if (action.arn.endsWith('-ok')) throw new Error('Topic does not exist');
      },
    });
    cloudwatch.call('PutMetricAlarm', acting);
    cloudwatch.errors(1);
    cloudwatch.clock.advance(600);
    await Promise.resolve();
    await Promise.resolve();
    expect(taken.map(({ arn }) => arn)).toEqual([topic, `${topic}-ok`]);
    expect(JSON.parse(taken[0]?.message ?? '')).toMatchObject({
      AlarmName: 'errors',
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      StateChangeTime: '2026-03-01T12:01:00.000+0000',
      Trigger: { MetricName: 'Errors', Namespace: 'Gatehouse', Statistic: 'SUM', Period: 60, Threshold: 1, Dimensions: [] },
    });
    expect(summaries(history(cloudwatch))).toEqual([
      'Alarm "errors" created',
      'Alarm updated from INSUFFICIENT_DATA to ALARM',
      'Alarm updated from ALARM to OK',
      `Successfully executed action ${topic}`,
      `Failed to execute action ${topic}-ok. Received error: "Topic does not exist"`,
    ]);
  });

  it('does not say that an action was done which nobody took', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', acting);
    cloudwatch.errors(1);
    cloudwatch.clock.advance(60);
    expect(summaries(history(cloudwatch, { HistoryItemType: 'Action' }))).toEqual([
      `Failed to execute action ${topic}. Received error: "Nothing in the embedded stack takes this action"`,
    ]);
  });

  it('leaves actions out while they are disabled, but not events', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', acting);
    cloudwatch.call('DisableAlarmActions', { AlarmNames: ['errors', 'nobody'] });
    cloudwatch.errors(1);
    cloudwatch.clock.advance(60);
    expect(cloudwatch.events).toHaveLength(1);
    expect(history(cloudwatch, { HistoryItemType: 'Action' })).toEqual([]);
    cloudwatch.call('EnableAlarmActions', { AlarmNames: ['errors'] });
    cloudwatch.clock.advance(600);
    expect(history(cloudwatch, { HistoryItemType: 'Action' })).toHaveLength(1);
  });

  it('pages, filters and orders', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    cloudwatch.errors(1);
    cloudwatch.clock.advance(600);
    const first = cloudwatch.call('DescribeAlarmHistory', { MaxRecords: 2 });
    expect(summaries(first.AlarmHistoryItems)).toEqual(['Alarm updated from ALARM to OK', 'Alarm updated from INSUFFICIENT_DATA to ALARM']);
    const second = cloudwatch.call('DescribeAlarmHistory', { MaxRecords: 2, NextToken: first.NextToken });
    expect(summaries(second.AlarmHistoryItems)).toEqual(['Alarm "errors" created']);
    expect(second.NextToken).toBeUndefined();
    expect(summaries(history(cloudwatch, { StartDate: start / 1000 + 60 }))).toEqual(['Alarm updated from ALARM to OK']);
    expect(history(cloudwatch, { AlarmName: 'nobody' })).toEqual([]);
    const { newState } = JSON.parse(first.AlarmHistoryItems[1].HistoryData);
    expect(newState).toMatchObject({ stateValue: 'ALARM', stateReasonData: { recentDatapoints: [1] } });
  });

  it('stays bounded', () => {
    const cloudwatch = openCloudWatch();
    cloudwatch.call('PutMetricAlarm', errorsAlarm);
    for (let index = 0; index < 6000; index++)
      cloudwatch.call('SetAlarmState', { AlarmName: 'errors', StateValue: index % 2 ? 'OK' : 'ALARM', StateReason: 'again' });
    let seen = 0;
    for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
      const answer = cloudwatch.call('DescribeAlarmHistory', { ...(NextToken && { NextToken }) });
      seen += answer.AlarmHistoryItems.length;
      NextToken = answer.NextToken;
    }
    expect(seen).toBeLessThanOrEqual(5500);
  });
});
