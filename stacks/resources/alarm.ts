/** An alarm of a surface; every one speaks to the operators' topic, when it starts and when it ends. */
import { alarmName } from '@gatehouse/contracts/names';
import type { Alarm, Capability } from '@gatehouse/contracts/surface';
import { alerts } from '../alerts.ts';
import { pascal, stage } from '../stage.ts';

/** A dimension's value may be known only once its resource is. */
type Deployable = Omit<Alarm, 'dimensions'> & { dimensions?: Readonly<Record<string, $util.Input<string>>> };

export function alarm(capability: Capability, item: Deployable): void {
  new aws.cloudwatch.MetricAlarm(pascal(capability, item.name, 'alarm'), {
    name: alarmName(stage, capability, item.name),
    alarmDescription: item.description,
    namespace: item.namespace,
    metricName: item.metric,
    ...(item.dimensions ? { dimensions: { ...item.dimensions } } : {}),
    statistic: item.statistic,
    period: item.periodSeconds,
    evaluationPeriods: item.evaluationPeriods,
    ...(item.datapointsToAlarm === undefined ? {} : { datapointsToAlarm: item.datapointsToAlarm }),
    threshold: item.threshold,
    comparisonOperator: item.comparison,
    treatMissingData: item.missingData,
    alarmActions: [alerts.arn],
    okActions: [alerts.arn],
  });
}
