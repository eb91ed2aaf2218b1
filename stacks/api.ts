/** The private REST API: the routes of all surfaces, reachable through one VPC endpoint and from nowhere else. */
import { createHash } from 'node:crypto';
import { app } from '@gatehouse/contracts/names';
import { functionOf } from './capability.ts';
import { apiEndpoint } from './network.ts';
import { openApiOf } from './resources/openapi.ts';
import { invocationUri, partition, pascal, stage } from './stage.ts';
import { surfaces } from './surfaces.ts';

const name = `${app}-${stage}`;
const routes = surfaces.flatMap(({ capability, routes = [] }) => routes.map((route) => ({ ...route, capability })));
const document = openApiOf(name, routes, (route) => invocationUri(functionOf(route.capability, route.entry).alias.arn, route.stream));

const api = new aws.apigateway.RestApi('Api', {
  name,
  body: $jsonStringify(document),
  endpointConfiguration: { types: 'PRIVATE', vpcEndpointIds: [apiEndpoint.id] },
  // On the API itself, since a private one without a policy cannot be deployed; "execute-api:/*" avoids naming its own ARN.
  policy: $jsonStringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*' },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'execute-api:Invoke',
        Resource: 'execute-api:/*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': apiEndpoint.id } },
      },
    ],
  }),
});

const invoked = new Map(routes.map(({ capability, entry }) => [`${capability}/${entry}`, { capability, entry }]));
for (const { capability, entry } of invoked.values()) {
  const { name: functionName, alias } = functionOf(capability, entry);
  new aws.lambda.Permission(pascal('api', capability, entry, 'permission'), {
    action: 'lambda:InvokeFunction',
    function: functionName,
    qualifier: alias.name,
    principal: 'apigateway.amazonaws.com',
    sourceArn: $interpolate`${api.executionArn}/*`,
  });
}

const digest = $resolve([document, api.policy]).apply((parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
const deployment = new aws.apigateway.Deployment('ApiDeployment', { restApi: api.id, triggers: { digest } });

const accessLog = new aws.cloudwatch.LogGroup('ApiAccessLog', { name: `/aws/vendedlogs/apis/${name}`, retentionInDays: 30 });

const live = new aws.apigateway.Stage(
  'ApiStage',
  {
    restApi: api.id,
    stageName: stage,
    deployment: deployment.id,
    xrayTracingEnabled: false,
    accessLogSettings: {
      destinationArn: accessLog.arn,
      // The route and not the path: paths carry ids, and query strings carry codes.
      format: JSON.stringify({
        request_id: '$context.requestId',
        time: '$context.requestTime',
        method: '$context.httpMethod',
        route: '$context.resourcePath',
        status: '$context.status',
        latency_ms: '$context.responseLatency',
        function_status: '$context.integration.status',
        function_latency_ms: '$context.integration.latency',
        error: '$context.error.responseType',
        source_ip: '$context.identity.sourceIp',
        user_agent: '$context.identity.userAgent',
      }),
    },
  },
  { dependsOn: [logsRole()] },
);

new aws.apigateway.MethodSettings('ApiThrottle', {
  restApi: api.id,
  stageName: live.stageName,
  methodPath: '*/*',
  settings: { throttlingRateLimit: 1000, throttlingBurstLimit: 2000, loggingLevel: 'OFF', dataTraceEnabled: false, metricsEnabled: false },
});

export const url = live.invokeUrl;

/** API Gateway writes access logs through one role an account and region: the one already set stays, and ours outlives us. */
function logsRole(): $util.Output<aws.apigateway.Account> {
  const account = aws.apigateway.Account.get('ApiGatewayAccount', 'APIGatewayAccount');
  return account.cloudwatchRoleArn.apply((existing) => {
    if (existing) return account;
    const role = new aws.iam.Role(
      'ApiLogsRole',
      {
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'apigateway.amazonaws.com' }),
        managedPolicyArns: [$interpolate`arn:${partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs`],
      },
      { retainOnDelete: true },
    );
    return new aws.apigateway.Account('ApiGatewayAccountLogs', { cloudwatchRoleArn: role.arn }, { retainOnDelete: true });
  });
}
