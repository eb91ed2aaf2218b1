/** A state machine of a surface: its ASL file filled with aliases, a role that may invoke exactly those, a log, a version and an alias. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { machineAlias, machineName } from '@gatehouse/contracts/names';
import type { Capability, Machine } from '@gatehouse/contracts/surface';
import { accountId, pascal, stage } from '../stage.ts';
import { fill } from './definition.ts';
import { machineLog } from './log.ts';

/** Log delivery and X-Ray know no resource (Step Functions Developer Guide, "CloudWatch Logs" and "X-Ray"). */
const anywhere = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
];

/** `aliases`: step name -> the ARN of the alias that does it. */
export function deployMachine(capability: Capability, machine: Machine, aliases: Readonly<Record<string, $util.Output<string>>>): void {
  const physical = machineName(stage, machine.name);
  const logical = pascal(capability, machine.name, 'machine');
  const text = readFileSync(path.join($cli.paths.root, machine.definition), 'utf8');
  const logs = machineLog(logical, physical);
  const role = new aws.iam.Role(`${logical}Role`, {
    assumeRolePolicy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          actions: ['sts:AssumeRole'],
          principals: [{ type: 'Service', identifiers: ['states.amazonaws.com'] }],
          conditions: [{ test: 'StringEquals', variable: 'aws:SourceAccount', values: [accountId] }],
        },
      ],
    }).json,
    inlinePolicies: [
      {
        name: 'steps',
        policy: aws.iam.getPolicyDocumentOutput({
          statements: [
            { actions: ['lambda:InvokeFunction'], resources: Object.values(aliases) },
            { actions: anywhere, resources: ['*'] },
          ],
        }).json,
      },
    ],
  });
  const deployed = new aws.sfn.StateMachine(logical, {
    name: physical,
    type: 'STANDARD',
    roleArn: role.arn,
    definition: $util.output(aliases).apply((arns) => fill(machine.name, text, arns)),
    publish: true,
    // Execution data would put people's names into a log that more may read than the console.
    loggingConfiguration: { level: 'ALL', includeExecutionData: false, logDestination: $interpolate`${logs.arn}:*` },
    tracingConfiguration: { enabled: true },
  });
  new aws.sfn.Alias(`${logical}Live`, {
    name: machineAlias,
    routingConfigurations: [{ stateMachineVersionArn: deployed.stateMachineVersionArn, weight: 100 }],
  });
}
