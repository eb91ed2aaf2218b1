/** One Lambda function of a surface: its code, its exact power, its variables, and the alias that everybody invokes. */
import { functionAlias, functionName } from '@gatehouse/contracts/names';
import type { Entry, Surface } from '@gatehouse/contracts/surface';
import { arn, pascal, profile, stage } from '../stage.ts';
import { bucketArn } from './bucket.ts';
import { directoryStatements } from './directories.ts';
import { environmentOf } from './environment.ts';
import { homesStatements } from './homes.ts';
import { keyArn } from './key.ts';
import { modelStatements } from './models.ts';
import { namedStatements, type Statement } from './permission.ts';
import { secretArn } from './secret.ts';

export interface Deployed {
  /** The physical name. */
  name: string;
  alias: aws.lambda.Alias;
}

/** What stands before the function does. */
interface Around {
  table: sst.aws.Dynamo | undefined;
  deadLetters: $util.Output<string> | undefined;
  log: aws.cloudwatch.LogGroup | undefined;
}

type Power = Statement<$util.Input<string>>;

export function deployFunction(surface: Surface, name: string, entry: Entry, { table, deadLetters, log }: Around): Deployed {
  const { capability } = surface;
  const physical = functionName(stage, capability, name);
  const logical = pascal(capability, name);
  const asynchronous = [surface.rules, surface.schedules].some((sources) => sources?.some((source) => source.entry === name));
  const streamed = surface.streams?.some(({ entry }) => entry === name) ?? false;

  const reserved =
    entry.capacity && { telemetry: profile.capacity.telemetry_floor, inference: profile.capacity.inference_cap }[entry.capacity];

  const power: Power[] = [
    // In place of AWSLambdaBasicExecutionRole, which may write to every log group.
    { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [arn('logs', `log-group:/aws/lambda/${physical}:*`)] },
    ...namedStatements(stage, surface, entry, arn),
    ...(entry.keys ?? [])
      .map(({ key, actions }) => ({ actions: [...actions], resources: [keyArn(key)] }))
      .filter(({ resources: [arn] }) => arn !== ''),
    ...(entry.secrets ?? [])
      .map((secret) => secretArn(surface, secret))
      .filter((arn) => arn !== '')
      .map((arn) => ({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] })),
    ...(entry.buckets ?? []).flatMap(({ bucket, actions, keys }) => [
      { actions: [...actions], resources: keys.map((key) => $interpolate`${bucketArn(bucket)}/${key}`) },
      // Without it S3 answers 403 for an object that is not there.
      ...(actions.includes('s3:GetObject') ? [{ actions: ['s3:ListBucket'], resources: [bucketArn(bucket)] }] : []),
    ]),
    ...(entry.asksModels ? modelStatements(profile.inference.upstreams) : []),
    // The action knows no resource.
    ...(entry.forwardsMetrics && profile.usage.forward_metrics ? [{ actions: ['cloudwatch:PutMetricData'], resources: ['*'] }] : []),
    ...homesStatements(entry, profile.workspaces),
    ...(entry.readsDirectories ? directoryStatements(profile.people.directory) : []),
    ...(streamed && table
      ? [
          {
            actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
            resources: [table.nodes.table.streamArn],
          },
        ]
      : []),
    ...((asynchronous || streamed) && deadLetters ? [{ actions: ['sqs:SendMessage'], resources: [deadLetters] }] : []),
  ];

  const deployed = new sst.aws.Function(logical, {
    name: physical,
    handler: entry.handler,
    runtime: 'nodejs24.x',
    architecture: 'arm64',
    timeout: `${entry.timeoutSeconds} seconds`,
    memory: `${entry.memoryMb} MB`,
    logging: { format: 'json', ...(log && { logGroup: log.name }) },
    versioning: true,
    ...(reserved !== undefined && { concurrency: { reserved } }),
    // What a function imports only when it is needed stays out of its cold start.
    nodejs: { minify: true, splitting: true },
    permissions: power,
    environment: environmentOf(surface, entry),
    transform: {
      // A line for each start and each report of success would be more than half of what is logged; those of failures stay (System log level event mapping).
      function: (args) => {
        args.loggingConfig = $resolve([args.loggingConfig]).apply(([config]) => ({ ...config, logFormat: 'JSON', systemLogLevel: 'WARN' }));
      },
      role: {
        managedPolicyArns: [],
        // SST's own would let every principal of the account assume the role, for its live development.
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' }),
      },
    },
  });
  const alias = new aws.lambda.Alias(`${logical}Live`, {
    name: functionAlias,
    functionName: deployed.name,
    functionVersion: deployed.nodes.function.version,
  });
  if (asynchronous && deadLetters) {
    // A rule's own dead letters hold what never reached the function; these hold what the function gave up on.
    new aws.lambda.FunctionEventInvokeConfig(`${logical}Async`, {
      functionName: deployed.name,
      qualifier: alias.name,
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: 6 * 3600,
      destinationConfig: { onFailure: { destination: deadLetters } },
    });
  }
  return { name: physical, alias };
}
