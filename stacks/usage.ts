/** Usage in AWS: its surface, and the subscription to Bedrock's invocation log where the profile names one. */
import { surface } from '@gatehouse/usage/surface';
import { deploy, functionOf } from './capability.ts';
import { arn, profile, stage } from './stage.ts';

deploy(surface);

const group = profile.usage.bedrock_log_group;
if (group !== undefined) {
  const hears = functionOf('usage', 'hear-invocations');
  const allowed = new aws.lambda.Permission('UsageHearInvocationsPermission', {
    action: 'lambda:InvokeFunction',
    function: hears.name,
    qualifier: hears.alias.name,
    principal: 'logs.amazonaws.com',
    sourceArn: arn('logs', `log-group:${group}:*`),
  });
  new aws.cloudwatch.LogSubscriptionFilter(
    'UsageHearInvocations',
    { name: `gatehouse-${stage}-usage`, logGroup: group, filterPattern: '', destinationArn: hears.alias.arn },
    { dependsOn: [allowed] },
  );
}
