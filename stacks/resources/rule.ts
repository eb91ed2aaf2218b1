/** A rule of a surface on the bus it names, to one function's alias, with retries and dead letters. */
import { patternIn } from '@gatehouse/contracts/in-stage';
import { ruleName } from '@gatehouse/contracts/names';
import type { Capability, Rule } from '@gatehouse/contracts/surface';
import { nameOf } from '../bus.ts';
import { accountId, partition, pascal, region, stage } from '../stage.ts';
import type { Deployed } from './function.ts';

/** Does nothing for a partner bus that this stage's profile does not name. */
export function subscribe(capability: Capability, rule: Rule, target: Deployed, deadLetters: aws.sqs.Queue | undefined): void {
  const bus = nameOf(rule.bus);
  if (bus === undefined) return;
  if (!deadLetters) throw new Error(`The rule "${rule.name}" of ${capability} has no dead-letter queue`);
  const logical = pascal(capability, rule.name, 'rule');
  const declared = new aws.cloudwatch.EventRule(logical, {
    name: ruleName(stage, capability, rule.name),
    eventBusName: bus,
    eventPattern: $resolve([partition, region, accountId]).apply(([partition, region, account]) =>
      JSON.stringify(patternIn({ stage, partition, region, account }, rule.pattern)),
    ),
  });
  new aws.cloudwatch.EventTarget(`${logical}Target`, {
    rule: declared.name,
    eventBusName: bus,
    arn: target.alias.arn,
    deadLetterConfig: { arn: deadLetters.arn },
    retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 24 * 3600 },
  });
  new aws.lambda.Permission(`${logical}Permission`, {
    action: 'lambda:InvokeFunction',
    function: target.name,
    qualifier: target.alias.name,
    principal: 'events.amazonaws.com',
    sourceArn: declared.arn,
  });
}
