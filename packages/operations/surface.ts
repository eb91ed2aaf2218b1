/** What operations shows: it hears alarms and the platform's events, tells people, and shows what all capabilities measure. No routes. */

import { machineArnInPattern } from '@gatehouse/contracts/in-stage';
import { signingKey } from '@gatehouse/contracts/records/signing-key';
import { publisher } from '@gatehouse/contracts/stream-filter';
import { type Alarm, capabilities, type Entry, type Metric, type Rule, type Surface, type TableUse } from '@gatehouse/contracts/surface';
import { alertCleared } from '@gatehouse/events/alert-cleared';
import { alertRaised } from '@gatehouse/events/alert-raised';

const claims: TableUse = { capability: 'operations', actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] };
const alerts: TableUse = { capability: 'operations', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] };

/** @param periods minutes in a row. */
function lasting(periods: number): Pick<Alarm, 'periodSeconds' | 'evaluationPeriods' | 'missingData'> {
  return { periodSeconds: 60, evaluationPeriods: periods, missingData: 'notBreaching' };
}

/** In five minutes. */
const counted = {
  namespace: 'Gatehouse',
  statistic: 'Sum',
  periodSeconds: 300,
  evaluationPeriods: 1,
  missingData: 'notBreaching',
  comparison: 'GreaterThanOrEqualToThreshold',
} satisfies Partial<Alarm>;

/** All of the product's; another stage's name may begin with this one's. */
const machines = ['key-rotation', 'mover', 'offboarding', 'onboarding', 'workspace-rollout'];

/** Functions whose metrics say what was spent. */
const spendWriters = ['usage-ingest', 'inference-gateway'];

/** A fifth of the credits that a file system holds at most, 2.1 TiB (Amazon EFS User Guide, "Bursting throughput"). */
const fifthOfBurstCredits = 461_794_883_666;

const told = { source: [alertRaised.source], 'detail-type': [alertRaised.type, alertCleared.type] };
const rule = (name: string, pattern: Rule['pattern'], entry: string): Rule => ({ name, bus: 'default', pattern, entry });

const entry = (handler: string, timeoutSeconds: number, power: Partial<Entry>): Entry => ({
  handler: `packages/operations/${handler}`,
  timeoutSeconds,
  memoryMb: 256,
  ...power,
});

/** The latest of an hour. */
const hourly = {
  namespace: 'Gatehouse',
  statistic: 'Maximum',
  periodSeconds: 3600,
  evaluationPeriods: 1,
  missingData: 'notBreaching',
  comparison: 'GreaterThanThreshold',
} satisfies Partial<Alarm>;

