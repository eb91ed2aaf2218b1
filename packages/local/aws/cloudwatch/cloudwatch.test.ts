import { afterEach, describe, expect, it } from 'vitest';
import { listen, type TestEndpoint } from '../test-endpoint.ts';
import { errorsAlarm, openCloudWatch, start } from './test-cloudwatch.ts';

const endpoints: TestEndpoint[] = [];
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
});

/** CloudWatch behind the real endpoint, spoken to as an SDK does: JSON 1.0, times in seconds. */
async function open() {
  const cloudwatch = openCloudWatch();
  const endpoint = await listen([cloudwatch.service], cloudwatch.clock);
  endpoints.push(endpoint);
  async function send(operation: string, input: object = {}) {
    const response = await fetch(endpoint.client.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `GraniteServiceVersion20100801.${operation}` },
      body: JSON.stringify(input),
    });
    // biome-ignore lint/suspicious/noExplicitAny: the answers of many operations; each test reads what it asserts.
    return { status: response.status, type: response.headers.get('content-type'), body: (await response.json()) as any };
  }
  return { ...cloudwatch, send };
}
const at = (seconds: number) => start / 1000 + seconds;
const put = (MetricData: object[], Namespace = 'Gatehouse') => ({ Namespace, MetricData });

describe('metrics over the wire', () => {
  it('puts, lists and reads them', async () => {
    const { send, clock } = await open();
    const Dimensions = [{ Name: 'model', Value: 'haiku' }];
    const answer = await send(
      'PutMetricData',
      put([
        { MetricName: 'Tokens', Dimensions, Value: 5, Unit: 'Count', Timestamp: at(0) },
        { MetricName: 'Tokens', Dimensions, Values: [1, 2], Counts: [10, 1], Unit: 'Count', Timestamp: at(1) },
        { MetricName: 'Latency', StatisticValues: { SampleCount: 4, Sum: 100, Minimum: 10, Maximum: 40 }, Unit: 'Milliseconds' },
      ]),
    );
    expect(answer).toEqual({ status: 200, type: 'application/x-amz-json-1.0', body: {} });
    expect((await send('ListMetrics', { Namespace: 'Gatehouse' })).body.Metrics).toEqual([
      { Namespace: 'Gatehouse', MetricName: 'Tokens', Dimensions },
      { Namespace: 'Gatehouse', MetricName: 'Latency', Dimensions: [] },
    ]);
    const query = { Namespace: 'Gatehouse', StartTime: at(0), EndTime: at(60), Period: 60 };
    const tokens = await send('GetMetricStatistics', {
      ...query,
      MetricName: 'Tokens',
      Dimensions,
      Statistics: ['Sum', 'SampleCount', 'Maximum', 'Minimum', 'Average'],
      ExtendedStatistics: ['p50', 'p99.9'],
    });
    expect(tokens.body).toEqual({
      Label: 'Tokens',
      Datapoints: [
        {
          Timestamp: at(-20),
          Unit: 'Count',
          Sum: 17,
          SampleCount: 12,
          Maximum: 5,
          Minimum: 1,
          Average: 17 / 12,
          ExtendedStatistics: { p50: 1, 'p99.9': 5 },
        },
      ],
    });
    const latency = await send('GetMetricStatistics', {
      ...query,
      MetricName: 'Latency',
      Statistics: ['Average'],
      ExtendedStatistics: ['p99'],
    });
    expect(latency.body.Datapoints).toEqual([{ Timestamp: at(-20), Unit: 'Milliseconds', Average: 25, ExtendedStatistics: {} }]);
    clock.advance(4 * 3600);
    expect((await send('ListMetrics', { RecentlyActive: 'PT3H' })).body.Metrics).toEqual([]);
  });

  it('answers metric math, newest first or oldest first, in pages', async () => {
    const { send, errors, clock } = await open();
    for (const value of [1, 2, 3]) {
      errors(value);
      clock.advance(60);
    }
    const MetricDataQueries = [
      { Id: 'm1', MetricStat: { Metric: { Namespace: 'Gatehouse', MetricName: 'Errors' }, Period: 60, Stat: 'Sum' } },
      { Id: 'none', MetricStat: { Metric: { Namespace: 'Gatehouse', MetricName: 'None' }, Period: 60, Stat: 'p99' } },
      { Id: 'twice', Expression: 'm1 * 2', Label: 'doubled' },
      { Id: 'hidden', Expression: 'twice', ReturnData: false },
    ];
    const range = { StartTime: at(0), EndTime: at(180) };
    const { body } = await send('GetMetricData', { MetricDataQueries, ...range });
    const times = [at(100), at(40), at(-20)];
    expect(body.MetricDataResults).toEqual([
      { Id: 'm1', Label: 'Errors', Timestamps: times, Values: [3, 2, 1], StatusCode: 'Complete' },
      { Id: 'none', Label: 'None', Timestamps: [], Values: [], StatusCode: 'Complete' },
      { Id: 'twice', Label: 'doubled', Timestamps: times, Values: [6, 4, 2], StatusCode: 'Complete' },
    ]);
    const ask = {
      MetricDataQueries: [MetricDataQueries[0], MetricDataQueries[2]],
      ...range,
      MaxDatapoints: 4,
      ScanBy: 'TimestampAscending',
    };
    const first = await send('GetMetricData', ask);
    expect(first.body.MetricDataResults).toMatchObject([
      { Values: [1, 2, 3], StatusCode: 'Complete' },
      { Values: [2], StatusCode: 'PartialData' },
    ]);
    const second = await send('GetMetricData', { ...ask, NextToken: first.body.NextToken });
    expect(second.body.MetricDataResults).toMatchObject([{ Id: 'twice', Values: [4, 6], StatusCode: 'Complete' }]);
    expect(second.body.NextToken).toBeUndefined();
  });

  it('works out expressions that stand on one another many times over', async () => {
    const { send, errors } = await open();
    errors(1);
    const metric = {
      Id: 'e0',
      MetricStat: { Metric: { Namespace: 'Gatehouse', MetricName: 'Errors' }, Period: 60, Stat: 'Sum' },
      ReturnData: false,
    };
    const doubled = Array.from({ length: 60 }, (_, index) => ({
      Id: `e${index + 1}`,
      Expression: `e${index} + e${index}`,
      ReturnData: index === 59,
    }));
    const { body } = await send('GetMetricData', { MetricDataQueries: [metric, ...doubled], StartTime: at(0), EndTime: at(60) });
    expect(body.MetricDataResults).toMatchObject([{ Id: 'e60', Values: [2 ** 60] }]);
  });

  it('takes AWS metrics from inside only', async () => {
    const cloudwatch = await open();
    const refused = await cloudwatch.send('PutMetricData', put([{ MetricName: 'BurstCreditBalance', Value: 1 }], 'AWS/EFS'));
    expect(refused).toMatchObject({
      status: 400,
      body: { __type: 'InvalidParameterValueException', message: 'The value AWS/EFS for parameter Namespace is invalid.' },
    });
    cloudwatch.put({ namespace: 'AWS/EFS', name: 'BurstCreditBalance', dimensions: {}, values: [1], timestamp: start });
    expect((await cloudwatch.send('ListMetrics')).body.Metrics).toHaveLength(1);
  });

  it.each<[string, string, object, string]>([
    ['no namespace', 'PutMetricData', { MetricData: [{ MetricName: 'a', Value: 1 }] }, 'MissingRequiredParameterException'],
    ['no data', 'PutMetricData', put([]), 'MissingRequiredParameterException'],
    ['no value', 'PutMetricData', put([{ MetricName: 'a' }]), 'MissingRequiredParameterException'],
    ['two kinds of value', 'PutMetricData', put([{ MetricName: 'a', Value: 1, Values: [1] }]), 'InvalidParameterCombinationException'],
    ['a text for a value', 'PutMetricData', put([{ MetricName: 'a', Value: 'NaN' }]), 'InvalidParameterValueException'],
    ['a unit of OpenTelemetry', 'PutMetricData', put([{ MetricName: 'a', Value: 1, Unit: 'USD' }]), 'InvalidParameterValueException'],
    ['counts that do not fit', 'PutMetricData', put([{ MetricName: 'a', Values: [1], Counts: [1, 2] }]), 'InvalidParameterValueException'],
    ['a day too old', 'PutMetricData', put([{ MetricName: 'a', Value: 1, Timestamp: at(-15 * 86_400) }]), 'InvalidParameterValueException'],
    ['a day to come', 'PutMetricData', put([{ MetricName: 'a', Value: 1, Timestamp: at(3 * 3600) }]), 'InvalidParameterValueException'],
    [
      '31 dimensions',
      'PutMetricData',
      put([{ MetricName: 'a', Value: 1, Dimensions: Array.from({ length: 31 }, (_, index) => ({ Name: `n${index}`, Value: 'v' })) }]),
      'InvalidParameterValueException',
    ],
    [
      'a dimension twice',
      'PutMetricData',
      put([
        {
          MetricName: 'a',
          Value: 1,
          Dimensions: [
            { Name: 'n', Value: '1' },
            { Name: 'n', Value: '2' },
          ],
        },
      ]),
      'InvalidParameterValueException',
    ],
    ['a list for a structure', 'PutMetricData', put([[]]), 'InvalidParameterValueException'],
    [
      'too many datapoints',
      'GetMetricStatistics',
      { Namespace: 'n', MetricName: 'm', StartTime: at(-200_000), EndTime: at(0), Period: 60, Statistics: ['Sum'] },
      'InvalidParameterCombinationException',
    ],
    [
      'no statistic',
      'GetMetricStatistics',
      { Namespace: 'n', MetricName: 'm', StartTime: at(-60), EndTime: at(0), Period: 60 },
      'InvalidParameterCombinationException',
    ],
    [
      'a period of 7',
      'GetMetricStatistics',
      { Namespace: 'n', MetricName: 'm', StartTime: at(-60), EndTime: at(0), Period: 7, Statistics: ['Sum'] },
      'InvalidParameterValueException',
    ],
    [
      'an end before its start',
      'GetMetricStatistics',
      { Namespace: 'n', MetricName: 'm', StartTime: at(60), EndTime: at(0), Period: 60, Statistics: ['Sum'] },
      'InvalidParameterValueException',
    ],
    [
      'a trimmed mean',
      'GetMetricStatistics',
      { Namespace: 'n', MetricName: 'm', StartTime: at(-60), EndTime: at(0), Period: 60, ExtendedStatistics: ['tm99'] },
      'ValidationError',
    ],
    [
      'a search',
      'GetMetricData',
      { StartTime: at(-60), EndTime: at(0), MetricDataQueries: [{ Id: 'e', Expression: "SEARCH('x', 'Sum', 60)" }] },
      'ValidationError',
    ],
    [
      'a time series without end',
      'GetMetricData',
      {
        StartTime: 0,
        EndTime: at(0),
        MetricDataQueries: [
          { Id: 'e', Expression: 'FILL(m, 0)' },
          { Id: 'm', MetricStat: { Metric: { Namespace: 'n', MetricName: 'm' }, Period: 60, Stat: 'Sum' } },
        ],
      },
      'ValidationError',
    ],
    ['a token that nobody gave', 'ListMetrics', { NextToken: 'x' }, 'InvalidNextToken'],
  ])('refuses %s', async (_, operation, input, type) => {
    const { send } = await open();
    expect(await send(operation, input)).toMatchObject({ status: 400, body: { __type: type, message: expect.stringMatching(/\w/) } });
  });

  it('puts nothing when one of many is wrong', async () => {
    const { send } = await open();
    await send('PutMetricData', put([{ MetricName: 'good', Value: 1 }, { MetricName: 'bad' }]));
    expect((await send('ListMetrics')).body.Metrics).toEqual([]);
  });
});

