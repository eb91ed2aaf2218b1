/**
 * What makes each alarm go off: the data point, with the namespace, unit and dimensions under which its writer publishes it (for AWS's own
 * services, as the page in `source` documents it; for ours, as the code writes it), or the event. Written by hand, so that an alarm that
 * watches something else is found.
 */

export interface Point {
  namespace: string;
  metric: string;
  unit: string;
  dimensions: Readonly<Record<string, string>>;
}

export interface Cause extends Point {
  /** The values of an ill period and of a well one; a well one without a value has no point at all. */
  ill: number;
  well?: number;
  /** Seconds between two points, and how many ill ones it takes. */
  every: number;
  times: number;
  source: string;
}

const ours = 'this repository, test/journeys/product-alarms.test.ts';
const none = {};

function own(metric: string, unit: string, dimensions: Cause['dimensions'], rest: Pick<Cause, 'ill' | 'well' | 'every' | 'times'>): Cause {
  return { namespace: 'Gatehouse', metric, unit, dimensions, source: ours, ...rest };
}
/** So many in five minutes, and then no more. */
const counted = (metric: string, ill: number, dimensions: Cause['dimensions'] = none): Cause =>
  own(metric, 'Count', dimensions, { ill, every: 300, times: 1 });
const hourly = (metric: string, unit: string, ill: number, well: number): Cause =>
  own(metric, unit, none, { ill, well, every: 3600, times: 1 });
const unreadable = (writer: string): Cause => ({
  namespace: 'AWS/Logs',
  metric: 'EMFParsingErrors',
  unit: 'Count',
  dimensions: { LogGroupName: `/aws/lambda/gatehouse-local-${writer}` },
  ill: 1,
  every: 300,
  times: 1,
  source: 'Amazon CloudWatch Logs User Guide, "Monitoring with CloudWatch metrics"',
});

export const causes: Readonly<Record<string, Cause>> = {
  'access-refresh-reuse': counted('RefreshReuse', 1),
  'access-refusal-surge': counted('TokensRefused', 100, { class: 'token' }),
  'inference-upstream-faults': counted('UpstreamFaults', 20),
  'inference-overdue': counted('OverdueSettled', 3),
  'lifecycle-slow-cut': own('TimeToCut', 'Milliseconds', { trigger: 'event' }, { ill: 300_001, every: 300, times: 1 }),
  'lifecycle-many-joiners': counted('JoinersLeft', 1),
  'lifecycle-case-needs-human': counted('CasesStuck', 1, { kind: 'offboarding' }),
  'lifecycle-case-unproven': counted('CasesUnproven', 1),
  'lifecycle-cut-objective-burning': own('CutsInTime', 'Percent', none, { ill: 0, well: 100, every: 86_400, times: 1 }),
  'lifecycle-onboarding-needs-human': counted('CasesStuck', 1, { kind: 'onboarding' }),
  'lifecycle-move-needs-human': counted('CasesStuck', 1, { kind: 'mover' }),
  'people-directory-unreadable': counted('DirectoryReadsRefused', 1),
  'people-orphans': hourly('Orphans', 'Count', 1, 0),
  'people-source-silent': own('SourcesSilent', 'Count', none, { ill: 1, well: 0, every: 900, times: 1 }),
  'policy-served-without-store': own('PolicyServedWithoutStore', 'Count', none, { ill: 1, every: 60, times: 1 }),
  'policy-publication-refuses-many': own('PeopleRefusedByPolicy', 'Count', none, { ill: 10, every: 60, times: 1 }),
  'policy-clients-drifted': hourly('ClientsDrifted', 'Count', 1, 0),
  'policy-clients-unmanaged': hourly('ClientsUnmanaged', 'Count', 1, 0),
  'workspaces-builds-failed': counted('WorkspaceBuildsFailed', 4),
  'workspaces-rollout-needs-human': counted('RolloutsStuck', 1),
  'operations-spend-unusual': hourly('SpendVsUsual', 'Percent', 201, 104),
  'operations-signing-key-old': hourly('SigningKeyDays', 'None', 101, 1),
  'operations-metrics-unreadable-usage-ingest': unreadable('usage-ingest'),
  'operations-metrics-unreadable-inference-gateway': unreadable('inference-gateway'),
  'operations-api-failing': {
    namespace: 'AWS/ApiGateway',
    metric: '5XXError',
    unit: 'Count',
    dimensions: { ApiName: 'gatehouse-local' },
    ill: 10,
    well: 0,
    every: 300,
    times: 1,
    source: 'Amazon API Gateway Developer Guide, "REST API dimensions and metrics"',
  },
  'operations-database-busy-1': {
    namespace: 'AWS/RDS',
    metric: 'CPUUtilization',
    unit: 'Percent',
    dimensions: { DBInstanceIdentifier: 'coder' },
    ill: 93,
    well: 12,
    every: 60,
    times: 5,
    source: 'Amazon RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS"',
  },
  'operations-homes-slow-1': {
    namespace: 'AWS/EFS',
    metric: 'BurstCreditBalance',
    unit: 'Bytes',
    dimensions: { FileSystemId: 'fs-0123456789abcdef0' },
    ill: 1e11,
    well: 2.3e12,
    every: 60,
    times: 5,
    source: 'Amazon EFS User Guide, "CloudWatch metrics for Amazon EFS"',
  },
  'operations-bedrock-throttled-1': {
    namespace: 'AWS/Bedrock',
    metric: 'InvocationThrottles',
    unit: 'Count',
    dimensions: { ModelId: 'us.anthropic.claude-sonnet-4-6' },
    ill: 11,
    well: 0,
    every: 60,
    times: 1,
    source: 'Amazon Bedrock User Guide, "Amazon Bedrock runtime metrics"',
  },
  'operations-certificate-ends-1': {
    namespace: 'AWS/CertificateManager',
    metric: 'DaysToExpiry',
    unit: 'None',
    dimensions: { CertificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/claude' },
    ill: 29,
    well: 394,
    every: 86_400,
    times: 1,
    source: 'AWS Certificate Manager User Guide, "Supported CloudWatch metrics"',
  },
  'operations-functions-throttled': {
    namespace: 'AWS/Lambda',
    metric: 'Throttles',
    unit: 'Count',
    dimensions: none,
    ill: 4,
    well: 0,
    every: 60,
    times: 5,
    source: 'AWS Lambda Developer Guide, "Types of metrics for Lambda functions"',
  },
};

/**
 * Where an alarm over a metric of our own also goes off from what happens: the function that measures it runs, for the reason that it measures.
 * Points above show each rule and its dimensions; these show that functions write them.
 */
export const happensIn: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'access-refresh-reuse',
      'access-refusal-surge',
      'people-directory-unreadable',
      'inference-upstream-faults',
      'inference-overdue',
      'lifecycle-slow-cut',
      'lifecycle-many-joiners',
      'lifecycle-case-needs-human',
      'lifecycle-case-unproven',
      'lifecycle-cut-objective-burning',
      'lifecycle-onboarding-needs-human',
      'lifecycle-move-needs-human',
      'people-orphans',
      'people-source-silent',
      'policy-publication-refuses-many',
      'workspaces-rollout-needs-human',
      'operations-spend-unusual',
      'operations-signing-key-old',
    ].map((alarm) => [alarm, 'product-alarms.test.ts']),
  ),
  'policy-served-without-store': 'policy-away.test.ts',
  'policy-clients-drifted': 'policy-clients.test.ts',
  'policy-clients-unmanaged': 'policy-clients.test.ts',
  'workspaces-builds-failed': 'coder-health.test.ts',
};

