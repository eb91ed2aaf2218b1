/** What a stranger builds on the embedded stack with stock clients: a platform alarm that reaches a queue, and a rule whose target gets what it asked for. */
import { CloudWatchClient, DescribeAlarmHistoryCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  config = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'stranger', secretAccessKey: 'x' } };
});
afterAll(() => stack?.stop());

async function makeQueue(QueueName: string): Promise<{ arn: string; next(): Promise<string | undefined> }> {
  const sqs = new SQSClient(config);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return {
    arn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
    next: async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body,
  };
}

it('tells a queue, by a topic, of an alarm on a metric that only AWS may put', async () => {
  const [cloudwatch, sns] = [new CloudWatchClient(config), new SNSClient(config)];
  const pager = await makeQueue('pager');
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'platform' }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: pager.arn }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: 'tasks-die',
      Namespace: 'AWS/ECS',
      MetricName: 'TasksFailed',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      AlarmActions: [TopicArn],
    }),
  );
  const MetricData = [{ MetricName: 'TasksFailed', Value: 2 }];
  const put = await fetch(`${stack.aws}/_faults/metrics`, { method: 'POST', body: JSON.stringify({ Namespace: 'AWS/ECS', MetricData }) });
  expect(put.status).toBe(202);
  const told = await stack.until(() => pager.next(), { stepSeconds: 60, what: 'the alarm in the queue' });
  const { Subject, Message } = JSON.parse(told) as { Subject: string; Message: string };
  expect(Subject).toBe('ALARM: "tasks-die" in US East (N. Virginia)');
  expect(JSON.parse(Message)).toMatchObject({ AlarmName: 'tasks-die', NewStateValue: 'ALARM', Trigger: { MetricName: 'TasksFailed' } });
  const { AlarmHistoryItems = [] } = await cloudwatch.send(
    new DescribeAlarmHistoryCommand({ AlarmName: 'tasks-die', HistoryItemType: 'Action' }),
  );
  expect(AlarmHistoryItems[0]?.HistorySummary).toMatch(/^Successfully executed action/);
});

it('gives a target what its transformer makes of an event', async () => {
  const events = new EventBridgeClient(config);
  const inbox = await makeQueue('inbox');
  await events.send(new PutRuleCommand({ Name: 'shorten', EventPattern: JSON.stringify({ source: ['stranger'] }) }));
  const InputTransformer = { InputPathsMap: { who: '$.detail.who' }, InputTemplate: '{"text": "<who> says hello"}' };
  await events.send(new PutTargetsCommand({ Rule: 'shorten', Targets: [{ Id: 'inbox', Arn: inbox.arn, InputTransformer }] }));
  await events.send(new PutEventsCommand({ Entries: [{ Source: 'stranger', DetailType: 'Greeting', Detail: '{"who": "Ann"}' }] }));
  const heard = await stack.until(() => inbox.next(), { stepSeconds: 0, what: 'the event in the queue' });
  expect(JSON.parse(heard)).toEqual({ text: 'Ann says hello' });
});