export const surface: Surface = {
  capability: 'operations',
  table: true,
  entries: {
    'hear-alarm': entry('hear-alarm.lambda.handler', 20, { tables: [alerts] }),
    'watch-platform': entry('watch-platform.lambda.handler', 20, { tables: [claims] }),
    'tell-slack': entry('tell.lambda.slack', 30, { tables: [claims], secrets: ['slack-webhook'] }),
    'tell-pagerduty': entry('tell.lambda.pagerduty', 30, { tables: [claims], secrets: ['pagerduty-key'] }),
    'take-stock': entry('take-stock.lambda.handler', 60, {
      tables: [
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: [...signingKey.leadingKeys] },
        { capability: 'usage', actions: ['dynamodb:Query'], leadingKeys: ['DAY#*'] },
      ],
    }),
    publish: entry('publish.lambda.handler', 30, { publishes: true }),
  },
  streams: [publisher],
  schedules: [{ name: 'take-stock', expression: 'rate(1 hour)', entry: 'take-stock' }],
  rules: [
    rule(
      'alarms',
      {
        source: ['aws.cloudwatch'],
        'detail-type': ['CloudWatch Alarm State Change'],
        // By capability, since another stage's name may begin with this one's.
        detail: { alarmName: capabilities.map((capability) => ({ prefix: `gatehouse-\${stage}-${capability}-` })) },
      },
      'hear-alarm',
    ),
    rule(
      'containers',
      { source: ['aws.ecs'], 'detail-type': ['ECS Task State Change', 'ECS Service Action', 'ECS Deployment State Change'] },
      'watch-platform',
    ),
    rule(
      'backups',
      {
        source: ['aws.backup'],
        'detail-type': ['Backup Job State Change', 'Restore Job State Change'],
        detail: { state: ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'] },
      },
      'watch-platform',
    ),
    rule(
      'machines',
      {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: machines.map(machineArnInPattern),
        },
      },
      'watch-platform',
    ),
    { name: 'told-slack', bus: 'product', pattern: told, entry: 'tell-slack' },
    { name: 'told-pagerduty', bus: 'product', pattern: told, entry: 'tell-pagerduty' },
  ],
  metrics: [
    ...['EcsServiceTrouble', 'EcsDeploymentsFailed', 'BackupsFailed', 'MachinesFailed'].map(
      (name): Metric => ({ name, unit: 'Count', sets: [[]] }),
    ),
    { name: 'SpendVsUsual', unit: 'Percent', sets: [[]] },
    { name: 'SigningKeyDays', unit: 'None', sets: [[]] },
  ],
  alarms: [
    {
      name: 'ecs-unstable',
      description:
        'Containers of a watched cluster fail again and again. Read the reasons in the log of watch-platform, then the tasks own logs.',
      metric: 'EcsServiceTrouble',
      ...counted,
      threshold: 3,
    },
    {
      name: 'deployment-failed',
      description: 'A deployment in a watched cluster was given up. The log of watch-platform names the service and the reason.',
      metric: 'EcsDeploymentsFailed',
      ...counted,
      threshold: 1,
    },
    {
      name: 'backup-failed',
      description: 'A backup or a restore did not end well. Look at the job in AWS Backup and start it again.',
      metric: 'BackupsFailed',
      ...counted,
      threshold: 1,
    },
    {
      name: 'machine-failed',
      description:
        'An execution of one of the machines ended without success. Open it in the console: its last state says what to do; then redrive.',
      severity: 'page',
      metric: 'MachinesFailed',
      ...counted,
      threshold: 1,
    },
    {
      name: 'database-busy',
      description: 'A database works at more than 80 % of its processor for five minutes. Find the queries, or take a larger instance.',
      each: 'databases',
      namespace: 'AWS/RDS',
      metric: 'CPUUtilization',
      dimensions: { DBInstanceIdentifier: '*' },
      statistic: 'Average',
      ...lasting(5),
      threshold: 80,
      comparison: 'GreaterThanThreshold',
    },
    {
      name: 'homes-slow',
      description:
        'A file system has less than a fifth of its burst credits left. Move it to elastic throughput, or find who writes so much.',
      severity: 'note',
      each: 'file_systems',
      namespace: 'AWS/EFS',
      metric: 'BurstCreditBalance',
      dimensions: { FileSystemId: '*' },
      statistic: 'Minimum',
      ...lasting(5),
      threshold: fifthOfBurstCredits,
      comparison: 'LessThanThreshold',
    },
    {
      name: 'bedrock-throttled',
      description: 'Bedrock refused more than ten calls of a model in a minute. Ask for a higher quota, or give prompts another way.',
      severity: 'note',
      each: 'bedrock_models',
      namespace: 'AWS/Bedrock',
      metric: 'InvocationThrottles',
      dimensions: { ModelId: '*' },
      statistic: 'Sum',
      ...lasting(1),
      threshold: 10,
      comparison: 'GreaterThanThreshold',
    },
    {
      name: 'certificate-ends',
      description:
        'A certificate ends within thirty days. Import the next one under the same ARN, at an hour when people may sign in again.',
      each: 'certificates',
      namespace: 'AWS/CertificateManager',
      metric: 'DaysToExpiry',
      dimensions: { CertificateArn: '*' },
      statistic: 'Minimum',
      periodSeconds: 86_400,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
      threshold: 30,
      comparison: 'LessThanThreshold',
    },
    {
      name: 'functions-throttled',
      description:
        'Lambda refused calls in this account and region. Ask for more concurrent executions, or set fewer aside in the profile.',
      namespace: 'AWS/Lambda',
      metric: 'Throttles',
      statistic: 'Sum',
      ...lasting(5),
      threshold: 0,
      comparison: 'GreaterThanThreshold',
    },
    {
      name: 'api-failing',
      description:
        'The API answered ten times in five minutes that it could not. Its access log says which route; the log of that function says why.',
      severity: 'page',
      ...counted,
      namespace: 'AWS/ApiGateway',
      metric: '5XXError',
      dimensions: { ApiName: 'gatehouse-${stage}' },
      threshold: 10,
    },
    ...spendWriters.map((writer) => ({
      name: `metrics-unreadable-${writer}`,
      description: `CloudWatch could not read a metric that ${writer} wrote: what was spent is in the ledger, but alarms do not see it. Look for lines with "_aws" in its log that are cut off.`,
      ...counted,
      namespace: 'AWS/Logs',
      metric: 'EMFParsingErrors',
      dimensions: { LogGroupName: `/aws/lambda/gatehouse-\${stage}-${writer}` },
      threshold: 1,
    })),
    {
      name: 'spend-unusual',
      description:
        'Today costs more than twice what is usual on such a weekday, the median of the last four. See who and on what: GET /admin/spend?by=person, and by=model.',
      metric: 'SpendVsUsual',
      ...hourly,
      threshold: 200,
    },
    {
      name: 'signing-key-old',
      description:
        'The key that signs tokens is older than a hundred days: the rotation of every ninety did not happen. Look at the last executions of the machine key-rotation, and start it.',
      metric: 'SigningKeyDays',
      ...hourly,
      threshold: 100,
    },
  ],
  secrets: {
    'slack-webhook': { description: "The address of Slack's incoming webhook, whole", generated: false, where: 'channels.*.*=slack' },
    'pagerduty-key': {
      description: "The integration key of a PagerDuty service's Events API v2",
      generated: false,
      where: 'channels.*.*=pagerduty',
    },
  },
};