const here = 'arn:aws:ecs:us-east-1:000000000000';

/** Alarms that events of the platform make, as the default bus delivers them, and how many it takes. */
export const events: Readonly<Record<string, { times: number; event: object; source: string }>> = {
  'operations-ecs-unstable': {
    times: 3,
    source: 'Amazon ECS Developer Guide, "Amazon ECS task state change events"',
    event: {
      source: 'aws.ecs',
      'detail-type': 'ECS Task State Change',
      detail: {
        clusterArn: `${here}:cluster/workspaces`,
        group: 'service:coder',
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'Essential container in task exited',
        taskArn: `${here}:task/workspaces/1`,
        version: 6,
      },
      resources: [`${here}:task/workspaces/1`],
    },
  },
  'operations-deployment-failed': {
    times: 1,
    source: 'Amazon ECS Developer Guide, "Amazon ECS service deployment state change events"',
    event: {
      source: 'aws.ecs',
      'detail-type': 'ECS Deployment State Change',
      detail: { eventType: 'ERROR', eventName: 'SERVICE_DEPLOYMENT_FAILED', deploymentId: 'ecs-svc/1', reason: 'tasks failed to start' },
      resources: [`${here}:service/workspaces/coder`],
    },
  },
  'operations-backup-failed': {
    times: 1,
    source: 'AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge"',
    event: {
      source: 'aws.backup',
      'detail-type': 'Backup Job State Change',
      detail: {
        backupJobId: 'job-1',
        state: 'FAILED',
        resourceType: 'EFS',
        resourceArn: 'arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/fs-0123456789abcdef0',
      },
      resources: [],
    },
  },
  'operations-machine-failed': {
    times: 1,
    source: 'AWS Step Functions Developer Guide, "Events sent to EventBridge"',
    event: {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: {
        executionArn: 'arn:aws:states:us-east-1:000000000000:execution:gatehouse-local-offboarding:1',
        stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-offboarding',
        name: '1',
        status: 'FAILED',
        startDate: 1_764_000_000_000,
        stopDate: 1_764_000_001_000,
        input: '{}',
      },
      resources: [],
    },
  },
};
