/** Where a capability's undeliverable events go, for whoever redrives them, and the alarm that says so. */
import { describe } from '@gatehouse/contracts/in-stage';
import { alarmName, deadLettersName, ruleName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import { alerts } from '../alerts.ts';
import { nameOf } from '../bus.ts';
import { arn, pascal, stage } from '../stage.ts';

/** None for a capability that only answers requests. */
export function deadLetters({ capability, rules = [], schedules = [], streams = [] }: Surface): aws.sqs.Queue | undefined {
  if (rules.length + schedules.length + streams.length === 0) return undefined;
  const logical = pascal(capability, 'dead-letters');
  const queue = new aws.sqs.Queue(logical, {
    name: deadLettersName(stage, capability),
    messageRetentionSeconds: 14 * 86_400,
    sqsManagedSseEnabled: true,
  });
  const senders = rules.flatMap(({ name, bus }) => {
    const busName = nameOf(bus);
    if (busName === undefined) return [];
    const rule = ruleName(stage, capability, name);
    return [arn('events', bus === 'default' ? `rule/${rule}` : $interpolate`rule/${busName}/${rule}`)];
  });
  if (senders.length > 0) {
    new aws.sqs.QueuePolicy(`${logical}Policy`, {
      queueUrl: queue.url,
      policy: aws.iam.getPolicyDocumentOutput({
        statements: [
          {
            actions: ['sqs:SendMessage'],
            resources: [queue.arn],
            principals: [{ type: 'Service', identifiers: ['events.amazonaws.com'] }],
            conditions: [{ test: 'ArnEquals', variable: 'aws:SourceArn', values: senders }],
          },
        ],
      }).json,
    });
  }
  new aws.cloudwatch.MetricAlarm(`${logical}Alarm`, {
    name: alarmName(stage, capability, 'dead-letters'),
    alarmDescription: describe(
      `An event for ${capability} could not be handled. Read ${logical}, mend the cause, redrive.`,
      'notify',
      'dead-letters',
    ),
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensions: { QueueName: queue.name },
    statistic: 'Maximum',
    period: 60,
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: 'GreaterThanThreshold',
    treatMissingData: 'notBreaching',
    alarmActions: [alerts.arn],
    okActions: [alerts.arn],
  });
  return queue;
}
