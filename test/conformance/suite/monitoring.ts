/** What is asked of any CloudWatch and CloudWatch Logs. Metrics of a real account take minutes to show and cannot be deleted. */
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

export function describeCloudWatch(target: () => Target): void {
  describe('CloudWatch', () => {
    it('keeps points and answers statistics and metric math', async () => {
      const client = new CloudWatchClient(target().client);
      const metric = { Namespace: 'Conformance', MetricName: target().name('metric') };
      // The minute before this one: it is whole, and its points come together.
      const minute = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
      const MetricData = [1, 2, 6].map((Value) => ({
        MetricName: metric.MetricName,
        Value,
        Unit: 'Count' as const,
        Timestamp: new Date(minute + 1000),
      }));
      await client.send(new PutMetricDataCommand({ Namespace: metric.Namespace, MetricData }));
      const stat = (Id: string, Stat: string) => ({ Id, MetricStat: { Metric: metric, Period: 60, Stat } });
      const results = await target().until(async () => {
        const { MetricDataResults = [] } = await client.send(
          new GetMetricDataCommand({
            StartTime: new Date(minute),
            EndTime: new Date(minute + 60_000),
            MetricDataQueries: [
              stat('sum', 'Sum'),
              stat('most', 'Maximum'),
              stat('count', 'SampleCount'),
              { Id: 'mean', Expression: 'sum / count' },
            ],
          }),
        );
        return MetricDataResults.every(({ Values }) => Values?.length) ? MetricDataResults : undefined;
      }, 'the metric');
      expect(Object.fromEntries(results.map(({ Id, Values }) => [Id, Values]))).toEqual({ sum: [9], most: [6], count: [3], mean: [3] });
    });

    it('keeps an alarm and takes a state for it', async () => {
      const client = new CloudWatchClient(target().client);
      const AlarmName = target().name('alarm');
      await client.send(
        new PutMetricAlarmCommand({
          AlarmName,
          Namespace: 'Conformance',
          MetricName: 'Nothing',
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'GreaterThanOrEqualToThreshold',
          TreatMissingData: 'ignore',
        }),
      );
      try {
        await client.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'asked' }));
        const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }));
        expect(MetricAlarms).toMatchObject([{ AlarmName, StateValue: 'ALARM', StateReason: 'asked', Threshold: 1 }]);
      } finally {
        await client.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] }));
      }
    });
  });
}

export function describeLogs(target: () => Target): void {
  describe('CloudWatch Logs', () => {
    it('keeps lines in the streams of a group, until the group is deleted', async () => {
      const client = new CloudWatchLogsClient(target().client);
      const logGroupName = target().name('group');
      const logStreamName = 'one';
      await client.send(new CreateLogGroupCommand({ logGroupName }));
      try {
        const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
        expect(logGroups?.map((group) => group.logGroupName)).toEqual([logGroupName]);
        await expect(client.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
          name: 'ResourceAlreadyExistsException',
        });
        await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
        const logEvents = ['a quiet line', 'an ERROR'].map((message) => ({ timestamp: Date.now(), message }));
        await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
        const found = await target().until(async () => {
          const { events } = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: 'ERROR' }));
          return events?.length ? events : undefined;
        }, 'the line');
        expect(found).toMatchObject([{ message: 'an ERROR', logStreamName }]);
      } finally {
        await client.send(new DeleteLogGroupCommand({ logGroupName }));
      }
      await expect(client.send(new FilterLogEventsCommand({ logGroupName }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    });
  });
}