describe('alarms over the wire', () => {
  it('tells them as they were put, with times in seconds', async () => {
    const { send } = await open();
    const Metrics = [
      { Id: 'e', Expression: 'm1 * 2', Label: 'doubled', ReturnData: true },
      {
        Id: 'm1',
        ReturnData: false,
        MetricStat: { Metric: { Namespace: 'Gatehouse', MetricName: 'Errors', Dimensions: [] }, Period: 300, Stat: 'p90' },
      },
    ];
    const { Namespace: _namespace, MetricName: _name, Statistic: _statistic, Period: _period, ...rest } = errorsAlarm;
    await send('PutMetricAlarm', errorsAlarm);
    await send('PutMetricAlarm', {
      ...rest,
      AlarmName: 'math',
      Metrics,
      DatapointsToAlarm: 1,
      AlarmActions: ['arn:aws:sns:us-east-1:000000000000:alerts'],
    });
    const { body } = await send('DescribeAlarms', { AlarmNamePrefix: 'm' });
    expect(body.CompositeAlarms).toEqual([]);
    expect(body.MetricAlarms).toEqual([
      {
        ...rest,
        AlarmName: 'math',
        AlarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:math',
        ActionsEnabled: true,
        OKActions: [],
        AlarmActions: ['arn:aws:sns:us-east-1:000000000000:alerts'],
        InsufficientDataActions: [],
        Dimensions: [],
        Metrics,
        DatapointsToAlarm: 1,
        AlarmConfigurationUpdatedTimestamp: at(0),
        StateValue: 'INSUFFICIENT_DATA',
        StateReason: 'Unchecked: Initial alarm creation',
        StateUpdatedTimestamp: at(0),
        StateTransitionedTimestamp: at(0),
      },
    ]);
    expect((await send('DescribeAlarms', { AlarmNames: ['errors'], StateValue: 'INSUFFICIENT_DATA' })).body.MetricAlarms).toMatchObject([
      { ...errorsAlarm, Dimensions: [] },
    ]);
    expect((await send('DescribeAlarms', { ActionPrefix: 'arn:aws:sns' })).body.MetricAlarms).toMatchObject([{ AlarmName: 'math' }]);
  });

  it('pages', async () => {
    const { send } = await open();
    for (const AlarmName of ['c', 'a', 'b']) await send('PutMetricAlarm', { ...errorsAlarm, AlarmName });
    const first = await send('DescribeAlarms', { MaxRecords: 2 });
    const second = await send('DescribeAlarms', { MaxRecords: 2, NextToken: first.body.NextToken });
    const names = [first, second].map(({ body }) => body.MetricAlarms.map(({ AlarmName }: { AlarmName: string }) => AlarmName));
    expect(names).toEqual([['a', 'b'], ['c']]);
    expect(second.body.NextToken).toBeUndefined();
  });

  it('tags them, and deletes all or nothing', async () => {
    const { send } = await open();
    const ResourceARN = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors';
    await send('PutMetricAlarm', { ...errorsAlarm, Tags: [{ Key: 'owner', Value: 'ops' }] });
    await send('TagResource', { ResourceARN, Tags: [{ Key: 'tier', Value: '1' }] });
    await send('UntagResource', { ResourceARN, TagKeys: ['owner'] });
    expect((await send('ListTagsForResource', { ResourceARN })).body.Tags).toEqual([{ Key: 'tier', Value: '1' }]);
    expect((await send('ListTagsForResource', { ResourceARN: `${ResourceARN}x` })).body.__type).toBe('ResourceNotFoundException');
    expect((await send('DeleteAlarms', { AlarmNames: ['errors', 'nobody'] })).body.__type).toBe('ResourceNotFound');
    expect((await send('DescribeAlarms')).body.MetricAlarms).toHaveLength(1);
    await send('DeleteAlarms', { AlarmNames: ['errors'] });
    expect((await send('DescribeAlarms')).body.MetricAlarms).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['no name', { AlarmName: undefined }, 'MissingRequiredParameterException'],
    ['no threshold', { Threshold: undefined }, 'MissingRequiredParameterException'],
    ['no statistic', { Statistic: undefined }, 'InvalidParameterCombinationException'],
    ['two statistics', { ExtendedStatistic: 'p90' }, 'InvalidParameterCombinationException'],
    ['a statistic of another name', { Statistic: 'Median' }, 'InvalidParameterValueException'],
    ['a comparison of another name', { ComparisonOperator: 'Above' }, 'InvalidParameterValueException'],
    ['a period of one second', { Period: 1 }, 'InvalidParameterValueException'],
    ['no evaluation period', { EvaluationPeriods: 0 }, 'InvalidParameterValueException'],
    ['more datapoints than periods', { DatapointsToAlarm: 2 }, 'ValidationError'],
    ['more than a day of minutes', { EvaluationPeriods: 1441 }, 'ValidationError'],
    ['a treatment of another name', { TreatMissingData: 'Breaching' }, 'InvalidParameterValueException'],
    ['a band', { ComparisonOperator: 'GreaterThanUpperThreshold', ThresholdMetricId: 'ad1' }, 'ValidationError'],
    ['a wall clock window', { EvaluationWindow: { WallClockWindow: {} } }, 'ValidationError'],
    [
      'six actions',
      { AlarmActions: Array.from({ length: 6 }, () => 'arn:aws:sns:us-east-1:000000000000:alerts') },
      'InvalidParameterValueException',
    ],
  ])('refuses %s', async (_, over, type) => {
    const { send } = await open();
    expect(await send('PutMetricAlarm', { ...errorsAlarm, ...over })).toMatchObject({ status: 400, body: { __type: type } });
    expect((await send('DescribeAlarms')).body.MetricAlarms).toEqual([]);
  });

  it('refuses operations that it has not', async () => {
    const { send } = await open();
    expect((await send('PutDashboard')).body.__type).toBe('UnknownOperationException');
  });
});
