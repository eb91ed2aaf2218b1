/** Makes the alarms that surfaces declare, and one for each dead-letter queue. */
import { alarmsOf, describe } from '@gatehouse/contracts/in-stage';
import { alarmName, deadLettersName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import type { Profile } from '@gatehouse/core/profile';
import type { AwsService } from '../aws/service.ts';
import { hasDeadLetters } from '../dead-letters.ts';
import { stage } from '../profile.ts';
import { call } from './call.ts';

/** The alarm that each dead-letter queue has besides those that its surface declares. */
export async function makeDeadLetterAlarms(surfaces: readonly Surface[], cloudwatch: AwsService): Promise<void> {
  for (const { capability } of surfaces.filter(hasDeadLetters))
    await call(cloudwatch, 'PutMetricAlarm', {
      AlarmName: alarmName(stage, capability, 'dead-letters'),
      AlarmDescription: describe(
        `An event for ${capability} could not be handled. Read its dead-letter queue, mend the cause, redrive.`,
        'notify',
        'dead-letters',
      ),
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: deadLettersName(stage, capability) }],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
}

export async function makeAlarms(surfaces: readonly Surface[], profile: Profile, cloudwatch: AwsService): Promise<void> {
  for (const { capability, alarms = [] } of surfaces)
    for (const alarm of alarms.flatMap((one) =>
      alarmsOf(stage, capability, one, (profile as Readonly<Record<string, unknown>>)[capability]),
    ))
      await call(cloudwatch, 'PutMetricAlarm', {
        AlarmName: alarmName(stage, capability, alarm.name),
        AlarmDescription: alarm.description,
        Namespace: alarm.namespace,
        MetricName: alarm.metric,
        Dimensions: Object.entries(alarm.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
        Statistic: alarm.statistic,
        Period: alarm.periodSeconds,
        EvaluationPeriods: alarm.evaluationPeriods,
        ...(alarm.datapointsToAlarm !== undefined && { DatapointsToAlarm: alarm.datapointsToAlarm }),
        Threshold: alarm.threshold,
        ComparisonOperator: alarm.comparison,
        TreatMissingData: alarm.missingData,
      });
}
