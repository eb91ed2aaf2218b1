/** A schedule of a surface: EventBridge Scheduler, UTC, one function's alias, with retries and dead letters. */
import { ruleName } from '@gatehouse/contracts/names';
import type { Capability, Schedule } from '@gatehouse/contracts/surface';
import { accountId, pascal, stage } from '../stage.ts';
import type { Deployed } from './function.ts';

export function schedule(capability: Capability, item: Schedule, target: Deployed, deadLetters: aws.sqs.Queue | undefined): void {
  if (!deadLetters) throw new Error(`The schedule "${item.name}" of ${capability} has no dead-letter queue`);
  const logical = pascal(capability, item.name, 'schedule');
  const role = new aws.iam.Role(`${logical}Role`, {
    assumeRolePolicy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          actions: ['sts:AssumeRole'],
          principals: [{ type: 'Service', identifiers: ['scheduler.amazonaws.com'] }],
          conditions: [{ test: 'StringEquals', variable: 'aws:SourceAccount', values: [accountId] }],
        },
      ],
    }).json,
    inlinePolicies: [
      {
        name: 'invoke',
        policy: aws.iam.getPolicyDocumentOutput({
          statements: [
            { actions: ['lambda:InvokeFunction'], resources: [target.alias.arn] },
            { actions: ['sqs:SendMessage'], resources: [deadLetters.arn] },
          ],
        }).json,
      },
    ],
  });
  new aws.scheduler.Schedule(logical, {
    name: ruleName(stage, capability, item.name),
    scheduleExpression: item.expression,
    scheduleExpressionTimezone: 'UTC',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: target.alias.arn,
      roleArn: role.arn,
      deadLetterConfig: { arn: deadLetters.arn },
      retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 },
    },
  });
}
